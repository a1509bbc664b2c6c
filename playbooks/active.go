package playbooks

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
)

// Active is when members may enter a playbook.
type Active struct {
	From  time.Time // the first instant; zero: always before Until
	Until time.Time // the first instant after it; zero: from then on for ever
	Exit  bool      // open runs exit at its end; false: they go on
	Text  string    // as written, for people: from 2026-11-01 to 2026-11-11
}

// NewActive makes the time between two moments, of which either may be nil. The texts are those in the file.
func NewActive(from, to *schema.Moment, fromText, toText string) *Active {
	a := new(Active)
	if from != nil {
		a.From, a.Text = from.At, "from "+fromText
	}
	if to != nil {
		a.Until = to.Until()
		if a.Text != "" {
			a.Text += " "
		}
		a.Text += "to " + toText
	}
	return a
}

// Holds reports whether an instant lies within; within nil lies every one.
func (a *Active) Holds(t time.Time) bool {
	return a == nil || !t.Before(a.From) && (a.Until.IsZero() || t.Before(a.Until))
}

// Ends returns when open runs exit, whatever they wait for; zero: never.
func (a *Active) Ends() time.Time {
	if a == nil || !a.Exit {
		return time.Time{}
	}
	return a.Until
}

// Definition says all that the end of open runs depends on, so that a change of it is noticed.
func (a *Active) Definition() string {
	return fmt.Sprintf("exit %d", a.Ends().UnixMilli())
}
