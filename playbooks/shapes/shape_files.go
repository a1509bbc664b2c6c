package shapes

import (
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// schemaShape declares usher.yaml.
func schemaShape(reg *schema.Registry) *Shape {
	types := func() *Shape { return shapeOf(ShapeType) }
	named := func(value *Shape) *Shape { return &Shape{Kind: ShapeMapping, Rest: value} }
	attribute := (&Shape{Kind: ShapeType, Expr: true}).
		named("attribute", "A type, or `= ` and an expression: a computed attribute.")
	ids := mappingOf(ShapeKey{
		Name: "normalize", Required: true, Value: keywords(string(playbooks.NormalLower), string(playbooks.NormalPhone)),
		Doc: "`lower`: small letters without space around them; `phone`: digits, with + and the country as far as it is known",
	}).named("id", "How the ids of members are written in one way.")
	id := ShapeKey{Name: "id", Value: ids, Doc: "which ids are one member's: all that are the same when they are written in one way"}
	event := (&Shape{Kind: ShapeMapping, Rest: types(), Keywords: []string{""}}).
		named("properties", "The properties of the event, each with its type.")
	segment := shapeOf(ShapeExpression).named("segment", "An expression about the member, or with `for` about a kind of objects.").or(mappingOf(
		ShapeKey{Name: "for", Required: true, Value: shapeOf(ShapeKindOfObjects), Doc: "the kind of objects that it is a segment of"},
		ShapeKey{Name: "if", Required: true, Value: shapeOf(ShapeExpression), Doc: "an expression about the object"},
	))
	object := (&Shape{Kind: ShapeMapping, Rest: attribute, Keywords: []string{""}}).
		named("kind of objects", "The attributes of a kind of objects, each with its type.")
	limit, quiet := limitShapes()
	docs := map[string]ShapeKey{
		"usher": {Required: true, Value: keywords("1"), Doc: "the version of the language: 1"},
		"timezone": {
			Value: shapeOf(ShapeZone),
			Doc:   "the time zone of schedules, quiet hours and calendar days, as Asia/Shanghai; UTC when left out",
		},
		"locale": {
			Value: shapeOf(ShapeLocale),
			Doc:   "the language of the workspace, as zh-CN: of texts, and of the names of days, for members without a locale",
		},
		"member": {
			Value: &Shape{Kind: ShapeMapping, Rest: attribute, Keys: []ShapeKey{id}},
			Doc:   "the member's attributes, each with its type",
		},
		"objects":  {Value: named(object), Doc: "kinds of objects, as groups or stores: what has a history, segments and playbooks of its own"},
		"events":   {Value: named(event), Doc: "the events that arrive, each with its properties and their types"},
		"segments": {Value: named(segment), Doc: "named audiences: an expression about the member each"},
		"channels": {
			Value: named(channelShape(reg)),
			Doc:   "the channels over which messages go; ${NAME} is read from the environment",
		},
		"tables": {
			Value: named(tableShape()),
			Doc:   "rows that expressions look up, as table(\"gifts\", trigger.gift); columns are typed by all rows",
		},
		"raffles":        {Value: named(raffleShape()), Doc: "raffles with their prizes"},
		"coupons":        {Value: named(poolShape()), Doc: "coupon pools with their budget and limits"},
		"points":         {Value: pointsShape(), Doc: "when points expire; they never do when left out"},
		"levels":         {Value: levelsShape(), Doc: "which level members have: an attribute that follows a number"},
		"frequency_caps": {Value: listOf(limit), Doc: "how many messages a member may get, over all playbooks"},
		"quiet_hours":    {Value: quiet, Doc: quiet.Doc},
		"consent": {
			Value: shapeOf(ShapeConsent),
			Doc:   "the bool attribute without which a member gets no promotional messages, as member.newsletter",
		},
		"referral": {
			Value: shapeOf(ShapeReferral),
			Doc: "the property that names who brought a member, as member.joined.invited_by: nobody brings themselves, or " +
				"somebody who was there before them",
		},
	}
	return workspaceShape(docs)
}

// tableShape declares a table.
func tableShape() *Shape {
	return (&Shape{Kind: ShapeMapping, Rest: &Shape{Kind: ShapeMapping, Rest: shapeOf(ShapeAny)}}).
		named("table", "Rows by their key, each with its cells: texts, numbers, true or false.")
}

// limitShapes declare how much a member may be sent, and when.
func limitShapes() (limit, quiet *Shape) {
	limit = mappingOf(
		ShapeKey{
			Name: "channels", Value: listOf(shapeOf(ShapeChannel)),
			Doc: "the channels that are counted together; all when left out",
		},
		ShapeKey{Name: "max", Required: true, Value: shapeOf(ShapeInt), Doc: "how many messages one member may get"},
		ShapeKey{Name: "per", Required: true, Value: shapeOf(ShapeDuration), Doc: "the rolling window"},
	).named("cap", "A frequency cap.")
	quiet = mappingOf(
		ShapeKey{Name: "from", Required: true, Value: shapeOf(ShapeClock), Doc: `when they begin, as "22:00"`},
		ShapeKey{Name: "to", Required: true, Value: shapeOf(ShapeClock), Doc: `when they end, as "08:00"`},
		ShapeKey{
			Name: "timezone", Value: &Shape{Kind: ShapeZone, Keywords: []string{"member"}},
			Doc: "whose clock: `member`, or a time zone; the workspace's when left out",
		},
	).named("quiet hours", "The time of the day in which promotional messages wait.")
	return limit, quiet
}

// workspaceShape returns usher.yaml with its keys in their order.
func workspaceShape(docs map[string]ShapeKey) *Shape {
	s := (&Shape{Kind: ShapeMapping}).named("workspace",
		"What a workspace declares: events, attributes, segments, channels, coupon pools, limits.")
	for _, name := range SchemaKeys {
		k := docs[name]
		k.Name = name
		if k.Value == nil {
			k.Value = shapeOf(ShapeAny)
		}
		s.Keys = append(s.Keys, k)
	}
	return s
}

// channelShape declares a channel: one form for each type.
func channelShape(reg *schema.Registry) *Shape {
	var forms []*Shape
	for i := range reg.Channels {
		spec := &reg.Channels[i]
		form := fieldsShape(spec.Fields).named("channel "+spec.Type, spec.Doc)
		form.Keys = slices.Insert(form.Keys, 0, ShapeKey{
			Name: "type", Required: true, Value: &Shape{Kind: ShapeKeyword, Keywords: []string{spec.Type}, Doc: spec.Doc},
			Doc: "how messages of the channel are carried",
		})
		if !spec.Mute && !spec.ReachesAll {
			form.Keys = append(form.Keys, ShapeKey{
				Name: "reaches", Value: &Shape{Kind: ShapeMapping, Rest: shapeOf(ShapeAddress)},
				Doc: "whom messages reach, `member` or a kind of objects, and the attribute that holds the address of each",
			})
		}
		if k := form.Key(spec.AddressField); k != nil {
			k.Required = false // it may be an attribute: see reaches
		}
		forms = append(forms, form)
	}
	if len(forms) == 0 {
		return shapeOf(ShapeAny)
	}
	return forms[0].or(forms[1:]...)
}

// testShape declares a file of playbook tests.
func testShape() *Shape {
	event := func(more ...ShapeKey) []ShapeKey {
		return append(
			more,
			ShapeKey{
				Name: "properties", With: []string{"event"}, Value: shapeOf(ShapeProperties),
				Doc: "the event's properties",
			},
			ShapeKey{
				Name: "attributes", With: []string{"event"}, Value: shapeOf(ShapeMember),
				Doc: "attributes of the member that come with it",
			},
		)
	}
	whose := func(doc string, with ...string) ShapeKey {
		return ShapeKey{Name: "member", With: with, Value: shapeOf(ShapeString), Doc: doc + ", by the id in `members`; the first when left out"}
	}
	past := mappingOf(event(
		whose("whose event it is"),
		ShapeKey{Name: "event", Required: true, Value: shapeOf(ShapeEvent), Doc: "the event's name in usher.yaml"},
		ShapeKey{
			Name: "at", Required: true, Value: shapeOf(ShapeAgo),
			Doc: "how long before the test, as -10d, or an instant",
		},
		ShapeKey{Name: "times", Value: shapeOf(ShapeInt), Doc: "how many such events there were; one when left out"},
	)...).named("past event", "An event before the test: it starts nothing.")
	step := mappingOf(event(
		whose("who does it, or is called", "event", "trigger", "redeem"),
		objectKey("which object is called, or whose event it is alone", "event", "trigger"),
		ShapeKey{Name: "event", Value: shapeOf(ShapeEvent), Doc: "an event of the member arrives"},
		ShapeKey{Name: "advance", Value: shapeOf(ShapeDuration), Doc: "the clock moves on; what is due happens"},
		ShapeKey{Name: "trigger", Value: shapeOf(ShapeAny), Doc: "starts an http playbook with these params"},
		ShapeKey{Name: "redeem", Value: shapeOf(ShapeString), Doc: "the newest coupon that this action gave is redeemed; by the action's id"},
		ShapeKey{Name: "expect", Value: expectShape(), Doc: "all that must have happened since the last expect"},
	)...).named("step", "A step of a script: exactly one thing.")
	step.One = slices.Clone(ScriptKeys)
	step.Keys = append(step.Keys, ShapeKey{
		Name: "time", With: []string{"event"}, Value: shapeOf(ShapeAgo),
		Doc: "when it happened, when that is not now: an instant, or as -2h",
	})
	step.or(mappingOf(
		whose("who it is"),
		objectKey("which object it is"),
		ShapeKey{Name: "attributes", Required: true, Value: shapeOf(ShapeMember), Doc: "attributes that are written from outside"},
	).named("update", "Attributes of a member or an object are written from outside."))
	one := func() *Shape { return &Shape{Kind: ShapeMember, Least: []string{"id"}} }
	test := mappingOf(
		ShapeKey{Name: "name", Required: true, Value: shapeOf(ShapeString), Doc: "what the test shows, as a sentence"},
		ShapeKey{
			Name: "at", Value: shapeOf(ShapeDatetime),
			Doc: "where the virtual clock starts; 2026-01-05T10:00:00Z when left out",
		},
		ShapeKey{Name: "member", Value: one(), Doc: "the member: id, and attributes"},
		ShapeKey{Name: "members", Value: listOf(one()), Doc: "several members, of each id and attributes"},
		ShapeKey{Name: "objects", Value: objectsShape(), Doc: "objects by their kind, of each id and attributes"},
		ShapeKey{Name: "history", Value: listOf(past), Doc: "events before the test"},
		ShapeKey{Name: "force", Value: forceShape(), Doc: "what chance and the world decide otherwise: holdout, splits, answers of webhooks, what is left of pools"},
		ShapeKey{Name: "script", Required: true, Value: listOf(step), Doc: "what happens, in order, and what is expected"},
	).named("test", "A test of a playbook on the virtual clock.")
	test.Least = slices.Clone(TestMemberKeys)
	return mappingOf(
		ShapeKey{
			Name: "playbook", Required: true, Value: shapeOf(ShapePlaybook),
			Doc: "the id of the playbook that is tested; only it is live",
		},
		ShapeKey{Name: "with", Value: listOf(shapeOf(ShapePlaybook)), Doc: "other playbooks that are live too"},
		ShapeKey{Name: "tests", Required: true, Value: listOf(test), Doc: "the tests"},
	).named("tests", "Tests of a playbook on the virtual clock.")
}

// objectKey declares the key that names an object, beside others.
func objectKey(doc string, with ...string) ShapeKey {
	return ShapeKey{Name: "object", With: with, Value: objectShape(), Doc: doc + ", as in {group: g1}"}
}

// objectShape declares how a test names an object.
func objectShape() *Shape { return &Shape{Kind: ShapeMapping, Rest: shapeOf(ShapeString)} }

// objectsShape declares the objects of a test.
func objectsShape() *Shape {
	id := ShapeKey{Name: "id", Required: true, Value: shapeOf(ShapeString), Doc: "its id"}
	one := &Shape{Kind: ShapeMapping, Rest: shapeOf(ShapeAny), Keys: []ShapeKey{id}}
	return &Shape{Kind: ShapeMapping, Rest: listOf(one)}
}

// forceShape declares what a test decides instead of chance and the world.
func forceShape() *Shape {
	return mappingOf(
		ShapeKey{Name: "holdout", Value: shapeOf(ShapeBool), Doc: "whether the member is in the control group"},
		ShapeKey{Name: "split", Value: (&Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: shapeOf(ShapeString)}).
			or(shapeOf(ShapeString)), Doc: "the way of each split, by the id of its action; the name alone where there is one split"},
		ShapeKey{
			Name: "webhooks", Value: &Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: answerShape()},
			Doc: "what webhooks are answered with, by the id of their action; status 200 without a body when left out",
		},
		ShapeKey{
			Name: "messages", Value: &Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: outcomeShape()},
			Doc: "what becomes of messages, by the id of their action; they are sent when left out",
		},
		ShapeKey{
			Name: "pools", Value: &Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: shapeOf(ShapeInt)},
			Doc: "how many coupons each pool has left; its budget when left out",
		},
		ShapeKey{
			Name: "raffles", Value: &Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: shapeOf(ShapeString)},
			Doc: "the prize that the tickets of a raffle draw, as long as there is one",
		},
		ShapeKey{Name: "quota", Value: mappingOf(
			ShapeKey{Name: "left", Required: true, Value: shapeOf(ShapeInt), Doc: "how many may still enter; for each value where there is `by`"},
		).named("quota left", "What is left of the playbook's quota."), Doc: "what is left of the playbook's quota when the test begins"},
	)
}

// expectFields says what a listed effect may be matched by.
var expectFields = map[string]struct {
	fields []string
	doc    string
}{
	"messages": {MessageFields, "messages that went out or were skipped, in order; `contains` matches a part of the text"},
	"deferred": {MessageFields, "messages that were put off to the end of quiet hours, in order; they need not be named"},
	"coupons":  {CouponFields, "coupons, in order"},
	"webhooks": {WebhookFields, "calls of webhooks, in order"},
	"events":   {EventFields, "events that were emitted, in order"},
}

func expectShape() *Shape {
	kinds := map[string]*Shape{
		"messages channel": shapeOf(ShapeChannel), "messages template": shapeOf(ShapeTemplate),
		"deferred channel": shapeOf(ShapeChannel), "deferred template": shapeOf(ShapeTemplate),
		"deferred class": keywords("promotional", "transactional"),
		"coupons pool":   shapeOf(ShapePool),
		"events event":   shapeOf(ShapeEvent), "messages class": keywords("promotional", "transactional"),
		"coupons issued":    shapeOf(ShapeBool),
		"events properties": shapeOf(ShapeAny), "events object": objectShape(),
	}
	names := func() *Shape { return listOf(shapeOf(ShapeTag)) }
	docs := map[string]ShapeKey{
		"member": {Doc: "whom alone it speaks of, by the id in `members`; of all when left out", Value: shapeOf(ShapeString)},
		"object": {Doc: "of which object alone it speaks, as in {group: g1}", Value: objectShape()},
		"tags": {Doc: "tags that were added and removed", Value: mappingOf(
			ShapeKey{Name: "added", Value: names(), Doc: "tags that the member got"},
			ShapeKey{Name: "removed", Value: names(), Doc: "tags that the member lost"},
		)},
		"points": {Doc: "the sum of points added", Value: shapeOf(ShapeInt)},
		"set":    {Doc: "attributes that were set, and a level that changed", Value: shapeOf(ShapeWritten)},
		"run": {
			Doc:   "the state of the newest run; none when there is none, or when the entry was refused",
			Value: keywords(RunStates...),
		},
		"reason": {
			Doc:   "why: of a refusal, of a skipped effect, or of an exit",
			Value: &Shape{Kind: ShapeReason, Keywords: ExpectReasons},
		},
	}
	s := mappingOf().named("expect", "All that must have happened since the last expect: what is not named fails the test.")
	s.Keywords = []string{""}
	for _, name := range ExpectKeys {
		k := docs[name]
		if f, ok := expectFields[name]; ok {
			item := mappingOf()
			for _, field := range f.fields {
				v := kinds[name+" "+field]
				if v == nil {
					v = shapeOf(ShapeAny)
				}
				item.Keys = append(item.Keys, ShapeKey{Name: field, Value: v})
			}
			k = ShapeKey{Doc: f.doc, Value: listOf(item)}
		}
		k.Name = name
		s.Keys = append(s.Keys, k)
	}
	return s
}

func outcomeShape() *Shape {
	return mappingOf(
		ShapeKey{Name: "status", Required: true, Value: keywords(MessageOutcomes...), Doc: "`sent`, or `failed` for good"},
		ShapeKey{Name: "reason", Value: shapeOf(ShapeString), Doc: "why it failed"},
	).named("outcome", "What becomes of a message.")
}

func answerShape() *Shape {
	return mappingOf(
		ShapeKey{Name: "status", Value: shapeOf(ShapeInt), Doc: "the status; 200 when left out, 0 when every attempt fails"},
		ShapeKey{Name: "body", Value: shapeOf(ShapeAny), Doc: "the body"},
	).named("answer", "An answer to a webhook.")
}

var (
	// MessageOutcomes are what a test may let become of a message.
	MessageOutcomes = []string{"sent", "failed"}
	// MessageStatuses are what may have become of a message that a test expects.
	MessageStatuses = []string{"queued", "skipped", "failed"}
	// RunStates are the states of a run that a test may expect.
	RunStates = []string{"none", "waiting", "done", "exited", "failed"}
	// ExpectReasons are the reasons that a test may expect.
	ExpectReasons = []string{
		"entered", "condition", "reentry", "mode", "quota", "holdout", "paused", "draft", "not active", "error", "capped", "deferred",
		"too many deferred", "consent", "pool empty", "per member", "drawn", "too few points", "no address",
	}
	// TestKeys are the keys of a test.
	TestKeys = []string{"name", "at", "member", "members", "objects", "history", "force", "script"}
	// TestMemberKeys say whom a test is about: one of them does, or with objects none.
	TestMemberKeys = []string{"member", "members", "objects"}
	// ScriptKeys are the keys of a step of a script.
	ScriptKeys = []string{"event", "advance", "trigger", "redeem", "expect"}
	// EventStepKeys may stand in a step that is an event.
	EventStepKeys = []string{"member", "object", "event", "time", "properties", "attributes"}
	// UpdateStepKeys are those of a step that writes attributes.
	UpdateStepKeys = []string{"member", "object", "attributes"}
	// PastEventKeys are the keys of an event of the history.
	PastEventKeys = []string{"member", "event", "at", "times", "properties", "attributes"}
	// ExpectKeys are the keys of an expectation.
	ExpectKeys = []string{"member", "object", "messages", "deferred", "coupons", "webhooks", "events", "tags", "points", "set", "run", "reason"}
)

// The fields that a listed effect may be matched by.
var (
	MessageFields = []string{"channel", "template", "contains", "text", "subject", "to", "class", "status", "reason", "attach", "data", "variant"}
	CouponFields  = []string{"pool", "issued", "reason"}
	WebhookFields = []string{"url", "method", "status", "body", "contains"}
	EventFields   = []string{"event", "properties", "member", "object"}
)
