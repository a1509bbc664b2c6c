package shapes

import (
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// playbookShape declares a playbook.
func playbookShape(reg *schema.Registry) *Shape {
	exit := conditionShape("exit", "What ends an open run at once.", nil, nil)
	goal := conditionShape("goal", "The conversion that is measured; it changes nothing.", nil, []ShapeKey{{
		Name: "within", Required: true, Value: shapeOf(ShapeDuration),
		Doc: "how long after the entry it still counts",
	}})
	return mappingOf(
		ShapeKey{Name: "id", Required: true, Value: shapeOf(ShapeNewName), Doc: "kebab-case, unique in the workspace"},
		ShapeKey{Name: "name", Value: shapeOf(ShapeString), Doc: "what people call it"},
		ShapeKey{
			Name: "stage", Required: true, Value: keywords(Stages...),
			Doc: "the stage of the member's life that it serves",
		},
		ShapeKey{
			Name: "for", Value: shapeOf(ShapeKindOfObjects),
			Doc: "the kind of objects that it is for: `group` stands where `member` stood; members when left out",
		},
		ShapeKey{Name: "owner", Value: shapeOf(ShapeOwner), Doc: "who answers for it"},
		ShapeKey{
			Name: "status", Value: keywords(playbooks.Statuses...),
			Default: string(playbooks.Live),
			Doc:     "live; shadow: runs are decided and counted, and nothing of them leaves or is done; paused: no new runs, open ones go on; draft: nothing moves",
		},
		ShapeKey{
			Name: "active", Value: activeShape("When members may enter.", openKey()),
			Doc: "when members may enter: a campaign. Outside of it nobody does",
		},
		ShapeKey{
			Name: "priority", Value: shapeOf(ShapeInt), Default: "0",
			Doc: "who acts first of several playbooks on one input: higher first, then by id; -1000 to 1000",
		},
		ShapeKey{Name: "trigger", Required: true, Value: triggerShape(), Doc: "what starts a run: exactly one kind"},
		ShapeKey{
			Name: "vars", Value: &Shape{Kind: ShapeMapping, Rest: (&Shape{Kind: ShapeAny, Expr: true}).named("variable", "`= ` and an expression over the member, the trigger and the values above it.")},
			Doc: "values that are computed at each entry, before the condition, and kept with the run: `vars.gap`",
		},
		ShapeKey{
			Name: "condition", Value: shapeOf(ShapeExpression),
			Doc: "who enters: an expression about the member and the trigger",
		},
		ShapeKey{
			Name: "reentry", Value: keywords("always", "never").or(shapeOf(ShapeDuration)), Default: "always",
			Doc: "how soon a member may enter again: always, never, or a duration since the last entry",
		},
		ShapeKey{
			Name: "mode", Value: keywords(string(playbooks.Single), string(playbooks.Restart), string(playbooks.Parallel)),
			Default: string(playbooks.Single),
			Doc:     "what an entry does while a run is open: single starts none, restart ends the open one, parallel runs both",
		},
		ShapeKey{Name: "quota", Value: quotaOfPlaybook(), Doc: "how many may enter, over all members: who comes later does not"},
		ShapeKey{
			Name: "holdout", Value: shapeOf(ShapePercent),
			Doc: "a control group that enters and is measured, but gets no action: 10%",
		},
		ShapeKey{Name: "goal", Value: listOf(goal).or(goal), Doc: goal.Doc + " Of several, the first that comes counts."},
		ShapeKey{Name: "exit", Value: listOf(exit), Doc: "what ends an open run at once: events, segments, conditions"},
		ShapeKey{Name: "actions", Required: true, Value: actionsShape(reg), Doc: "what is done, in order"},
	).named("playbook", "A playbook: when, if, then.")
}

// snippetShape declares a snippet.
func snippetShape(reg *schema.Registry) *Shape {
	kinds := func() *Shape {
		var words []string
		for _, k := range ParamKinds {
			words = append(words, k, "optional "+k)
		}
		return &Shape{Kind: ShapeType, Keywords: words}
	}
	param := kinds().or(mappingOf(
		ShapeKey{Name: "type", Required: true, Value: kinds(), Doc: "what it is"},
		ShapeKey{Name: "default", Value: shapeOf(ShapeAny), Doc: "what it is when it is not given"},
	)).named("param", "A type as in usher.yaml; or pool, template, channel, event, segment or text.")
	return mappingOf(
		ShapeKey{
			Name: "params", Value: &Shape{Kind: ShapeMapping, Rest: param, Keywords: []string{""}},
			Doc: "what it is given where it is used, each with its type: `params.amount`",
		},
		ShapeKey{Name: "actions", Required: true, Value: actionsShape(reg), Doc: "what is done, in order"},
	).named("snippet", "A list of actions that playbooks use: they know the member, `params` and each other's results.")
}

// activeShape declares the time in which something holds, and what else is said of that.
func activeShape(doc string, more ...ShapeKey) *Shape {
	return mappingOf(append([]ShapeKey{
		{
			Name: "from", Value: shapeOf(ShapeMoment),
			Doc: "the first instant, of a date its first; in the workspace's time zone unless it has an offset",
		},
		{Name: "to", Value: shapeOf(ShapeMoment), Doc: "the last instant, of a date the whole day"},
	}, more...)...).named("active", doc)
}

func openKey() ShapeKey {
	return ShapeKey{
		Name: "open", Value: keywords("finish", "exit"), Default: "finish", Needs: []string{"to"},
		Doc: "what becomes of open runs at the end: they finish, or exit with the reason `not active`",
	}
}

// dayShape declares a day that is waited for.
func dayShape() *Shape {
	s := mappingOf(
		ShapeKey{Name: "weekday", Value: keywords(schema.Weekdays...), Doc: "the next such day of the week"},
		ShapeKey{
			Name: "day", Value: &Shape{Kind: ShapeInt, Keywords: []string{schema.LastDay}},
			Doc: "the next such day of a month, 1 to 31 or `last`; a day that a month lacks is its last",
		},
		ShapeKey{Name: "at", Value: shapeOf(ShapeClock), Default: "00:00", Doc: "the local time of the member"},
	).named("day", "A day of the week or of the month: the next one, where the member is.")
	s.One = []string{"weekday", "day"}
	return s
}

// quotaShape declares how many there may be.
func quotaShape() *Shape {
	return mappingOf(
		ShapeKey{Name: "max", Required: true, Value: shapeOf(ShapeInt), Doc: "how many there may be"},
		ShapeKey{
			Name: "per", Value: keywords(playbooks.Periods...),
			Doc: "in each of these, in the workspace's time zone, weeks from Monday; for ever when left out",
		},
	).named("quota", "How many there may be in a period, over all members.")
}

// quotaOfPlaybook declares how many members may enter.
func quotaOfPlaybook() *Shape {
	s := quotaShape()
	s.Keys = append(s.Keys, ShapeKey{
		Name: "by", Value: &Shape{Kind: ShapeAny, Expr: true},
		Doc: "an expression of a single value: each has that many; where it is missing nobody enters",
	})
	return s.named("quota of entries", "How many may enter in a period, over all members.")
}

// conditionShape declares what an exit, a goal or a wait is about: exactly one thing. first and last are the keys that
// stand beside it.
func conditionShape(name, doc string, first, last []ShapeKey) *Shape {
	form := func(keys ...ShapeKey) *Shape { return mappingOf(slices.Concat(first, keys, last)...) }
	of := form(
		ShapeKey{Name: "event", Value: shapeOf(ShapeEvent), Doc: "the event's name in usher.yaml"},
		ShapeKey{Name: "segment_enter", Value: shapeOf(ShapeSegment), Doc: "the member comes into the segment"},
		ShapeKey{Name: "segment_exit", Value: shapeOf(ShapeSegment), Doc: "the member leaves the segment"},
		ShapeKey{
			Name: "if", Value: shapeOf(ShapeExpression), With: []string{"event"},
			Doc: "which of these events: an expression that may name `event`",
		},
	)
	of.One = []string{"event", "segment_enter", "segment_exit"}
	holds := form(ShapeKey{
		Name: "if", Required: true, Value: shapeOf(ShapeExpression),
		Doc: "alone: an expression that holds, now or after a decision on the member, or as time passes",
	})
	return of.or(holds).named(name, doc)
}

// triggerKeys documents the keys of every kind of trigger.
var triggerKeys = map[string]ShapeKey{
	"event": {Value: shapeOf(ShapeEvent), Doc: "starts a run when the event arrives"},
	"if": {
		Value: shapeOf(ShapeExpression),
		Doc:   "which of these events: an expression that may name `event`; of `changed`, which of the changes: one that may name `trigger`",
	},
	"schedule": {
		Value: shapeOf(ShapeCron),
		Doc: "starts a run for each member of the segment at these times: five fields of cron, in quotes; " +
			"or once, at 2026-11-11 10:00",
	},
	"timezone": {Value: shapeOf(ShapeZone), Doc: "the time zone of the schedule; the workspace's when left out"},
	"segment":  {Value: shapeOf(ShapeSegment), Doc: "the audience; all members when left out"},
	"missed": {
		Value: keywords("skip", "run_once"), Default: "skip",
		Doc: "occurrences more than 5 minutes late: skip them, or start one run for all that were missed",
	},
	"http":          {Doc: "started by POST /v1/playbooks/{id}/trigger"},
	"segment_enter": {Value: shapeOf(ShapeSegment), Doc: "starts a run when a member enters the segment"},
	"segment_exit":  {Value: shapeOf(ShapeSegment), Doc: "starts a run when a member leaves the segment"},
	"date":          {Value: shapeOf(ShapeDate), Doc: "starts a run on a date of the member, as member.birthday"},
	"every": {
		Value: keywords(string(playbooks.EveryYear), string(playbooks.EveryMonth)),
		Doc:   "comes again on its day of every year or month, a day that one lacks is its last; once when left out",
	},
	"calendar": {
		Value: keywords(playbooks.CalendarLunar),
		Doc: "with `every: year`, its day of the Chinese calendar: a leap month that a year lacks is the plain one, the 30th of a" +
			" short month its 29th; nothing comes of a date before 1900 or after 2100",
	},
	"offset": {Value: shapeOf(ShapeOffset), Doc: "days before (-3d) or after the date"},
	"changed": {
		Value: shapeOf(ShapeChanged),
		Doc:   "starts a run when this field changes: a stored attribute, as member.level, member.tags or member.points",
	},
	"any": {Doc: "any of several triggers: the first that an input matches starts the run"},
	"at": {
		Value: shapeOf(ShapeClock),
		Doc:   "the local time of the member; 00:00 when left out, of a datetime its own",
	},
}

func triggerShape() *Shape {
	s := &Shape{Name: "trigger", Kind: ShapeMapping, Doc: "What starts a run: exactly one kind."}
	item := &Shape{Name: "trigger of any", Kind: ShapeMapping, Doc: "One of several triggers: exactly one kind."}
	item.Keys = []ShapeKey{{Name: "id", Required: true, Value: shapeOf(ShapeNewName), Doc: "what `trigger.via` is then"}}
	addTriggers(item, nil)
	addTriggers(s, item)
	return s
}

// addTriggers adds the keys of all kinds of trigger to a mapping; item is one of several, nil: it is one of them.
func addTriggers(s, item *Shape) {
	params := mappingOf(ShapeKey{
		Name: "params", Doc: "what the caller hands over, typed", Value: &Shape{Kind: ShapeMapping, Rest: shapeOf(ShapeType)},
	})
	params.Keywords = []string{""} // `http:` and no more
	for _, kind := range TriggerKinds {
		if kind[0] == string(playbooks.TriggerAny) && item == nil {
			continue
		}
		s.One = append(s.One, kind[0])
		for i, name := range kind {
			if have := s.Key(name); have != nil {
				have.With = append(have.With, kind[0])
				continue
			}
			k := triggerKeys[name]
			k.Name = name
			switch name {
			case "http":
				k.Value = params
			case "any":
				k.Value = listOf(item)
			}
			if k.Value == nil {
				k.Value = shapeOf(ShapeAny)
			}
			if i > 0 {
				k.With = []string{kind[0]}
			}
			s.Keys = append(s.Keys, k)
		}
	}
}

// actionsShape declares a list of actions. It contains itself: the ways of a branch are lists of
// actions.
func actionsShape(reg *schema.Registry) *Shape {
	item := &Shape{Name: "action", Kind: ShapeMapping, Doc: "One action: exactly one key says what to do."}
	list := listOf(item)
	item.Keys = []ShapeKey{
		{Name: "id", Value: shapeOf(ShapeNewName), Doc: "names the action; its result is actions.<id>"},
		{
			Name: "if", Value: shapeOf(ShapeExpression),
			Doc: "a guard: the action is skipped when false. With `then`: the question of a branch",
		},
	}
	add := func(spec *schema.ActionSpec, value *Shape) {
		item.Keys = append(item.Keys, ShapeKey{Name: spec.Key, Doc: spec.Doc, Value: value})
		item.One = append(item.One, spec.Key)
	}
	for i := range reg.Actions {
		add(&reg.Actions[i], actionShape(&reg.Actions[i]))
	}
	for _, spec := range Controls() {
		if v := controlShape(&spec, list); v != nil {
			add(&spec, v)
		}
	}
	item.Keys = append(
		item.Keys,
		ShapeKey{
			Name: "with", With: []string{"use"}, Needs: []string{"use"},
			Value: shapeOf(ShapeParams),
			Doc:   "what the snippet is given: a value or `= ` and an expression, a name, or a text in Liquid",
		},
		ShapeKey{Name: "then", Needs: []string{"if"}, Value: list, Doc: "what is done when the `if` beside it holds"},
		ShapeKey{
			Name: "else", Needs: []string{"then"}, With: []string{"then"}, Value: list,
			Doc: "what is done when it does not",
		},
	)
	item.One = append(item.One, "then")
	return list
}

// actionShape returns what an action's key holds: its fields, or the one field that a bare value
// stands for.
func actionShape(spec *schema.ActionSpec) *Shape {
	var short *Shape
	for i := range spec.Fields {
		if spec.Fields[i].Name == spec.Shorthand {
			short = fieldShape(&spec.Fields[i])
		}
	}
	if spec.Open() {
		short.Doc = spec.Doc
		return short
	}
	s := fieldsShape(spec.Fields)
	s.Doc, s.Least = spec.Doc, spec.AtLeast
	if short != nil {
		s.Or = append(s.Or, short.Forms()...)
	}
	return s
}

// waitItemShape declares one of several that end a wait.
func waitItemShape() *Shape {
	id := ShapeKey{Name: "id", Required: true, Value: shapeOf(ShapeNewName), Doc: "what `actions.ID.via` is then"}
	return conditionShape("event of any", "One of several that end a wait.", []ShapeKey{id}, nil)
}

// controlShape returns what the key of a control action holds; nil for `if`, which may stand beside
// any action.
func controlShape(spec *schema.ActionSpec, list *Shape) *Shape {
	fields := fieldsShape(spec.Fields)
	for i := range spec.Fields {
		if spec.Fields[i].Kind == FieldActions {
			fields.Keys[i].Value = list
		}
	}
	with := func(name, other string, needed bool) {
		k := fields.Key(name)
		k.With = []string{other}
		if needed {
			k.Needs = k.With
		}
	}
	fields.Name = "way of " + spec.Key
	switch spec.Key {
	case "if":
		return nil
	case "use":
		return shapeOf(ShapeSnippet)
	case "wait":
		fields.Name, fields.One, fields.Group = "", fields.Group[0], nil
		timed := []string{"event", "any", "segment_enter", "segment_exit"}
		for _, name := range timed {
			fields.Key(name).Needs = []string{"timeout"}
		}
		fields.Key("any").Value = listOf(waitItemShape())
		for _, name := range []string{"if", "count", "since"} {
			with(name, "event", false)
		}
		fields.Key("timeout").With = append(timed, "until")
		holds := mappingOf(*fields.Key("if"), *fields.Key("timeout"))
		holds.Keys[0].With, holds.Keys[0].Required = nil, true
		holds.Keys[1].With, holds.Keys[1].Required = nil, true
		return shapeOf(ShapeDuration).or(fields, holds)
	case "choose":
		fields.One, fields.Group = fields.Group[0], nil
		with("then", "if", true)
		fields.Key("if").Needs = []string{"then"}
		return listOf(fields)
	case "split":
		by := mappingOf(
			ShapeKey{Name: "by", Required: true, Value: &Shape{Kind: ShapeAny, Expr: true}, Doc: "an expression of a single value: the dice fall by it and the member"},
			ShapeKey{Name: "ways", Required: true, Value: listOf(fields), Doc: "the ways"},
		).named("split by", "The ways of a split whose dice fall by a value, too.")
		return listOf(fields).or(by)
	}
	return shapeOf(ShapeReason)
}
