package shapes

import "github.com/usher-run/usher/playbooks/schema"

// Kinds of fields that only control actions have.
const (
	FieldMoment    schema.FieldKind = "moment"    // a time of the day, a day, a datetime, or a `= ` expression of one
	FieldEvent     schema.FieldKind = "event"     // the name of a declared event
	FieldCondition schema.FieldKind = "condition" // an expression that is true or false
	FieldActions   schema.FieldKind = "actions"   // a list of actions
	FieldSnippet   schema.FieldKind = "snippet"
	FieldMatches   schema.FieldKind = "matches" // a list of events, segments and conditions with their ids
	FieldSegment   schema.FieldKind = "segment" // the name of a declared segment
)

// Controls declares the actions that the language itself carries out, which need no entry in a
// [schema.Registry]. The fields of choose and split are those of each way; a bare value of wait is a
// duration, one of exit the reason.
func Controls() []schema.ActionSpec {
	return []schema.ActionSpec{
		waitControl(),
		{
			Key: "if",
			Doc: "Goes one of two ways. `else` may be left out",
			Fields: []schema.FieldSpec{
				{Name: "if", Kind: FieldCondition, Required: true, Doc: "the question"},
				{Name: "then", Kind: FieldActions, Required: true, Doc: "what is done when it holds"},
				{Name: "else", Kind: FieldActions, Doc: "what is done when it does not"},
			},
			Example: "if: member.level == \"gold\"\nthen:\n  - tag: treated\nelse:\n  - exit: not gold",
		},
		{
			Key: "choose",
			Doc: "Goes the first way whose `if` holds. The last item may be `else`, which takes what is left; without it the run may take no way",
			Fields: []schema.FieldSpec{
				{Name: "if", Kind: FieldCondition, OneOf: "when", Doc: "the way is taken when this holds and none before it did"},
				{Name: "then", Kind: FieldActions, Doc: "with `if`, and then required: what is done on this way"},
				{Name: "else", Kind: FieldActions, OneOf: "when", Doc: "of the last item: what is done when no way holds"},
			},
			Example: "choose:\n  - if: member.level == \"gold\"\n    then: [{tag: treated}]\n  - if: member.level == \"silver\"\n    then: [{wait: 1d}]\n  - else: [{exit: bronze}]",
		},
		{
			Key: "split",
			Doc: "Goes one of several ways by the member's dice, which fall the same way every time for the same member and split",
			Fields: []schema.FieldSpec{
				{
					Name: "name", Kind: schema.FieldString, Literal: true, Required: true,
					Doc: "what the way is called in results and traces",
				},
				{
					Name: "weight", Kind: schema.FieldNumber, Literal: true, Required: true,
					Doc: "the percentage of members, with two decimals at most; the weights sum to 100",
				},
				{Name: "then", Kind: FieldActions, Required: true, Doc: "what is done on this way; `[]` is nothing"},
			},
			Results: []schema.ResultSpec{{Name: "name", Type: schema.String, Doc: "the name of the way that was taken"}},
			Example: "id: offer\nsplit:\n  - {name: coupon, weight: 50, then: [{coupon: {pool: newcomer-10}}]}\n  - {name: nothing, weight: 50, then: []}",
		},
		{
			Key: "use",
			Doc: "Does the actions of a snippet, `snippets/NAME.yaml`. What it takes stands beside it, under `with`; what its actions leave is actions.<id>.<id inside>",
			Fields: []schema.FieldSpec{
				{Name: "use", Kind: FieldSnippet, Required: true, Doc: "the snippet, by its path below snippets/ without its extension"},
				{
					Name: "with", Kind: schema.FieldJSON,
					Doc: "its params: values, which are evaluated once; names; and texts, which see what the playbook sees",
				},
			},
			Example: "id: bonus\nuse: thanks\nwith: {text: \"来自 {{ member.nickname | default: '朋友' }}\"}",
		},
		{
			Key: "exit", Doc: "Ends the run as exited, with the reason that is given as its value",
			Example: "exit: not gold",
		},
	}
}

// ParamKinds are what a param of a snippet may be beside a value: the names of what is declared, and texts.
var ParamKinds = []string{"pool", "template", "channel", "text", "event", "segment"}

// Settable are the built-in fields of a member that a playbook may set.
var Settable = []string{"timezone", "locale"}

// What a wait for an event leaves under its id.
const (
	ResultTimedOut = "timed_out"
	ResultEvent    = "event"
	ResultVia      = schema.Via
	ResultCount    = "count"
)

// SinceTrigger is what `since` of a wait may be.
const SinceTrigger = "trigger"

// waitControl declares the action that lets a run go on later.
func waitControl() schema.ActionSpec {
	return schema.ActionSpec{
		Key: "wait",
		Doc: "Lets the run go on later: after a duration (`wait: 4h`), at a time (`until`), or when an event comes, a segment is entered or left, or a condition holds (one, or `any` of several), after `timeout` at the latest",
		Fields: []schema.FieldSpec{
			{
				Name: "until", Kind: FieldMoment, OneOf: "what",
				Doc: "the next such time of the member's day, as `\"18:00\"`; the next such day of their week or month, as " +
					"`{weekday: sat, at: \"10:00\"}`, `{day: 1}` or `{day: last}`, at 00:00 without `at`; or a datetime: one that is past " +
					"or missing is no wait; or `= ` and a condition, with `timeout`: one that holds is no wait",
			},
			{
				Name: "event", Kind: FieldEvent, OneOf: "what",
				Doc: "the event to wait for; the one that brought the run here is not seen",
			},
			{
				Name: "segment_enter", Kind: FieldSegment, OneOf: "what",
				Doc: "the segment that the member is to come into; who is in it has to leave it first",
			},
			{
				Name: "segment_exit", Kind: FieldSegment, OneOf: "what",
				Doc: "the segment that the member is to leave; who is not in it has to come into it first",
			},
			{
				Name: "if", Kind: FieldCondition,
				Doc: "with `event`: which of these events; `event` is the one being looked at. Alone: what is to hold; what holds already is no wait",
			},
			{
				Name: "any", Kind: FieldMatches, OneOf: "what",
				Doc: "several events, segments and conditions, each with an `id`: the first that comes ends the wait, of one event the first that it matches",
			},
			{
				Name: "count", Kind: schema.FieldInt, Literal: true, Needs: "event",
				Doc: "with `event`: how many have to come",
			},
			{
				Name: "since", Kind: schema.FieldEnum, Enum: []string{SinceTrigger}, Literal: true, Needs: "event",
				Doc: "with `event`: those count, too, that were decided after the entry, the one that began the run aside; enough already is no wait",
			},
			{Name: "timeout", Kind: schema.FieldDuration, Doc: "how long to wait at most: required with everything but a time"},
		},
		Results: []schema.ResultSpec{
			{
				Name: ResultTimedOut, Type: schema.Bool,
				Doc: "whether it did not come about in time; not of a wait for a time",
			},
			{
				Name: ResultEvent, Type: schema.ObjectOf().AsOptional(),
				Doc: "the event with its properties, `id`, `name` and `time`; missing when it timed out, and when no event ended the wait; of those that are counted the last, if there was one", When: "!" +
					ResultTimedOut,
			},
			{
				Name: ResultVia, Type: schema.String.AsOptional(), When: "!" + ResultTimedOut,
				Doc: "the `id` of the one that came, of several; missing when it timed out",
			},
			{Name: ResultCount, Type: schema.Int, Doc: "how many came, also when it timed out; only with `count` or `since`"},
		},
		Example: "id: paid\nwait: {event: order.paid, if: event.amount > 100, timeout: 2d}",
	}
}
