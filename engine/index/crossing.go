package index

import "slices"

// Crossing says that the member has come into a watched segment, or left it.
type Crossing struct {
	Segment *Watched
	Entered bool
}

// Starts returns the triggers of playbooks that the crossing is.
func (x Crossing) Starts() []Start {
	if x.Entered {
		return x.Segment.Enter
	}
	return x.Segment.Exit
}

// Way returns how the crossing is called in the id of its input.
func (x Crossing) Way() string {
	if x.Entered {
		return "enter"
	}
	return "exit"
}

// LaterItems returns the playbooks that a crossing does not start, because an earlier one of their triggers is about
// another crossing that came about with it.
func LaterItems(all []Crossing, i int) (passed []string) {
	if len(all) == 1 {
		return nil
	}
	for _, s := range all[i].Starts() {
		for j, other := range all {
			if s.Trigger.Via != "" && j != i && other.startsBefore(s) {
				passed = append(passed, s.Book.ID)
				break
			}
		}
	}
	return passed
}

// startsBefore reports whether the crossing is what an earlier trigger of the same playbook is about.
func (x Crossing) startsBefore(s Start) bool {
	for _, o := range x.Starts() {
		if o.Book == s.Book && o.Trigger.Via != s.Trigger.Via {
			items := s.Book.Trigger.Items()
			return slices.Index(items, o.Trigger) < slices.Index(items, s.Trigger)
		}
	}
	return false
}
