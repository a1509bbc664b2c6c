package pages

import (
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// eventsPage lists the events that usher makes itself.
func eventsPage() string {
	p := &page{}
	p.f("%s# Events\n\nEvents that usher [makes itself](../language.md#events-that-usher-makes), where usher.yaml has the section. All others are declared there.\n\n",
		generated)
	var rows [][]string
	for _, e := range playbooks.BuiltinEvents() {
		var fields []string
		for _, f := range e.Properties.Fields {
			fields = append(fields, code(f.Name)+" ("+schema.TypeText(f.Type)+")")
		}
		rows = append(rows, []string{code(e.Name), strings.Join(fields, ", "), code(e.Section), e.Doc})
	}
	p.table([]string{"event", "properties", "section", "happens when"}, rows)
	return strings.TrimRight(p.String(), "\n") + "\n"
}
