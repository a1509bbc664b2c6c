package shapes

// TriggerSpec is what a kind of trigger declares about itself. The reference reads it.
type TriggerSpec struct {
	Key      string
	Doc      string // what starts a run
	Provides string // what `trigger` holds in expressions and texts
	Example  string // YAML of keys of a playbook
	Keys     []ShapeKey
}

// triggerDocs says of each kind what its keys alone do not.
var triggerDocs = map[string]TriggerSpec{
	"event": {
		Doc:      "Something that the member did, or that a playbook emitted. Without `if`, each event of that name",
		Provides: "the event: its properties, `id`, `name` and `time`",
		Example:  "trigger: {event: order.paid, if: event.amount > 100}\ncondition: trigger.amount > 200 or member.level == \"gold\"",
	},
	"schedule": {
		Doc:      "A time, for every member of a segment. A fixed local time that daylight saving skips comes right after the gap, one that it doubles comes the first time; where the hour is `*` elapsed time counts. An instant, as `\"2026-11-11 10:00\"`, comes once",
		Provides: "`time`, that of the occurrence",
		Example:  "trigger: {schedule: \"0 10 * * 1\", timezone: Asia/Shanghai, segment: dormant, missed: run_once}",
	},
	"http": {
		Doc:      "A call of `POST /v1/playbooks/ID/trigger`, for named members or a segment. `usher check` types the parameters, the server refuses others",
		Provides: "the parameters and `time`",
		Example:  "trigger: {http: {params: {reason: string}}}\nactions:\n  - tag: = trigger.reason",
	},
	"segment_enter": {
		Doc:      "A member comes into the segment, by whatever means: an event, attributes or tags that are written over HTTP, another playbook, or the passing of time. Who is in it when the playbook is activated, or when the segment is defined anew, has not come into it",
		Provides: "`time`, when the member came in",
		Example:  "trigger: {segment_enter: dormant}\nreentry: 90d",
	},
	"segment_exit": {
		Doc:      "A member leaves the segment, as a member comes into one",
		Provides: "`time`, when the member left",
		Example:  "trigger: {segment_exit: loyal}",
	},
	"date": {
		Doc:      "A date of the member comes, at a local time of theirs: once, or every year or month; a day that a month lacks is its last: of the 31st the 30th of April, February 29 is February 28 in other years. `offset` days before or after. When the date is changed the next one counts; one that comes while the server is down is made good when it is back, with its own time",
		Provides: "`time`, when the date came",
		Example:  "trigger: {date: member.birthday, every: year, offset: -3d, at: \"10:00\"}",
	},
	"changed": {
		Doc:      "A stored attribute of the member, their tags or their points change, by whatever means: an event, over HTTP, by a playbook or by the end of a tag. Compared is before and after each input and each thing that it brings about: two writes are one change, an equal write is none, a default counts as before. With `if` only some changes. Activating the playbook starts nothing",
		Provides: "`before` and `after`, of which either may be missing where the attribute has no default, and `time`",
		Example:  "trigger: {changed: member.level, if: trigger.after == \"gold\"}",
	},
	"any": {
		Doc:      "Any of several triggers, of whatever kinds, each with an `id`. One input starts one run at most, by the first that it matches",
		Provides: "`via`, the id of the one; what all of them provide; and what some provide, which may be missing unless `via` was asked",
		Example:  "trigger:\n  any:\n    - {id: paid, event: order.paid, if: event.amount > 100}\n    - {id: known, segment_enter: loyal}\ncondition: trigger.via == \"known\" or member.level == \"gold\"",
	},
}

// Triggers declares the kinds of triggers, in their order.
func Triggers() []TriggerSpec {
	var out []TriggerSpec
	for _, kind := range TriggerKinds {
		t := triggerDocs[kind[0]]
		t.Key = kind[0]
		shape := triggerShape()
		for i, name := range kind {
			k := *shape.Key(name)
			k.Required, k.With = i == 0, nil
			t.Keys = append(t.Keys, k)
		}
		out = append(out, t)
	}
	return out
}
