package diag

// expressionCodes are mistakes inside an expression.
var expressionCodes = []Code{
	{
		Name: "syntax-expression", Title: "an expression that cannot be read",
		Doc: `Expressions compare with == != < <= > >=, join with and, or, not, test lists with in, and calculate with + - * / %.
Text stands in double or single quotes. Where an expression is expected anyway (if, condition, segments) there is no "= " before
it; inside actions there is.`,
		Bad:  "condition: member.points >",
		Good: "condition: member.points > 5",
	},
	{
		Name: "type-mismatch", Title: "values of types that do not go together",
		Doc: `Each operator and each place wants certain types: conditions a bool, < and > two numbers, times or texts, + two
numbers or two texts. Nothing is converted silently.`,
		Bad:  "condition: member.points > \"5\"",
		Good: "condition: member.points > 5",
	},
	{
		Name: "unguarded-optional", Title: "a value that may be missing is used as if it were there", Advises: true,
		Doc: `Attributes without a default, optional properties and results of actions that ran only on some ways may be missing.
Where an operator would then fail or answer wrongly, say what is to happen: test it first (member.birthday != nil and …) or give a
default (member.nickname ?? "friend"). What is missing is not the empty text: x != "" holds for it. Dividing by zero gives no value either, with / and with %: unless the divisor cannot be zero, test
it first (member.orders > 0 ? member.spent / member.orders : 0). In a text that is {% if member.orders > 0 %} around it, or
| default: 0 right behind it.`,
		Bad:  "condition: days_since(member.birthday) > 3",
		Good: "condition: member.birthday != nil and days_since(member.birthday) > 3",
	},
	{
		Name: "constant-condition", Title: "a condition that is always true or always false", Advises: true,
		Doc:  "The condition depends on nothing that varies, or its parts contradict or cover each other. Leave it out when it always holds; when it never does, a slip is near.",
		Bad:  "condition: 1 > 2",
		Good: "condition: member.points > 2",
	},
	{
		Name: "action-not-run-yet", Title: "the result of an action that has not run here",
		Doc: `An expression sees the results of the actions that come before it. Those that come later, or stand on the other way of
a branch, have not run.`,
		Bad:  "actions:\n  - if: actions.gift.issued\n    tag: lucky\n  - id: gift\n    coupon: {pool: newcomer-10}",
		Good: "actions:\n  - id: gift\n    coupon: {pool: newcomer-10}\n  - if: actions.gift.issued\n    tag: lucky",
	},
	{
		Name: "wrong-arguments", Title: "a function is called with the wrong arguments",
		Doc:  "The number or the types of the arguments do not fit the function. The message says what it takes.",
		Bad:  "condition: days_since(\"yesterday\") > 3",
		Good: "condition: days_since(member.created_at) > 3",
	},
	{
		Name: "by-the-clock", Title: "days are counted by the clock where dates seem to be meant", Advises: true,
		Doc: `days_since(t) counts from the time of the day of t: of what happened at six in the evening it is 0 until six in the evening
of the next day. The day of the calendar is asked for by is_today(t), the distance of two dates by days_between(a, b). A time equals
a day only at its first instant: t == today() hardly ever holds.`,
		Bad:  "condition: days_since(member.last_seen_at) == 0",
		Good: "condition: is_today(member.last_seen_at)",
	},
	{
		Name: "inexact-number", Title: "a number with more digits than a number can hold",
		Doc: `A whole number is exact up to 9007199254740992, and a number has 15 significant digits. What is longer would change, so it
is refused wherever it comes from. It is an id mostly: declare it as string, and write and send it as text.`,
		Bad:  "condition: member.points == 9007199254740993",
		Good: "condition: member.id == \"9007199254740993\"",
	},
	{
		Name: "not-a-constant", Title: "a value that must be written out",
		Doc: `The name and the window of events(), and the names given to in_segment() and the like, are constants: what to load of a
member's history is known before anything runs.`,
		Bad:  "condition: len(events(member.id)) > 3",
		Good: "condition: len(events(\"order.paid\")) > 3",
	},
	{
		Name: "computed-access", Title: "a field is read by a computed name",
		Doc:  "The name of a field must be written out, so that it can be checked: member.level, not member[\"le\" + \"vel\"].",
		Bad:  "condition: member[member.id] == \"gold\"",
		Good: "condition: member.level == \"gold\"",
	},
	{
		Name: "forbidden-function", Title: "a function that could answer differently another time",
		Doc: `The same inputs must give the same outputs, in production, in tests and in a replay. Functions whose answer depends on
the machine's clock, on chance or on the order of a map's keys are not available.`,
		Bad:  "condition: len(keys(member)) > 3",
		Good: "condition: len(member.tags) > 3",
	},
	{
		Name: "expression-too-long", Title: "an expression that is too long",
		Doc: "An expression is bounded in length and in parts. Move a part of it into a segment or a computed attribute, which get a name by it.",
	},
	{
		Name: "reference-cycle", Title: "a segment or computed attribute refers to itself",
		Doc:  "Computed attributes and segments may use each other, but not in a circle. The message shows the way round.",
		Bad:  "usher: 1\nmember:\n  a: = member.b + 1\n  b: = member.a + 1",
		Good: "usher: 1\nmember:\n  a: = member.points + 1\n  b: = member.a + 1",
	},
}
