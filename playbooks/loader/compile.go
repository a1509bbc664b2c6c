package loader

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Compile reads a workspace that was checked when it was stored, perhaps by another version, in
// order to run it. It says nothing of rules that only advise: an upgrade brings new ones, and open
// runs go on by what was right when they began. A playbook that cannot be run is left out, with its
// reason in Unusable; tests are not read. The error says why nothing at all can be run.
func Compile(fsys fs.FS, reg *schema.Registry) (*playbooks.Workspace, error) {
	c := newLoading(reg)
	c.Running = true
	if !c.readFiles(fsys, nil) {
		return nil, c.FirstStop(c.Diags)
	}
	c.loadSchema()
	if c.SchemaUnreadable || c.Stops(c.Diags) {
		return nil, c.FirstStop(c.Diags)
	}
	c.loadTemplates()
	c.loadSnippets()
	c.loadPlaybooks()
	c.unusable()
	return c.Workspace, nil
}

// unusable notes the playbooks that were left out.
func (c *loading) unusable() {
	for _, name := range slices.Sorted(maps.Keys(c.Workspace.Files)) {
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || strings.HasSuffix(name, playbooks.TestSuffix) ||
			slices.ContainsFunc(c.Workspace.Playbooks, func(p *playbooks.Playbook) bool { return p.File == name }) {
			continue
		}
		key := name
		for id, n := range c.PlaybookIDs {
			if n.F.Name == name {
				key = id
			}
		}
		reason := name + " refers to what cannot be read"
		own := slices.DeleteFunc(slices.Clone(c.Diags), func(d diag.Diagnostic) bool { return d.File != name })
		if c.Stops(own) {
			reason = c.FirstStop(own).Error()
		} else if c.Stops(c.Diags) {
			reason = c.FirstStop(c.Diags).Error()
		}
		if c.Workspace.Unusable == nil {
			c.Workspace.Unusable = map[string]string{}
		}
		c.Workspace.Unusable[key] = reason
	}
}
