package loader

import (
	"fmt"
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
	c := newChecker(reg)
	c.Running = true
	if !c.readFiles(fsys, nil) {
		return nil, c.first(c.Diags)
	}
	c.loadSchema()
	if c.schemaUnreadable || c.stops(c.Diags) {
		return nil, c.first(c.Diags)
	}
	c.loadTemplates()
	c.loadPlaybooks()
	c.unusable()
	return c.ws, nil
}

// stops reports whether there is a mistake that keeps what has it from being used.
func (c *checker) stops(diags []diag.Diagnostic) bool { return slices.ContainsFunc(diags, c.serious) }

func (c *checker) serious(d diag.Diagnostic) bool {
	if d.Severity != diag.Error {
		return false
	}
	code := diag.CodeByName(d.Code)
	return !c.Running || code == nil || !code.Advises
}

// first returns the first serious mistake as an error.
func (c *checker) first(diags []diag.Diagnostic) error {
	diags = diag.Sorted(diags)
	i := slices.IndexFunc(diags, c.serious)
	if i < 0 {
		return fmt.Errorf("%s cannot be read", playbooks.SchemaFile)
	}
	return fmt.Errorf("%s:%d: %s", diags[i].File, diags[i].Line, diags[i].Message)
}

// unusable notes the playbooks that were left out.
func (c *checker) unusable() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || strings.HasSuffix(name, playbooks.TestSuffix) ||
			slices.ContainsFunc(c.ws.Playbooks, func(p *playbooks.Playbook) bool { return p.File == name }) {
			continue
		}
		key := name
		for id, n := range c.playbookNodes {
			if n.F.Name == name {
				key = id
			}
		}
		reason := name + " refers to what cannot be read"
		own := slices.DeleteFunc(slices.Clone(c.Diags), func(d diag.Diagnostic) bool { return d.File != name })
		if c.stops(own) {
			reason = c.first(own).Error()
		} else if c.stops(c.Diags) {
			reason = c.first(c.Diags).Error()
		}
		if c.ws.Unusable == nil {
			c.ws.Unusable = map[string]string{}
		}
		c.ws.Unusable[key] = reason
	}
}
