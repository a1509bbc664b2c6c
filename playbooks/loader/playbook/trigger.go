package playbook

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// triggerKnown brings `trigger` into scope.
func (p *reader) triggerKnown() {
	p.scope.Trigger = p.pb.Trigger.Record(p.Schema)
}

func (p *reader) trigger(n *syntax.Node) {
	p.triggerOf(n)
	if p.scope.Trigger == nil {
		p.unknownNames["trigger"] = true
	}
}

func (p *reader) triggerOf(n *syntax.Node) {
	if n == nil || n.Broken {
		return
	}
	if n.Kind != syntax.MappingNode {
		r := p.WrongType(n, "a trigger must be a mapping").Label("as in {event: order.paid}")
		switch {
		case n.Kind == syntax.SequenceNode && len(n.Items) > 1:
			r.Label("where any of them is to start a run, put the list under `any`, each with an `id`")
		case n.Kind == syntax.SequenceNode && len(n.Items) == 1 && n.Items[0].Flow && n.Flow:
			if end := syntax.ClosingBracket(n.F.Text[n.Start:min(len(n.F.Text), n.Start+syntax.MaxQuotingSearch)]); end > 0 {
				r.Label("a playbook has one trigger: leave the brackets out").Edit(n.Pos(), "").
					Edit(n.F.Pos(n.Start+end, n.Start+end+1), "")
			}
		case n.Kind == syntax.ScalarNode && p.Schema.Event(n.Value) != nil:
			r.Label("write `{event: "+n.Value+"}`").Edit(n.Pos(), "{event: "+n.Value+"}")
		case n.Kind == syntax.ScalarNode && p.Schema.Segment(n.Value) != nil:
			r.Label("write {segment_enter: " + n.Value + "} or {segment_exit: " + n.Value + "}")
		}
		return
	}
	if n.Get("any") != nil {
		p.anyTrigger(n)
		return
	}
	if p.oneTrigger(n, &p.pb.Trigger) {
		p.triggerKnown()
		p.knowFromTrigger()
	}
}

// oneTrigger reads a trigger of one kind; keys are those that may stand beside. It reports whether it is known what
// the trigger provides.
func (p *reader) oneTrigger(n *syntax.Node, t *playbooks.Trigger, keys ...string) (known bool) {
	kind := p.triggerKind(n, keys)
	if kind == nil {
		return false
	}
	p.Mapping(n, "a trigger of the kind "+kind[0], slices.Concat(keys, kind)...)
	t.Kind = playbooks.TriggerKind(kind[0])
	switch t.Kind {
	case playbooks.TriggerEvent:
		t.Event = p.eventMatch(n, "a trigger", &scope.Scope{Schema: p.Schema})
	case playbooks.TriggerSchedule:
		p.scheduleTrigger(n, t)
	case playbooks.TriggerHTTP:
		return p.httpTrigger(n.Get("http"), t)
	case playbooks.TriggerDate:
		p.dateTrigger(n, t)
	case playbooks.TriggerChanged:
		return p.changedTrigger(n, t)
	case playbooks.TriggerEnter, playbooks.TriggerExit:
		p.segment(n.Get(kind[0]), kind[0], t)
	}
	return true
}

// segment reads the segment that a trigger is about.
func (p *reader) segment(v *syntax.Node, key string, t *playbooks.Trigger) {
	if name, ok := p.Str(v, key); ok && p.KnownSegment(v, name) {
		t.Segment = name
		if g := p.Schema.Segment(name); g != nil {
			p.keep(g.Expr)
		}
	}
}

// triggerKind finds the one kind of trigger, or reports that there is none or that there are two.
func (p *reader) triggerKind(n *syntax.Node, keys []string) []string {
	var kind []string
	known := slices.Clone(keys)
	for _, k := range shapes.TriggerKinds {
		if k[0] == string(playbooks.TriggerAny) && keys != nil {
			continue
		}
		known = append(known, k[0])
		if n.Get(k[0]) == nil {
			continue
		}
		if kind != nil {
			a, b := n.Key(kind[0]), n.Key(k[0])
			if b.Start < a.Start {
				a, b = b, a
			}
			p.Error("exclusive-keys", b.Pos(), "a trigger has exactly one kind").
				Label("where either is to start a run, write `any: [{id: …, "+a.Value+": …}, {id: …, "+b.Value+": …}]`").
				Related("first here", a.Pos())
			return nil
		}
		kind = k
	}
	if kind != nil {
		return kind
	}
	for _, e := range n.Entries {
		if slices.Contains(keys, e.Key.Value) {
			continue
		}
		if p.ChineseKey(n, e.Key, "a trigger", known) != "" {
			return nil
		}
		if diag.Closest(e.Key.Value, known) != "" {
			p.UnknownKey(e.Key, "a trigger", known)
			return nil
		}
	}
	p.Error("missing-key", n.Pos(), "a trigger needs its kind").Label("one of " + diag.OneOf(known[len(keys):]))
	return nil
}

// knowFromTrigger brings what the `if` beside the event has seen into scope.
func (p *reader) knowFromTrigger() {
	if p.scope.Trigger == nil {
		return
	}
	p.scope.Known = append(p.scope.Known, p.pb.Trigger.If.Holds()...)
	for _, f := range p.pb.Trigger.Event.If.Holds() {
		if field, ok := strings.CutPrefix(f, "event."); ok {
			p.scope.Known = append(p.scope.Known, "trigger."+field)
		} else if table, key, ok := strings.Cut(f, ", event."); ok && strings.HasPrefix(f, "table(") {
			p.scope.Known = append(p.scope.Known, table+", trigger."+key)
		}
	}
}

func (p *reader) scheduleTrigger(n *syntax.Node, t *playbooks.Trigger) {
	zone := p.Schema.Timezone
	if z := n.Get("timezone"); z != nil {
		if loc, ok := p.Zone(z, "timezone"); ok {
			zone = loc
		}
	}
	v := n.Get("schedule")
	if s, ok := p.scheduleText(v); ok {
		sched, err := schema.ParseSchedule(s, zone)
		if err != nil && p.Running { // a line that an older version took
			if old, known := schema.ParseCron(s, zone); known {
				sched, err = old, nil
			}
		}
		if err != nil {
			p.cronMistake(v, s, err)
		} else {
			p.cronNotes(v, s, sched)
			p.zoneTwice(n, sched)
		}
		t.Schedule = sched
	}
	if v := n.Get("segment"); v != nil {
		p.segment(v, "segment", t)
	} else {
		p.ForAll = append(p.ForAll, n.Key("schedule").Pos())
	}
	if s, ok := p.Enum(n.Get("missed"), "missed", "skip", "run_once"); ok {
		t.RunOnce = s == "run_once"
	}
}

// scheduleText reads the text of a schedule. YAML has a type of its own for some instants.
func (p *reader) scheduleText(v *syntax.Node) (string, bool) {
	if v != nil && v.Kind == syntax.ScalarNode && v.Tag == "timestamp" && !v.Broken {
		return v.Value, true
	}
	return p.Str(v, "schedule")
}

// zoneTwice warns of a zone beside an instant that has its offset already.
func (p *reader) zoneTwice(n *syntax.Node, s *schema.Schedule) {
	z := n.Get("timezone")
	if z == nil || s.Once.IsZero() {
		return
	}
	if m, err := schema.ParseMoment(s.Cron, time.UTC); err == nil && m.Zone {
		p.Warn("exclusive-keys", z.Pos(), "`timezone` changes nothing: the schedule has its offset from UTC").
			Label("leave one of them out").Related("the offset", n.Get("schedule").Pos())
	}
}

// cronMistake points at the field that is wrong, when one is.
func (p *reader) cronMistake(v *syntax.Node, text string, err error) {
	var e *schema.CronError
	if !errors.As(err, &e) {
		p.Error("bad-cron", v.Pos(), err.Error()).Label(schema.CronShape)
		return
	}
	at := v.Pos()
	if e.Field != "" {
		at = cronFieldAt(v, text, e.Index, e.Field)
	}
	d := p.Error("bad-cron", at, e.Error()).Label(e.Hint)
	if e.Fix != "" {
		d.Edit(v.Pos(), strconv.Quote(e.Fix)).UnsureUnless(e.Sure)
	}
}

// cronNotes warns of what is easily misread.
func (p *reader) cronNotes(v *syntax.Node, text string, s *schema.Schedule) {
	fields := strings.Fields(text)
	for _, n := range s.Notes(p.Registry.Clock()) {
		p.Warn("misread-cron", cronFieldAt(v, text, n.Index, fields[n.Index]), n.Message).Label(n.Hint)
	}
}

// cronFieldAt returns the place of one field of a cron line.
func cronFieldAt(v *syntax.Node, text string, index int, field string) diag.Pos {
	from := schema.FieldOffset(text, index)
	return v.At(from, from+len([]rune(field)))
}

// reservedParams are what an http trigger has beside its own parameters.
var reservedParams = []string{"time"}

// httpTrigger reads what a call hands over. It reports whether that is known.
func (p *reader) httpTrigger(n *syntax.Node, t *playbooks.Trigger) (known bool) {
	params := schema.ObjectOf().DeclaredAt(n.Pos())
	if !n.IsNull() || n.Broken {
		if !p.Mapping(n, "http", "params") {
			return false
		}
		if v := n.Get("params"); v != nil && !v.IsNull() {
			if v.Kind != syntax.MappingNode {
				p.WrongType(v, "params must be a mapping").Label("as in {reason: string}")
				return false
			}
			params = p.Properties(v, "every trigger", reservedParams)
		}
	}
	t.Params = params
	return true
}
