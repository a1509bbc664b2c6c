package playbooks

import (
	"errors"
	"strconv"
	"strings"
)

// triggerKnown brings `trigger` into scope.
func (p *playbookReader) triggerKnown() {
	p.scope.Trigger = p.pb.Trigger.Record(p.schema)
}

func (p *playbookReader) trigger(n *node) {
	p.triggerOf(n)
	if p.scope.Trigger == nil {
		p.poison["trigger"] = true
	}
}

func (p *playbookReader) triggerOf(n *node) {
	if n == nil || n.broken {
		return
	}
	if n.kind != mappingNode {
		r := p.wrongType(n, "a trigger must be a mapping").label("as in {event: order.paid}")
		switch {
		case n.kind == sequenceNode && len(n.items) > 1:
			r.label("a playbook has one trigger: write a playbook for each, or one event that both send")
		case n.kind == sequenceNode && len(n.items) == 1 && n.items[0].flow && n.flow:
			if end := closingBracket(n.f.text[n.start:min(len(n.f.text), n.start+maxSlip)]); end > 0 {
				r.label("a playbook has one trigger: leave the brackets out").edit(n.pos(), "").
					edit(n.f.pos(n.start+end, n.start+end+1), "")
			}
		case n.kind == scalarNode && p.schema.Event(n.value) != nil:
			r.label("write `{event: "+n.value+"}`").edit(n.pos(), "{event: "+n.value+"}")
		case n.kind == scalarNode && p.schema.Segment(n.value) != nil:
			r.label("write {segment_enter: " + n.value + "} or {segment_exit: " + n.value + "}")
		}
		return
	}
	kind := p.triggerKind(n)
	if kind == nil {
		return
	}
	p.mapping(n, "a trigger of the kind "+kind[0], kind...)
	switch kind[0] {
	case "event":
		p.eventTrigger(n)
	case "schedule":
		p.scheduleTrigger(n)
	case "http":
		p.httpTrigger(n.get("http"))
	case "date":
		p.dateTrigger(n)
	case "segment_enter", "segment_exit":
		p.pb.Trigger.Kind = TriggerKind(kind[0])
		p.triggerKnown()
		p.segment(n.get(kind[0]), kind[0])
	}
}

// segment reads the segment that a trigger is about.
func (p *playbookReader) segment(v *node, key string) {
	if name, ok := p.str(v, key); ok && p.knownSegment(v, name) {
		p.pb.Trigger.Segment = name
		if g := p.schema.Segment(name); g != nil {
			p.keep(g.Expr)
		}
	}
}

// triggerKind finds the one kind of trigger, or reports that there is none or that there are two.
func (p *playbookReader) triggerKind(n *node) []string {
	var kind []string
	var known []string
	for _, k := range triggerKinds {
		known = append(known, k[0])
		if n.get(k[0]) == nil {
			continue
		}
		if kind != nil {
			a, b := n.key(kind[0]), n.key(k[0])
			if b.start < a.start {
				a, b = b, a
			}
			p.error("exclusive-keys", b.pos(), "a trigger has exactly one kind").
				label("put this in a playbook of its own").related("first here", a.pos())
			return nil
		}
		kind = k
	}
	if kind != nil {
		return kind
	}
	for _, e := range n.entries {
		if closest(e.key.value, known) != "" {
			p.unknownKey(e.key, "a trigger", known)
			return nil
		}
	}
	p.error("missing-key", n.pos(), "a trigger needs its kind").label("one of " + oneOf(known))
	return nil
}

func (p *playbookReader) eventTrigger(n *node) {
	p.pb.Trigger.Kind = TriggerEvent
	p.pb.Trigger.Event = p.eventMatch(n, "a trigger", &Scope{Schema: p.schema})
	if p.schema.Event(p.pb.Trigger.Event.Name) != nil {
		p.triggerKnown()
		for _, f := range p.pb.Trigger.Event.If.holds() {
			if field, ok := strings.CutPrefix(f, "event."); ok {
				p.scope.Known = append(p.scope.Known, "trigger."+field)
			}
		}
	}
}

func (p *playbookReader) scheduleTrigger(n *node) {
	p.pb.Trigger.Kind = TriggerSchedule
	p.triggerKnown()
	zone := p.schema.Timezone
	if z := n.get("timezone"); z != nil {
		if loc, ok := p.zone(z, "timezone"); ok {
			zone = loc
		}
	}
	v := n.get("schedule")
	if s, ok := p.str(v, "schedule"); ok {
		sched, err := ParseSchedule(s, zone)
		if err != nil && p.running { // a line that an older version took
			if old, known := parseCron(s, zone); known {
				sched, err = old, nil
			}
		}
		if err != nil {
			p.cronMistake(v, s, err)
		} else {
			p.cronNotes(v, s, sched)
		}
		p.pb.Trigger.Schedule = sched
	}
	if v := n.get("segment"); v != nil {
		p.segment(v, "segment")
	} else {
		p.forAll = append(p.forAll, n.key("schedule").pos())
	}
	if s, ok := p.enum(n.get("missed"), "missed", "skip", "run_once"); ok {
		p.pb.Trigger.RunOnce = s == "run_once"
	}
}

// cronMistake points at the field that is wrong, when one is.
func (p *playbookReader) cronMistake(v *node, text string, err error) {
	var e *CronError
	if !errors.As(err, &e) {
		p.error("bad-cron", v.pos(), err.Error()).label(cronShape)
		return
	}
	at := v.pos()
	if e.Field != "" {
		at = cronFieldAt(v, text, e.Index, e.Field)
	}
	d := p.error("bad-cron", at, e.Error()).label(e.Hint)
	if e.Fix != "" {
		d.edit(v.pos(), strconv.Quote(e.Fix)).doubt(e.Certain)
	}
}

// cronNotes warns of what is easily misread.
func (p *playbookReader) cronNotes(v *node, text string, s *Schedule) {
	fields := strings.Fields(text)
	for _, n := range s.Notes(p.reg.clock()) {
		p.warn("misread-cron", cronFieldAt(v, text, n.Index, fields[n.Index]), n.Message).label(n.Hint)
	}
}

// cronFieldAt gives the place of one field of a cron line.
func cronFieldAt(v *node, text string, index int, field string) Pos {
	from := fieldOffset(text, index)
	return v.at(from, from+len([]rune(field)))
}

func (p *playbookReader) httpTrigger(n *node) {
	p.pb.Trigger.Kind = TriggerHTTP
	params := ObjectOf().declaredAt(n.pos())
	if !n.isNull() || n.broken {
		if !p.mapping(n, "http", "params") {
			return
		}
		if v := n.get("params"); v != nil && !v.isNull() {
			if v.kind != mappingNode {
				p.wrongType(v, "params must be a mapping").label("as in {reason: string}")
				return
			}
			params = p.properties(v, "every trigger", reservedParams)
		}
	}
	p.pb.Trigger.Params = params
	p.triggerKnown()
}
