package index

import (
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
)

// Levels is the attribute of members that follows a number.
type Levels struct {
	member.Levels
	By    *expression.Expr
	Steps *playbooks.Levels
	Turns *reevaluation.Reevaluation // of the number
}

// levels prepares the attribute that follows a number.
func (x *Index) levels() {
	l := x.WS.Schema.Levels
	if l == nil || l.By == nil {
		return
	}
	x.Levels = &Levels{
		Levels: member.Levels{Rule: l, Attribute: l.Attribute, Since: x.opt.Watched[watches.Levels]},
		By:     l.By, Steps: l, Turns: reevaluation.Of(l.Source, x.WS.Schema),
	}
	x.track(l.By.Slots)
	x.take(l.By.Aggregates, x.WS.Schema)
}
