package playbooks

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Compile reads a workspace that was checked when it was stored, perhaps by another version, in order to run it. It says nothing of
// rules that only advise: an upgrade brings new ones, and open runs go on by what was right when they began. A playbook that cannot
// be run is left out, with its reason in Unusable; tests are not read. The error says why nothing at all can be run.
func Compile(fsys fs.FS, reg *Registry) (*Workspace, error) {
	c := newChecker(reg)
	c.running = true
	if !c.readFiles(fsys, nil) {
		return nil, c.first(c.diags)
	}
	c.loadSchema()
	if c.blind || c.stops(c.diags) {
		return nil, c.first(c.diags)
	}
	c.loadTemplates()
	c.loadPlaybooks()
	c.unusable()
	return c.ws, nil
}

// stops tells whether there is a mistake that keeps what has it from being used.
func (c *checker) stops(diags []Diagnostic) bool { return slices.ContainsFunc(diags, c.serious) }

func (c *checker) serious(d Diagnostic) bool {
	if d.Severity != Error {
		return false
	}
	code := CodeByName(d.Code)
	return !c.running || code == nil || !code.Advises
}

// first gives the first serious mistake as an error.
func (c *checker) first(diags []Diagnostic) error {
	diags = sorted(diags)
	i := slices.IndexFunc(diags, c.serious)
	if i < 0 {
		return fmt.Errorf("%s cannot be read", schemaFile)
	}
	return fmt.Errorf("%s:%d: %s", diags[i].File, diags[i].Line, diags[i].Message)
}

// unusable notes the playbooks that were left out.
func (c *checker) unusable() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		if !strings.HasPrefix(name, playbookDir+"/") || strings.HasSuffix(name, testSuffix) ||
			slices.ContainsFunc(c.ws.Playbooks, func(p *Playbook) bool { return p.File == name }) {
			continue
		}
		key := name
		for id, n := range c.playbookNodes {
			if n.f.name == name {
				key = id
			}
		}
		reason := name + " refers to what cannot be read"
		own := slices.DeleteFunc(slices.Clone(c.diags), func(d Diagnostic) bool { return d.File != name })
		if c.stops(own) {
			reason = c.first(own).Error()
		} else if c.stops(c.diags) {
			reason = c.first(c.diags).Error()
		}
		if c.ws.Unusable == nil {
			c.ws.Unusable = map[string]string{}
		}
		c.ws.Unusable[key] = reason
	}
}
