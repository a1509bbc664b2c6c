package check

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Notes are what is noted of a workspace while its files are read, for the rules that look at it as
// a whole.
type Notes struct {
	Labels   map[playbooks.LabelKind]map[string][]playbooks.LabelUse
	messages map[string][]sentMessage // by channel
}

// NewNotes returns empty notes.
func NewNotes() Notes {
	return Notes{Labels: map[playbooks.LabelKind]map[string][]playbooks.LabelUse{}, messages: map[string][]sentMessage{}}
}

// rules judges a workspace that was read, as a whole.
type rules struct {
	*diag.Collector
	Notes
	ws     *playbooks.Workspace
	schema *playbooks.Schema
	reg    *schema.Registry
}

// NewRules returns the rules for a workspace and what was noted of it; mistakes go to the
// collector.
func NewRules(mistakes *diag.Collector, n Notes, ws *playbooks.Workspace, reg *schema.Registry) *rules {
	return &rules{Collector: mistakes, Notes: n, ws: ws, schema: ws.Schema, reg: reg}
}

// Judge applies the rules to a workspace without mistakes. They only warn.
func (c *rules) Judge() {
	c.cycles()
	c.similarNames()
	c.missingSubjects()
}

// Refine takes together the mistakes that one declaration causes, and marks the edits that the rest
// of the workspace does not bear out.
func (c *rules) Refine(diags []diag.Diagnostic) []diag.Diagnostic {
	return c.markUnsureNames(c.mergeMisspeltDeclarations(diags))
}
