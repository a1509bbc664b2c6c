package pages

import (
	"strings"

	"github.com/usher-run/usher/playbooks/shapes"
)

// triggersPage has a section on each kind of trigger.
func triggersPage() string {
	p := &page{}
	p.f("%s# Triggers\n\nWhat starts a run. A playbook has exactly one. Whether a member is let in then is for the gates to say: see\n[the language](../language.md#a-playbook).\n\n", generated)
	for _, t := range shapes.Triggers() {
		p.f("## %s\n\n%s\n\n", t.Key, sentence(t.Doc))
		p.yaml("part", t.Example)
		var rows [][]string
		for i := range t.Keys {
			k := &t.Keys[i]
			rows = append(rows, []string{code(k.Name), k.Value.Describe(), needed(k), shownDefault(k), k.Doc})
		}
		p.table([]string{"key", "value", "required", "default", "meaning"}, rows)
		p.f("In expressions and texts `trigger` holds %s.\n\n", t.Provides)
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}
