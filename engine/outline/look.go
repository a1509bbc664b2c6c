package outline

import (
	"fmt"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// SeenKey is under what a run keeps what was seen when its conditions were looked at: of segments whose border is to be
// crossed, whether the subject was in them. No action has such an id.
const SeenKey = ":seen"

// ToldKey is under what it is kept there that a condition could not be evaluated, and that this was told.
const ToldKey = "told"

// ExitKey is under what it is kept of an exit, by its place.
func ExitKey(i int) string { return fmt.Sprint("exit", i) }

// WaitKey is under what it is kept of one of what the present wait is for, by its place.
func WaitKey(i int) string { return fmt.Sprint("wait", i) }

// looks says whether a playbook has conditions that are looked at, and how a run keeps what was seen.
func (b *Outline) looks(p *playbooks.Playbook) {
	t := schema.ObjectOf(schema.Field{Name: ToldKey, Type: schema.Bool.AsOptional()})
	add := func(c *playbooks.Condition, key string) {
		b.Looks = b.Looks || c.Watched()
		if _, known := t.Field(key); c.Crosses() && !known {
			t.Fields = append(t.Fields, schema.Field{Name: key, Type: schema.Bool.AsOptional()})
		}
	}
	for i := range p.Goals {
		b.Looks = b.Looks || p.Goals[i].Watched()
	}
	for i := range p.Exits {
		add(&p.Exits[i], ExitKey(i))
	}
	for i := range p.Steps {
		if w := p.Steps[i].Wait; w != nil {
			for k := range w.Matches {
				add(&w.Matches[k].Condition, WaitKey(k))
			}
		}
	}
	if b.Looks {
		b.Results[SeenKey] = t
	}
}
