package diag

// fileCodes are mistakes of a file as such.
var fileCodes = []Code{
	{
		Name: "yaml-syntax", Title: "the file is not valid YAML",
		Doc: `YAML could not be read at this line, so nothing below it is known. Usual causes are a line that is not indented as
far as its neighbours, a quote or bracket that is not closed, and a colon that is missing.

Indent with two spaces a level, and put text that holds any of : # { } [ ] , & * ! in quotes.`,
		Bad:  "name: \"Cart rescue\ncondition: member.points > 5",
		Good: "name: \"Cart rescue\"\ncondition: member.points > 5",
	},
	{
		Name: "yaml-quoting", Title: "a value needs quotes",
		Doc: `YAML gives some characters a meaning of their own, and a value without quotes is then read otherwise than it was
meant: inside { } and [ ] a value ends at ? , [ ] { }; a value that begins with ! & * [ { " ' % @ is a tag, an anchor, a list or
a quoted text; ": " begins a key and " #" a comment.

Put the whole value in single quotes, or write it in block style on a line of its own. The quoted text is offered as an edit.`,
		Bad:  `condition: "blocked" not in member.tags`,
		Good: `condition: '"blocked" not in member.tags'`,
	},
	{
		Name: "yaml-feature", Title: "a feature of YAML that the language does not have",
		Doc: `Anchors (&name), aliases (*name), merge keys (<<), tags (!name) and several documents in one file are refused:
they hide what a playbook does from its reader, and some can make a small file huge. Write the value out. What several playbooks
share is a segment, a computed attribute or a template.`,
		Bad:  "mode: &m single",
		Good: "mode: single",
	},
	{
		Name: "tab", Title: "a tab indents a line",
		Doc:  "YAML takes only spaces for indentation, because a tab has no fixed width. Replace it; editors can do so on saving.",
		Bad:  "actions:\n\t- tag: buyer",
		Good: "actions:\n  - tag: buyer",
	},
	{
		Name: "duplicate-key", Title: "a key is given twice",
		Doc:  "A key stands once in a mapping. Of two, one would silently win, so both are shown. Remove or rename one of them.",
		Bad:  "mode: single\nreentry: 14d\nmode: restart",
		Good: "mode: restart\nreentry: 14d",
	},
	{
		Name: "not-text", Title: "the file is not plain UTF-8 text",
		Doc: `Files of a workspace are UTF-8 without a byte order mark. NUL bytes, control characters and invisible line
separators are refused, because what an editor shows would differ from what is read.`,
		Bad:  "name: a\u0007b",
		Good: "name: ab",
	},
	{
		Name: "invisible-character", Title: "a character that cannot be seen", Advises: true,
		Doc: `A zero width space, a soft hyphen, a mark of the direction of writing or a space that is no plain one came along when something was copied.
What an editor shows looks right, and is another word. The message names the character by its code point. Take it out, or type a plain space; texts for
members may hold what they like. One that belongs to a value is written as an escape in double quotes: "a\u200bb".`,
		Bad:  "re\u200bentry: never",
		Good: "reentry: never",
	},
	{
		Name: "file-too-large", Title: "a file has more than 1 MiB",
		Doc: "One file holds one playbook, and none needs a mebibyte. Split a large usher.yaml by dropping what is unused.",
	},
	{
		Name: "too-many-actions", Title: "a playbook has too many actions",
		Doc: `A playbook has at most 500 actions, those of all its branches together. A person cannot read more either: begin a further
playbook where a part is done, with ` + "`emit`" + ` and a trigger on that event.`,
	},
	{
		Name: "too-deep", Title: "lists and mappings are nested too deeply",
		Doc: `At most 64 levels may be nested. A playbook that branches so deep cannot be read by a person either: use exits and
further playbooks.`,
		Bad:  "owner: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		Good: "owner: growth",
	},
	{
		Name: "empty-file", Title: "the file is empty",
		Doc: "A playbook's file holds at least id, stage, trigger and actions. Fill it, or delete it.",
	},
	{
		Name: "unread-file", Title: "a file that looks like one of the workspace's and is not read", Advises: true,
		Doc: `A workspace is usher.yaml, playbooks/**/*.yaml with their tests (*_test.yaml), and templates/** (.txt, .md, .html). What lies
beside them, in a folder of another name or under another ending (.yaml.txt, .yaml.bak, .yaml~) is not read. A file that looks as if it should be is pointed out, so
that nobody waits for a playbook that does not exist.

Move it to playbooks/ or templates/ and let its name end as it should. What an editor or a copy left behind (~$x.yaml, "x - Copy.yaml") is not read
either and can be removed.`,
	},
	{
		Name: "file-name", Title: "a file whose name keeps it from being read",
		Doc: `Playbooks end in .yaml, their tests in _test.yaml, templates in .txt, .md or .html. A file that looks like one of
them but has another ending would silently not count.`,
	},
	{
		Name: "unreadable", Title: "a file cannot be read",
		Doc: "The operating system refused to read the file: look at its permissions.",
	},
	{
		Name: "not-a-file", Title: "a link, a pipe or a device stands where a file should",
		Doc: `A workspace is read from regular files in its own folder alone. A symbolic link may lead out of it, to a file that
others can see then; a pipe, a socket or a device may never end. Put the file itself there. The workspace's folder may be named by
a link: ` + "`usher check current`" + ` follows it.`,
	},
	{
		Name: "workspace-too-large", Title: "a workspace has too many files, or too large ones",
		Doc: `A workspace holds up to 20,000 files of 32 MiB together, and up to 100,000 files and folders may lie in its folders
playbooks and templates. Usually something else was put there, such as a folder of another program: move it out.`,
	},
	{
		Name: "no-workspace", Title: "there is no usher.yaml",
		Doc: `A workspace is a folder with usher.yaml, which declares the member's attributes, the events, segments, channels and
coupon pools. ` + "`usher init DIR`" + ` writes a small one that passes.`,
	},
}

// shapeCodes are mistakes in the shape of what is written: keys and values.
var shapeCodes = []Code{
	{
		Name: "unknown-key", Title: "a key that does not exist here",
		Doc:  "Only the keys of the language are taken, so that a misspelt one is not silently ignored.",
		Bad:  "conditon: member.points > 5",
		Good: "condition: member.points > 5",
	},
	{
		Name: "missing-key", Title: "a key that must be there is missing",
		Doc: `A playbook needs id, stage, trigger and actions; an event trigger its event; a goal its within; and each action the
fields without which it cannot act. A mail without a subject and a birthday that does not come every year are warnings.`,
		Bad:  "goal: {event: order.paid}",
		Good: "goal: {event: order.paid, within: 7d}",
	},
	{
		Name: "exclusive-keys", Title: "keys that exclude each other",
		Doc: `A trigger has one kind, an item of actions one action, a message either text or template. What is to happen for two
triggers is two playbooks; two actions are two items. A mode for the second run of somebody who never enters again is a warning.`,
		Bad:  "actions:\n  - tag: buyer\n    coupon: {pool: newcomer-10}",
		Good: "actions:\n  - tag: buyer\n  - coupon: {pool: newcomer-10}",
	},
	{
		Name: "wrong-type", Title: "a value of the wrong type",
		Doc: `The value has another type than its place wants. Note that YAML reads 42 as a number and true as a bool: text that
looks like one of them needs quotes.`,
		Bad:  "name: 42",
		Good: "name: \"42\"",
	},
	{
		Name: "bad-value", Title: "a value that is not allowed here",
		Doc:  "The value is of the right type, but not one of those that its place takes.",
		Bad:  "mode: paralel",
		Good: "mode: parallel",
	},
	{
		Name: "duplicate-value", Title: "a value is listed twice", Advises: true,
		Doc:  "Each value of an enum is listed once.",
		Bad:  "usher: 1\nmember:\n  level: {enum: [bronze, silver, bronze]}",
		Good: "usher: 1\nmember:\n  level: {enum: [bronze, silver]}",
	},
	{
		Name: "unknown-type", Title: "a type that does not exist",
		Doc: `Types are string, int, number, bool, date and datetime; {enum: [a, b]}; {name: type} for an object; [type] for a
list; and "optional T" or {optional: T} for what may be missing.`,
		Bad:  "usher: 1\nmember:\n  age: integer",
		Good: "usher: 1\nmember:\n  age: int",
	},
	{
		Name: "bad-duration", Title: "a duration that cannot be read",
		Doc: `A duration is a whole number and one of s, m, h, d, w: 30s, 15m, 4h, 2d, 1w. A day is a local calendar day (the same
wall clock tomorrow), 24h is elapsed time: they differ when the clocks change. There is no month and no sum of two units.`,
		Bad:  "reentry: 2 day",
		Good: "reentry: 2d",
	},
	{
		Name: "bad-cron", Title: "a schedule that cannot be read",
		Doc: `A schedule has five fields: minute, hour, day of the month, month, day of the week (0 is Sunday). Each is *, a
number, a range 9-17, a list 1,15 or a step */10; months and days of the week have names as jan and mon too. "0 10 * * 1" is
every Monday at ten. L as the day of the month is its last day; 5L as the day of the week is the last Friday of the month, 1#1 the
first Monday. Seconds, years, @daily, ?, L-3 and W of other crons are not known here. A range that runs backwards, a step that is larger than what it goes through (*/90 of minutes comes once an hour) and a schedule that never comes, as on
February 30, are mistakes too. Put it in quotes: a value that begins with * needs them. An instant, as "2026-11-11 10:00", is a
schedule that comes once: its date is written 2026-11-11 and its time is always there.`,
		Bad:  "trigger: {schedule: \"0 25 * * 1\"}",
		Good: "trigger: {schedule: \"0 10 * * 1\"}",
	},
	{
		Name: "misread-cron", Title: "a schedule that is easily misread", Advises: true,
		Doc: `The schedule can be carried out, but seems to say something else than it does. A 31 is left out in months that
have none (L is the last day), and so is a fifth Monday. With both a day of the month and a day of the week, either will do, as in every cron: "0 9 13 * 5" comes on every
13th and on every Friday. A step that does not divide its range begins anew at its end: */45 comes at 0 and 45 of each hour.
A * for the minute beside a fixed hour comes sixty times. The next dates are shown; "usher check --verbose" shows them for
every schedule.`,
		Bad:  "trigger: {schedule: \"* 10 * * 1\"}",
		Good: "trigger: {schedule: \"0 10 * * 1\"}",
	},
	{
		Name: "bad-timezone", Title: "a time zone that does not exist",
		Doc: `Time zones are named as in the IANA database, by continent and city: Asia/Shanghai, Europe/Berlin, or UTC.
Abbreviations such as CST mean several zones and are not taken.`,
		Bad:  "trigger: {schedule: \"0 10 * * 1\", timezone: Asia/Shangai}",
		Good: "trigger: {schedule: \"0 10 * * 1\", timezone: Asia/Shanghai}",
	},
	{
		Name: "bad-name", Title: "a name with characters that it cannot have",
		Doc: `Playbooks are named in kebab-case (cart-rescue), because the name is part of addresses. Attributes, properties and
action ids are written in expressions after a dot, so they consist of letters, digits and _. Letters of Chinese and the
like are letters, but in the ids of playbooks.`,
		Bad:  "id: Cart_Rescue",
		Good: "id: cart-rescue",
	},
	{
		Name: "reserved-name", Title: "a name that is taken",
		Doc: `Every event has id, name and time, and every member id, tags, created_at, last_seen_at, points, timezone and
locale. They need no declaration, and nothing else can have their names.`,
		Bad:  "usher: 1\nevents:\n  order.paid: {id: string}",
		Good: "usher: 1\nevents:\n  order.paid: {order_id: string}",
	},
	{
		Name: "replaces-builtin", Title: "a declaration takes the place of what is built in", Advises: true,
		Doc: `Events as coupon.issued are made by usher itself, and every member has coupons. A workspace that declares an event or an
attribute of such a name means its own: that one comes from outside, as any other, and the built-in one is not there. The
reference of events lists them.`,
		Bad:  "usher: 1\nevents:\n  coupon.issued: {pool: string}\ncoupons:\n  newcomer-10: {prefix: NEW}",
		Good: "usher: 1\nevents:\n  coupon.shown: {pool: string}\ncoupons:\n  newcomer-10: {prefix: NEW}",
	},
	{
		Name: "builtin-event", Title: "an event that usher alone makes",
		Doc: `Events as coupon.issued say what usher did. No playbook emits them and nobody sends them, or they would say what
never was. They start playbooks, end waits and count in events() as any other.`,
		Bad:  "actions:\n  - emit: {event: coupon.issued, properties: {pool: newcomer-10, code: X}}",
		Good: "actions:\n  - emit: {event: member.left}",
	},
	{
		Name: "duplicate-id", Title: "two things have the same name",
		Doc: `Playbooks are unique in the workspace, action ids in their playbook, templates by their path without extension, tests
in their file. Runs, traces and results are kept under these names.`,
		Bad:  "actions:\n  - id: gift\n    tag: x\n  - id: gift\n    tag: y",
		Good: "actions:\n  - id: gift\n    tag: x\n  - id: gift2\n    tag: y",
	},
}
