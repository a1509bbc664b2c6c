package sim

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

// Coverage says how much of a playbook the tests reached: its actions, the ways of its branches, both answers of its guards, both
// outcomes of its waits for an event.
type Coverage struct {
	Playbook string   `json:"playbook"`
	File     string   `json:"file"`
	Reached  int      `json:"reached"`
	All      int      `json:"all"`
	Missed   []Missed `json:"missed"`
}

// Missed is a part of a playbook that no test reached.
type Missed struct {
	Pos  playbooks.Pos `json:"at"`
	What string        `json:"what"`
}

// marks are what tests reached: of each playbook the keys of its points.
type marks map[string]map[string]bool

func (m marks) set(playbook, key string) {
	if m[playbook] == nil {
		m[playbook] = map[string]bool{}
	}
	m[playbook][key] = true
}

// entry marks what an entry of a trace reached.
func (m marks) entry(e engine.Traced, p *playbooks.Playbook) {
	m.set(e.Run.Playbook, e.Step+"/"+e.What)
	m.set(e.Run.Playbook, e.Step+"/"+e.What+"/"+e.Reason)
	// A run that an `exit` ended rests on it.
	if pc := e.Run.PC; p != nil && e.What == string(engine.RunExited) && pc < len(p.Steps) && p.Steps[pc].Key == "exit" {
		m.set(e.Run.Playbook, p.Steps[pc].Name()+"/exit")
	}
}

// coverage compares what was reached with what there is.
func coverage(ws *playbooks.Workspace, reached marks) []Coverage {
	var out []Coverage
	for _, p := range ws.Playbooks {
		c := Coverage{Playbook: p.ID, File: p.File, Missed: []Missed{}}
		point := func(at playbooks.Pos, what, key string) {
			c.All++
			if reached[p.ID][key] {
				c.Reached++
			} else {
				c.Missed = append(c.Missed, Missed{at, what})
			}
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			if s.Key == "jump" {
				continue
			}
			name := shownStep(s)
			for k := range s.Ways {
				w := &s.Ways[k]
				point(w.Pos, wayOf(w)+" of "+name, s.Name()+"/"+s.Key+"/"+w.Name)
			}
			if len(s.Ways) == 0 {
				point(s.Pos, name, s.Name()+"/"+s.Key)
			}
			if s.Guard != nil && s.Key != "if" {
				point(s.Pos, name+" skipped by its if", s.Name()+"/skipped")
			}
			if s.Wait != nil && s.Wait.Event != nil {
				point(s.Pos, name+" ended by the event", s.Name()+"/woke/"+engine.ReasonEvent)
				point(s.Pos, name+" timed out", s.Name()+"/woke/"+engine.ReasonTimeout)
			}
		}
		out = append(out, c)
	}
	return out
}

// wayOf names a way: those of a choice have a name of that form already.
func wayOf(w *playbooks.Way) string {
	if strings.HasPrefix(w.Name, "way ") {
		return w.Name
	}
	return "way " + w.Name
}

// shownStep names a step for people: what it does, and its id.
func shownStep(s *playbooks.Step) string {
	switch {
	case s.Key == "if" && s.ID == "":
		return "`if " + s.Guard.Text + "`"
	case s.ID != "":
		return s.Key + " " + s.ID
	}
	return s.Key
}

// writeCoverage prints a line for each playbook, and below it what was missed.
func (r *TestReport) writeCoverage(p *printer) {
	rows := [][]string{{"playbook", "reached", "of", ""}}
	reached, all := 0, 0
	for i := range r.Coverage {
		c := &r.Coverage[i]
		reached, all = reached+c.Reached, all+c.All
		rows = append(rows, []string{c.Playbook, fmt.Sprint(c.Reached), fmt.Sprint(c.All), share(c.Reached, c.All)})
	}
	rows = append(rows, []string{"total", fmt.Sprint(reached), fmt.Sprint(all), share(reached, all)})
	p.printf("\n")
	p.numbers(rows)
	for i := range r.Coverage {
		for _, m := range r.Coverage[i].Missed {
			p.printf("%s:%d:%d: no test reaches %s\n", m.Pos.File, m.Pos.Line, m.Pos.Column, m.What)
		}
	}
	if reached == all {
		p.printf("every action and every way is reached\n")
	}
	p.printf("\n")
}

func share(part, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", part*100/all)
}
