package engine

import (
	"time"

	"github.com/usher-run/usher/engine/eval"
)

// Profile is what the workspace says about a member at an instant, beside what is stored of them.
type Profile = eval.Profile

// ReferralCode returns by what others may call a member.
func (e *Engine) ReferralCode(member string) string { return e.keys.ReferralCode(member) }

// ProfileNeeds returns what [Engine.Profile] of a subject may read of the history.
func (e *Engine) ProfileNeeds(subject string) []HistoryNeed {
	return eval.ProfileNeeds(e.of(subject).index)
}

// Profile evaluates defaults, computed attributes and segments of a member at an instant, as a
// decision at that instant sees them.
func (e *Engine) Profile(st *State, at time.Time) *Profile {
	id := ""
	if st.Member != nil {
		id = st.Member.ID
	}
	d := e.of(id).decider(id, st)
	defer d.release()
	d.Past.Patient = true // a question holds nobody up
	d.Begin(at)
	return d.Evaluator.Profile()
}
