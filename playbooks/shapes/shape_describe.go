package shapes

import (
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// shapeDescriptions says what a value of a kind is.
var shapeDescriptions = map[ShapeKind]string{
	ShapeMapping: "a mapping", ShapeAny: "any value", ShapeString: "text", ShapeInt: "a whole number",
	ShapeNumber: "a number",
	ShapeBool:   "true or false", ShapeText: "text in Liquid", ShapeExpression: "an expression",
	ShapeDuration: "a duration (4h, 2d)",
	ShapeAgo:      "an offset (-3d, -2h), or an instant", ShapeOffset: "a duration before (-3d) or after (2h)",
	ShapePercent: "a percentage (10%)", ShapeClock: `a time of the day ("18:00")`,
	ShapeDatetime: "an instant", ShapeMoment: `a date (2026-11-11) or a time ("2026-11-11 10:00")`,
	ShapeZone: "a time zone", ShapeLocale: "a locale",
	ShapeCron:  "a schedule in five fields of cron, or an instant",
	ShapeType:  "a type",
	ShapeEvent: "an event", ShapeSegment: "a segment", ShapeChannel: "a channel", ShapePool: "a coupon pool",
	ShapeRaffle:   "a raffle",
	ShapeTemplate: "a template", ShapeSnippet: "a snippet",
	ShapePlaybook: "a playbook", ShapeTag: "a tag", ShapeDate: "a date of the member", ShapeOwner: "text",
	ShapeReason:  "text",
	ShapeChanged: "a field of the member", ShapeConsent: "a bool attribute of the member", ShapeSettable: "attribute: value", ShapeReferral: "a property that names a member, with its event",
	ShapeMember: "field: value", ShapeWritten: "field: value", ShapeLevel: "an enum attribute of the member", ShapeSteps: "level: number", ShapeProperties: "property: value", ShapeNewName: "a name",
	ShapeParams: "param: value",
}

// Describe says in a few words what may stand there.
func (s *Shape) Describe() string {
	var parts []string
	add := func(words string) {
		if words != "" && !slices.Contains(parts, words) {
			parts = append(parts, words)
		}
	}
	for _, f := range s.Forms() {
		switch f.Kind {
		case ShapeKeyword:
		case ShapeList:
			add("a list of " + plural(f.Item.Describe()))
		default:
			add(shapeDescriptions[f.Kind])
		}
		for _, w := range f.Keywords {
			if w != "" {
				add("`" + w + "`")
			}
		}
		if f.Expr {
			add("`= ` and an expression")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return diag.OneOf(parts)
}

// plural turns "an event" into "events", roughly: it is read by people.
func plural(s string) string {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "a "), "an ")
	head, rest, found := strings.Cut(s, " or ")
	if !strings.HasSuffix(head, "s") && !strings.HasPrefix(head, "any") && !strings.HasSuffix(head, "`") &&
		!strings.HasSuffix(head, ")") {
		head += "s"
	}
	if !found {
		return head
	}
	return head + " or " + rest
}
