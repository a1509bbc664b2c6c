package playbooks

// notes are what is noted of a workspace while its files are read, for the rules that look at it as a whole.
type notes struct {
	words    map[wordKind]map[string][]wordUse
	messages map[string][]sentMessage // by channel
}

func newNotes() notes {
	return notes{words: map[wordKind]map[string][]wordUse{}, messages: map[string][]sentMessage{}}
}

// rules judges a workspace that was read, as a whole.
type rules struct {
	*collector
	notes
	ws     *Workspace
	schema *Schema
	reg    *Registry
}

// newRules returns the rules for a workspace and what was noted of it; mistakes go to the collector.
func newRules(mistakes *collector, n notes, ws *Workspace, reg *Registry) *rules {
	return &rules{collector: mistakes, notes: n, ws: ws, schema: ws.Schema, reg: reg}
}

// judge applies the rules to a workspace without mistakes. They only warn.
func (c *rules) judge() {
	c.cycles()
	c.misspelt()
	c.subjects()
}

// settle takes together the mistakes that one declaration causes, and marks the edits that the rest of the workspace does not
// bear out.
func (c *rules) settle(diags []Diagnostic) []Diagnostic { return c.doubtNames(c.misdeclared(diags)) }
