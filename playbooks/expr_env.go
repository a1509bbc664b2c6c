package playbooks

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"
	place "github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Env is what expressions are evaluated in: one member at one instant. It is not safe for concurrent use; make one for each
// goroutine and reuse it.
type Env struct {
	vars    map[string]any
	clock   clock
	filled  []string
	machine vm.VM
	history History

	eventVars  []string          // the variables that hold the event's fields
	eventNames map[string]string // field -> variable, so that the names are made once
}

// maxEventNames bounds what is remembered of field names: undeclared ones may be anything.
const maxEventNames = 1000

// History answers what events() asks of the member that the Env is about.
type History interface {
	// List gives the events of the slot as objects typed by [Schema.EventRecord], by time, oldest first.
	List(Slot) []any
	// Count gives how many there are.
	Count(Slot) int
}

// clock is what the functions know beside their arguments.
type clock struct {
	now    time.Time // in the member's zone
	member string
}

// NewEnv makes an empty environment.
func NewEnv() *Env {
	e := &Env{vars: map[string]any{}, eventNames: map[string]string{}}
	e.vars[varClock] = &e.clock
	return e
}

// Begin sets the instant, the member's zone and id, and their history. What was set before is gone, but for the member's
// fields: those are set one by one with SetMember.
func (e *Env) Begin(now time.Time, zone *time.Location, id string, h History) {
	e.clock = clock{now: now.In(zone), member: id}
	e.history = h
	e.vars[varNow] = e.clock.now
	delete(e.vars, varToday)
	delete(e.vars, "trigger")
	delete(e.vars, "actions")
	e.SetEvent(nil)
	e.Forget()
}

// MemberVar gives the variable that a field of the member lives in, for SetMember.
func MemberVar(field string) string { return "member." + field }

// SetMember sets a field of the member by its variable; nil: it is missing.
func (e *Env) SetMember(variable string, v any) {
	if v == nil {
		delete(e.vars, variable)
		return
	}
	e.vars[variable] = v
}

// Member gives a field of the member by its variable; nil when it is missing.
func (e *Env) Member(variable string) any { return e.vars[variable] }

// Forget makes the environment read the member's history again.
func (e *Env) Forget() {
	for _, name := range e.filled {
		delete(e.vars, name)
	}
	e.filled = e.filled[:0]
}

// SetTrigger sets `trigger` and `actions`: what the run knows.
func (e *Env) SetTrigger(trigger map[string]any, actions map[string]map[string]any) {
	e.vars["trigger"] = trigger
	e.vars["actions"] = actions
}

// End lets go of everything that was set, so that the environment can rest in a pool.
func (e *Env) End() {
	clear(e.vars)
	e.filled, e.eventVars, e.history, e.clock = e.filled[:0], e.eventVars[:0], nil, clock{}
	if len(e.eventNames) > maxEventNames {
		clear(e.eventNames)
	}
	e.vars[varClock] = &e.clock
}

// SetEvent sets `event`: the event being looked at; nil: there is none.
func (e *Env) SetEvent(event map[string]any) {
	for _, name := range e.eventVars {
		delete(e.vars, name)
	}
	e.eventVars = e.eventVars[:0]
	for field, v := range event {
		name := e.eventNames[field]
		if name == "" {
			name = "event." + field
			e.eventNames[field] = name
		}
		e.vars[name] = v
		e.eventVars = append(e.eventVars, name)
	}
}

// Trigger gives `trigger` as it was set.
func (e *Env) Trigger() any { return e.vars["trigger"] }

// Actions gives `actions` as it was set.
func (e *Env) Actions() any { return e.vars["actions"] }

// Now gives the instant in the member's zone.
func (e *Env) Now() time.Time { return e.clock.now }

// Eval gives the expression's value. The error is for the trace of a run: it names what failed, not the machinery.
func (x *Expr) Eval(e *Env) (any, error) {
	if x.program == nil {
		return nil, errors.New("the expression was not compiled")
	}
	for i := range x.reads {
		e.load(&x.reads[i])
	}
	if x.today {
		e.vars[varToday] = midnight(e.clock.now)
	}
	v, err := e.machine.Run(x.program, e.vars)
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %s", x.Text, libraryMessage(err))
	}
	if n, ok := v.(int); ok && x.Type != nil && x.Type.Kind == KindNumber {
		return float64(n), nil
	}
	return v, nil
}

func (e *Env) load(r *slotRead) {
	if _, ok := e.vars[r.name]; ok {
		return
	}
	e.filled = append(e.filled, r.name)
	switch {
	case e.history == nil && r.count:
		e.vars[r.name] = 0
	case e.history == nil:
		e.vars[r.name] = []any{}
	case r.count:
		e.vars[r.name] = e.history.Count(r.slot)
	default:
		e.vars[r.name] = e.history.List(r.slot)
	}
}

// Test gives the value of a condition. A nil Expr holds.
func (x *Expr) Test(e *Env) (bool, error) {
	if x == nil {
		return true, nil
	}
	v, err := x.Eval(e)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate %q: the answer is missing", x.Text)
	}
	return b, nil
}

// Seen gives the values that a condition was made of, by their text: the explanation of its outcome.
func (x *Expr) Seen(e *Env) map[string]any {
	if len(x.atoms) == 0 {
		return nil
	}
	out := make(map[string]any, len(x.atoms))
	for i := range x.atoms {
		a := &x.atoms[i]
		if a.variable != "" {
			out[a.text] = e.vars[a.variable]
			continue
		}
		if a.program == nil {
			continue
		}
		if v, err := e.machine.Run(a.program, e.vars); err == nil {
			out[a.text] = v
		}
	}
	return out
}

// libraryMessage takes the place and the snippet off an error of the expr library.
func libraryMessage(err error) string {
	var fe *place.Error
	if errors.As(err, &fe) {
		return fe.Message
	}
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return WallClock(y, m, d, 0, 0, 0, 0, t.Location())
}

// hostFunctions are the language's functions that the expr library calls. The last argument is the clock.
func hostFunctions() []*builtin.Function {
	return []*builtin.Function{
		host("days_since", new(func(time.Time, *clock) int), func(p []any) (any, error) {
			c := p[1].(*clock)
			return localDays(p[0].(time.Time).In(c.now.Location()), c.now), nil
		}),
		host("hours_since", new(func(time.Time, *clock) int), func(p []any) (any, error) {
			return int(p[1].(*clock).now.Sub(p[0].(time.Time)) / time.Hour), nil
		}),
		host("add_days", new(func(time.Time, int, *clock) time.Time), func(p []any) (any, error) {
			n := p[1].(int)
			if n > maxDays || n < -maxDays {
				return nil, fmt.Errorf("add_days by %d: at most %d days", n, maxDays)
			}
			return addDays(p[0].(time.Time).In(p[2].(*clock).now.Location()), n), nil
		}),
		host("bucket", new(func(int, *clock) int), func(p []any) (any, error) {
			return int(Dice("bucket", p[1].(*clock).member) % uint64(p[0].(int))), nil
		}),
	}
}

// localDays counts whole local calendar days from one time to another, as on the wall clock: 10:00 to 10:00 tomorrow is one.
func localDays(from, to time.Time) int {
	if to.Before(from) {
		return -localDays(to, from)
	}
	n := int(shownAs(to).Sub(shownAs(from)) / (24 * time.Hour))
	return max(n, 0)
}

// Dice gives a number that is always the same for the same salt and parts, and evenly spread.
func Dice(salt string, parts ...string) uint64 {
	h := sha256.New()
	h.Write([]byte(salt))
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func host(name string, signature any, f func([]any) (any, error)) *builtin.Function {
	return &builtin.Function{
		Name: name, Func: func(params ...any) (any, error) { return f(params) },
		Types: []reflect.Type{reflect.TypeOf(signature).Elem()},
	}
}
