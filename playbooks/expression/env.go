package expression

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Env is what expressions are evaluated in: one member at one instant. It is not safe for
// concurrent use; make one for each goroutine and reuse it.
type Env struct {
	vars    map[string]any
	clock   arithmetic.Clock
	loaded  [sources][]string // the variables that are set, by where they come from
	dirty   bool              // some are
	machine vm.VM
	member  Record
	trigger Record
	actions map[string]map[string]any
	frame   string // of the snippet that is being read, with a dot behind it; empty: the playbook
	event   Record
	history History
	ran     *Expr // the form that ran last
}

// Record is an object whose fields are asked for when an expression reads them: the member, an
// event, a trigger.
type Record interface {
	// Field returns a field's typed value; nil: it is missing.
	Field(name string) any
	// All returns the whole object.
	All() map[string]any
}

// Timed is a member of whom it is known when time alone changes what is shown; instants that are over do not count.
type Timed interface {
	// CouponTimes returns when coupons are shown no more.
	CouponTimes() []time.Time
	// PointTimes returns when points come to be among those that expire within a time.
	PointTimes(within schema.Duration) []time.Time
}

// CouponTimes returns when time alone changes what `member.coupons` shows.
func (e *Env) CouponTimes() []time.Time {
	if m, ok := e.member.(Timed); ok {
		return m.CouponTimes()
	}
	return nil
}

// PointTimes returns when time alone changes what `points_expiring` gives.
func (e *Env) PointTimes(within schema.Duration) []time.Time {
	if m, ok := e.member.(Timed); ok {
		return m.PointTimes(within)
	}
	return nil
}

// Fields is a Record that is all there.
type Fields map[string]any

// Field returns a field's value.
func (f Fields) Field(name string) any { return f[name] }

// All returns the fields themselves.
func (f Fields) All() map[string]any { return f }

// History answers what events() asks of the member that the Env is about.
type History interface {
	// List returns the events of the slot as objects typed by [Schema.EventRecord], by time, oldest
	// first. The error is a *[TooMany] when there are more than [MaxItems].
	List(Slot) ([]any, error)
	// Count returns how many there are.
	Count(Slot) (int, error)
	// Sum adds up a field that all of them have, an int or a number.
	Sum(s Slot, field string) (any, error)

	// Long reports whether going through the events of a name is to be avoided: the three below are
	// asked then.
	Long(event string) bool
	// Aggregate returns what the events come to together.
	Aggregate(Slot, *Aggregate) (Aggregated, error)
	// End returns the first or the last event for which the condition holds, as List has it; nil when
	// there is none. No Aggregate holds for each.
	End(s Slot, a *Aggregate, last bool) (any, error)
}

// MaxItems is how many events of a member an expression reads one by one, at most. Counting and
// adding up read any number.
const MaxItems = 10_000

// TooMany is the error of an expression that would read more than [MaxItems] events one by one.
type TooMany struct{ Slot Slot }

func (t *TooMany) Error() string {
	list, window := fmt.Sprintf("events(%q)", t.Slot.Event), "a window"
	if !t.Slot.Window.IsZero() {
		list, window = fmt.Sprintf("events(%q, %q)", t.Slot.Event, t.Slot.Window.String()), "a shorter window"
	}
	return fmt.Sprintf("%s holds more than %d events, and no more are read one by one: write %s, or count or sum them",
		list, MaxItems, window)
}

// NewEnv makes an empty environment.
func NewEnv() *Env {
	e := &Env{vars: map[string]any{}}
	e.vars[varClock] = &e.clock
	return e
}

// smallMap is up to where a map finds its keys without hashing them.
const smallMap = 8

// Begin sets the instant, the member with their zone and id, and their history. What was set before
// is gone.
func (e *Env) Begin(now time.Time, zone *time.Location, id string, member Record, h History) {
	if len(e.vars) > smallMap { // a map that was large once stays slow
		e.vars = map[string]any{varClock: &e.clock}
	} else if e.dirty { // all at once: that is faster than one by one
		clear(e.vars)
		e.vars[varClock] = &e.clock
	}
	if e.dirty {
		for from := range sources {
			e.loaded[from] = e.loaded[from][:0]
		}
		e.dirty = false
	}
	e.clock = arithmetic.Clock{Now: now.In(zone), Member: id}
	e.member, e.history, e.trigger, e.actions, e.event, e.frame = member, h, nil, nil, nil, ""
}

// Forget makes the environment read the member again, who has changed.
func (e *Env) Forget() { e.forget(fromMember) }

// SetMember sets the member, and makes the environment read them and their history again.
func (e *Env) SetMember(member Record) {
	e.member = member
	e.forget(fromMember)
	e.forget(fromHistory)
	e.forget(fromCount)
	e.forget(fromSum)
	e.forget(fromAggregate)
}

func (e *Env) forget(from source) {
	for _, name := range e.loaded[from] {
		delete(e.vars, name)
	}
	e.loaded[from] = e.loaded[from][:0]
}

// SetTrigger sets `trigger` and `actions`: what the run knows, `vars` among the latter, under [VarsKey].
func (e *Env) SetTrigger(trigger Record, actions map[string]map[string]any) {
	e.forget(fromTrigger)
	e.forget(fromVars)
	e.forget(fromParams)
	e.forget(fromActions)
	e.trigger, e.actions, e.frame = trigger, actions, ""
}

// SetActions sets `actions` and `vars`, and leaves `trigger`.
func (e *Env) SetActions(actions map[string]map[string]any) {
	e.forget(fromVars)
	e.forget(fromActions)
	e.actions = actions
}

// SetEvent sets `event`: the event being looked at.
func (e *Env) SetEvent(event Record) {
	e.forget(fromEvent)
	e.event = event
}

// End lets go of what was set, so that the environment can rest in a pool. Values that expressions
// have read stay until the next Begin.
func (e *Env) End() {
	e.member, e.history, e.trigger, e.actions, e.event = nil, nil, nil, nil, nil
}

// Trigger returns `trigger` as it was set.
func (e *Env) Trigger() map[string]any { return all(e.trigger) }

// Frame returns the frame: see [Env.SetFrame].
func (e *Env) Frame() string { return strings.TrimSuffix(e.frame, ".") }

// SetFrame makes expressions see what those of a snippet see: its params, and the results of its own
// actions. The frame is the name of the `use` that it stands for; "": the playbook. [Env.SetTrigger] goes
// back there.
func (e *Env) SetFrame(frame string) {
	if e.Frame() == frame {
		return
	}
	e.forget(fromParams)
	e.forget(fromActions)
	if e.frame = ""; frame != "" {
		e.frame = frame + "."
	}
}

// ParamsKey is where a run keeps the params of a frame, beside the results of its actions.
func ParamsKey(frame string) string { return ":params:" + frame }

// Params returns `params` of the frame.
func (e *Env) Params() map[string]any {
	if e.frame == "" {
		return nil
	}
	return e.actions[ParamsKey(e.Frame())]
}

// Actions returns the results of the actions of the frame by their ids, those of a snippet by the id of its
// `use`.
func (e *Env) Actions() map[string]map[string]any {
	plain := e.frame == ""
	for key := range e.actions {
		plain = plain && !strings.ContainsAny(key, ".:")
	}
	if plain {
		return e.actions
	}
	out := make(map[string]map[string]any, len(e.actions))
	for key, result := range e.actions {
		id, ok := strings.CutPrefix(key, e.frame)
		if !ok || strings.HasPrefix(key, ":") {
			continue
		}
		if outer, _, inner := strings.Cut(id, "."); !inner {
			out[id] = result
		} else if out[outer] == nil {
			out[outer] = e.result(outer)
		}
	}
	return out
}

// result returns the result of an action of the frame; of a `use` those of its actions by their ids; nil: there
// is none.
func (e *Env) result(id string) map[string]any {
	key := e.frame + id
	if result, ok := e.actions[key]; ok {
		return result
	}
	var out map[string]any
	key += "."
	for inner, result := range e.actions {
		rest, ok := strings.CutPrefix(inner, key)
		if !ok {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		at := out
		for {
			name, further, nested := strings.Cut(rest, ".")
			if !nested {
				at[name] = result
				break
			}
			next, _ := at[name].(map[string]any)
			if next == nil {
				next = map[string]any{}
				at[name] = next
			}
			at, rest = next, further
		}
	}
	return out
}

// Vars returns `vars`: what the playbook computed at the entry.
func (e *Env) Vars() map[string]any { return e.actions[VarsKey] }

// VarsKey is where a run keeps `vars`, beside the results of its actions: none has such an id.
const VarsKey = ":vars"

// Now returns the instant in the member's zone.
func (e *Env) Now() time.Time { return e.clock.Now }

// Eval returns the expression's value. The error is for the trace of a run: it names what failed,
// not the machinery.
func (x *Expr) Eval(e *Env) (any, error) {
	if long := x.longer(e); long != nil {
		if v, err := long.run(e); !errors.Is(err, errFailed) {
			return v, err
		}
	}
	return x.run(e)
}

// run runs this form.
func (x *Expr) run(e *Env) (any, error) {
	if x.program == nil {
		return nil, errors.New("the expression was not compiled")
	}
	e.ran = x
	for i := range x.Reads {
		if r := &x.Reads[i]; !e.has(r.name) {
			v, err := e.read(r)
			if err != nil {
				return nil, fmt.Errorf("evaluate %q: %w", x.Text, err)
			}
			e.vars[r.name] = v
			e.loaded[r.from] = append(e.loaded[r.from], r.name)
			e.dirty = true
		}
	}
	v, err := e.machine.Run(x.program, e.vars)
	if err != nil {
		return nil, fmt.Errorf("evaluate %q: %s", x.Text, libraryMessage(err))
	}
	if n, ok := v.(int); ok && x.Type != nil && x.Type.Kind == schema.KindNumber {
		return float64(n), nil
	}
	return v, nil
}

func (e *Env) has(name string) bool {
	_, ok := e.vars[name]
	return ok
}

// read returns what a variable stands for.
func (e *Env) read(r *read) (any, error) {
	switch r.from {
	case fromMember:
		return field(e.member, r.field), nil
	case fromTrigger:
		return field(e.trigger, r.field), nil
	case fromVars:
		return e.Vars()[r.field], nil
	case fromEvent:
		return field(e.event, r.field), nil
	case fromParams:
		return e.Params()[r.field], nil
	case fromActions:
		if r.field == "" {
			return e.Actions(), nil
		}
		if result := e.result(r.field); result != nil {
			return result, nil
		}
		return nil, nil
	case fromCount, fromSum, fromHistory, fromAggregate:
		return e.past(r)
	}
	if r.name == varToday {
		return arithmetic.Midnight(e.clock.Now), nil
	}
	return e.clock.Now, nil
}

// past returns what a variable that is about the history stands for.
func (e *Env) past(r *read) (any, error) {
	switch {
	case e.history == nil && r.from == fromHistory:
		return []any{}, nil
	case e.history == nil:
		return 0, nil
	case r.from == fromCount:
		return e.history.Count(r.slot)
	case r.from == fromHistory:
		return e.history.List(r.slot)
	case r.from == fromAggregate:
		return e.aggregated(r)
	}
	sum, err := e.history.Sum(r.slot, r.field)
	if err != nil {
		return arithmetic.Failed(err), nil
	}
	return sum, nil
}

func field(r Record, name string) any {
	switch {
	case r == nil:
		return nil
	case name == "":
		return r.All()
	}
	return r.Field(name)
}

func all(r Record) map[string]any {
	if r == nil {
		return nil
	}
	return r.All()
}

// Test returns the value of a condition. A nil Expr holds.
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

// Seen returns the values that a condition was made of, by their text: the explanation of its
// outcome.
func (x *Expr) Seen(e *Env) map[string]any {
	if x.long != nil && e.ran == x.long {
		x = x.long
	}
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

// hostFunctions are the language's functions that the expr library calls.
func hostFunctions() []*builtin.Function {
	bucket := arithmetic.Host("bucket", new(func(int, *arithmetic.Clock) int), func(p []any) (any, error) {
		return int(Dice("bucket", p[1].(*arithmetic.Clock).Member) % uint64(p[0].(int))), nil
	})
	return slices.Concat(arithmetic.Functions(), arithmetic.TimeFunctions(), arithmetic.CalendarFunctions(),
		arithmetic.ListFunctions(), []*builtin.Function{arithmetic.TableFunction()}, []*builtin.Function{bucket})
}

// Dice returns a number that is always the same for the same salt and parts, and evenly spread.
func Dice(salt string, parts ...string) uint64 {
	h := sha256.New()
	h.Write([]byte(salt))
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(p))
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}
