package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

// failedRun is a run that failed, or an entry that could not be judged.
type failedRun struct {
	playbook, member string
	step             string // where it failed; empty: at its entry
	reason           string
	at               time.Time
}

// tellsFailure reports whether an entry of a record tells of a failure: of a run, or of an entry that
// could not be judged. One that only ends a chain of events fails no run.
func tellsFailure(e *engine.Entry) bool {
	if e.Run != nil {
		return e.What == string(engine.RunFailed)
	}
	return e.Reason == engine.ReasonError
}

// failureOf returns the failure that an entry tells of.
func failureOf(r *engine.Record, e *engine.Entry) failedRun {
	if e.Run != nil {
		return failedRun{
			playbook: e.Run.Playbook, member: r.Member, step: e.Reason, reason: r.FailedBy(e), at: e.At,
		}
	}
	f := failedRun{playbook: e.Playbook, member: r.Member, at: e.At}
	for _, k := range []string{"condition", "trigger"} {
		if s, ok := e.Detail[k].(string); ok {
			f.reason = s
		}
	}
	return f
}

// where names the place of the failure in the playbook.
func (f *failedRun) where(ws *playbooks.Workspace) string {
	p := ws.Playbook(f.playbook)
	if p == nil {
		return f.playbook
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Name() == f.step {
			return fmt.Sprintf("%s at %s:%d", stepLabel(s), s.Pos.File, s.Pos.Line)
		}
	}
	return fmt.Sprintf("its entry at %s:%d", p.Pos.File, p.Pos.Line)
}

// failure is what a test says of runs that failed and that no expect speaks of. x is the expect
// that came next; nil: the script ended.
func (t *tester) failure(x *playbooks.Expect) *Failure {
	if len(t.failed) == 0 {
		return nil
	}
	failed := t.failed
	if x != nil {
		whom := t.whom(x)
		failed = slices.DeleteFunc(slices.Clone(failed), func(f failedRun) bool {
			return whom != "" && f.member != whom || t.expected(f, x)
		})
	}
	if len(failed) == 0 {
		return nil
	}
	f := &failed[0]
	out := &Failure{Pos: t.test.Pos, Message: fmt.Sprintf("a run failed: %s, %s: %s", f.playbook,
		f.where(t.world.engine.Workspace()), f.reason)}
	if f.playbook == t.file.Playbook && f.step != "" {
		out.Message += "; where that is meant, write `run: failed`"
	}
	about := &playbooks.Expect{Run: string(engine.RunFailed)}
	if x != nil {
		about.Member = x.Member
	}
	out.Happened = append(t.lines(t.whom(x)), t.runLines(about)...)
	if x != nil {
		out.Pos, out.Expected = x.Pos, expectedLines(x)
	}
	return out
}

// expected reports whether the expect speaks of the failure.
func (t *tester) expected(f failedRun, x *playbooks.Expect) bool {
	if f.playbook != t.file.Playbook {
		return false
	}
	if f.step == "" {
		return x.Reason == engine.ReasonError || x.Reason == f.reason
	}
	return x.Run == string(engine.RunFailed)
}

// The most that a simulation tells of failures, and of the members of one.
const (
	maxFailures      = 10
	maxFailedMembers = 3
)

// RunFailures are runs of a simulation that failed at one place for one reason.
type RunFailures struct {
	Playbook, Where, Reason string
	First                   time.Time
	Runs                    int
	Members                 []string // the first few
}

// failures counts runs that failed, by place and reason, in the order of their first.
type failures struct {
	list  []RunFailures
	index map[[3]string]int
	more  int // runs of places and reasons beyond the most
}

func (l *failures) add(ws *playbooks.Workspace, f failedRun) {
	key := [3]string{f.playbook, f.step, f.reason}
	i, ok := l.index[key]
	switch {
	case !ok && len(l.list) == maxFailures:
		l.more++
		return
	case !ok:
		if l.index == nil {
			l.index = map[[3]string]int{}
		}
		i = len(l.list)
		l.index[key] = i
		l.list = append(l.list, RunFailures{Playbook: f.playbook, Where: f.where(ws), Reason: f.reason, First: f.at})
	}
	g := &l.list[i]
	g.Runs++
	if len(g.Members) < maxFailedMembers && !slices.Contains(g.Members, f.member) {
		g.Members = append(g.Members, f.member)
	}
}

// FailureLines tells for whom and why runs failed, each place and reason in a line; nil when none
// did.
func (res *Result) FailureLines(zone *time.Location) []string {
	list := slices.Clone(res.failures.list)
	slices.SortStableFunc(list, func(a, b RunFailures) int { return cmp.Compare(b.Runs, a.Runs) })
	var out []string
	for i := range list {
		f := &list[i]
		members := strings.Join(f.Members, ", ")
		if f.Runs > len(f.Members) {
			members += ", …"
		}
		out = append(out, fmt.Sprintf("%s: %s failed at %s: %s (%s; first %s)", f.Playbook, plural(f.Runs, "run"), f.Where,
			f.Reason, members,
			f.First.In(zone).Format("2006-01-02 15:04 -0700")))
	}
	if res.failures.more > 0 {
		out = append(out, fmt.Sprintf("and %s for other reasons", plural(res.failures.more, "run")))
	}
	return out
}
