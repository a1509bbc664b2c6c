package diag

// nameCodes are names that nothing has.
var nameCodes = []Code{
	{
		Name: "unknown-event", Title: "an event that is not declared",
		Doc: `Events are declared under events: in usher.yaml with their properties. An undeclared event is accepted and kept,
but no playbook can name it until it is declared.`,
		Bad:  "goal: {event: order.payed, within: 7d}",
		Good: "goal: {event: order.paid, within: 7d}",
	},
	{
		Name: "unknown-segment", Title: "a segment that is not declared",
		Doc:  "Segments are declared under segments: in usher.yaml, each a name and an expression about the member.",
		Bad:  "condition: in_segment(\"dormat\")",
		Good: "condition: in_segment(\"dormant\")",
	},
	{
		Name: "unknown-kind", Title: "a kind of objects that is not declared",
		Doc:  "Groups, stores and the like are declared under objects: in usher.yaml, each kind with its attributes.",
		Bad:  "usher: 1\nobjects: {group: {title: string}}\nevents:\n  group.joined: {group: ref grup}",
		Good: "usher: 1\nobjects: {group: {title: string}}\nevents:\n  group.joined: {group: ref group}",
	},
	{
		Name: "wrong-subject", Title: "something of others than this is about",
		Doc: `A playbook or a segment is about members, or with for: about one kind of objects. Events, segments, channels and actions have to
be theirs: an event names an object by a property of the type ref, a channel says by reaches whom it reaches, and coupons and points are
for members alone.`,
	},
	{
		Name: "missing-window", Title: "events() of an object without a window",
		Doc: `Of a group or a store there may be millions of events. What is asked of its history names a window, which bounds what one
decision costs.`,
		Bad:  "usher: 1\nobjects: {group: {messages: '= len(events(\"group.message\"))'}}\nevents:\n  group.message: {group: ref group}",
		Good: "usher: 1\nobjects: {group: {messages: '= len(events(\"group.message\", \"7d\"))'}}\nevents:\n  group.message: {group: ref group}",
	},
	{
		Name: "unknown-channel", Title: "a channel that is not declared",
		Doc:  "Message channels are declared under channels: in usher.yaml. A message names one of them, not its type.",
		Bad:  "actions:\n  - message: {channel: wechat, text: Hello}",
		Good: "actions:\n  - message: {channel: wecom, text: Hello}",
	},
	{
		Name: "unknown-channel-type", Title: "a type of channel that does not exist",
		Doc:  "The type says how messages of the channel are carried. The reference of channels lists the types there are.",
		Bad:  "usher: 1\nchannels:\n  mail: {type: smpt, url: \"${SMTP_URL}\", from: hi@acme.test}",
		Good: "usher: 1\nchannels:\n  mail: {type: smtp, url: \"${SMTP_URL}\", from: hi@acme.test}",
	},
	{
		Name: "cannot-send", Title: "a message has what its channel cannot send", Advises: true,
		Doc: `A channel type says what it can send beside a text: images, links, pages of mini programs, and which fields data may hold. The
reference of channels lists it. What one channel cannot send may go over another, or as an address in the text.`,
		Bad:  "actions:\n  - message: {channel: email, subject: Hello, text: Hello, attach: [{miniprogram: {appid: wx1, page: /p, title: Look}}]}",
		Good: "actions:\n  - message: {channel: email, subject: Hello, text: \"Hello: https://shop.test/p\"}",
	},
	{
		Name: "unknown-table", Title: "a table that is not declared",
		Doc: "Tables are declared under tables: in usher.yaml, each with its rows by key.",
		Bad: "condition: table(\"gift\", member.level) != nil",
	},
	{
		Name: "unknown-row", Title: "a row that a table does not have",
		Doc: "A key that is written out must be one of the table's rows. Where the key varies, the row may be missing: test it first.",
	},
	{
		Name: "unknown-pool", Title: "a coupon pool that is not declared",
		Doc:  "Coupon pools are declared under coupons: in usher.yaml with their prefix, budget and limits.",
		Bad:  "actions:\n  - coupon: {pool: newcomer-20}",
		Good: "actions:\n  - coupon: {pool: newcomer-10}",
	},
	{
		Name: "unknown-raffle", Title: "a raffle that is not declared",
		Doc: "Raffles are declared under raffles: in usher.yaml with their prizes.",
		Bad: "actions:\n  - raffle: {enter: sprnig}",
	},
	{
		Name: "unbounded-name", Title: "an expression that may name anything, where a name of the workspace stands",
		Doc: `A pool, a channel or a template may be an expression, as long as check can look at all that it may give: constants, enums and
columns of tables, joined by ?? and ? :. A text that may be anything could name what does not exist.`,
		Bad:  "actions:\n  - coupon: {pool: '= member.nickname ?? \"newcomer-10\"'}",
		Good: "actions:\n  - coupon: {pool: '= member.level == \"gold\" ? \"newcomer-10\" : \"newcomer-10\"'}",
	},
	{
		Name: "unknown-snippet", Title: "a snippet that does not exist",
		Doc:  "A snippet is named by its path below snippets/, without its extension: `use: thanks` is snippets/thanks.yaml.",
		Bad:  "actions:\n  - use: thansk",
		Good: "actions:\n  - tag: thanked",
	},
	{
		Name: "unknown-template", Title: "a template that does not exist",
		Doc: `Templates are files below templates/. They are named by their path there without the extension:
templates/mail/welcome.html is mail/welcome.`,
		Bad:  "actions:\n  - message: {channel: wecom, template: nowhere}",
		Good: "actions:\n  - message: {channel: wecom, text: Hello}",
	},
	{
		Name: "unknown-playbook", Title: "a playbook that does not exist",
		Doc:  "A test names the playbook that it tests by its id, and others that are live beside it under with:.",
		Bad:  "playbook: cart-resque\ntests: []",
		Good: "playbook: example\ntests: []",
	},
	{
		Name: "unknown-member", Title: "a test has no such member",
		Doc: `A step, a line of the history or an expect speaks of a member of its test by their id. The members of a test are
listed under member: or members:.`,
		Bad: `playbook: example
tests:
  - name: two
    members: [{id: anna}, {id: ben}]
    script:
      - {member: bem, event: order.paid, properties: {order_id: o1, amount: 1}}`,
		Good: `playbook: example
tests:
  - name: two
    members: [{id: anna}, {id: ben}]
    script:
      - {member: ben, event: order.paid, properties: {order_id: o1, amount: 1}}`,
	},
	{
		Name: "unknown-action", Title: "an action that does not exist",
		Doc:  "An item of actions has exactly one key that says what to do. The reference lists the actions there are.",
		Bad:  "actions:\n  - mesage: {channel: wecom, text: Hello}",
		Good: "actions:\n  - message: {channel: wecom, text: Hello}",
	},
	{
		Name: "unknown-field", Title: "an attribute or property that is not declared",
		Doc: `Expressions may only name what usher.yaml declares: attributes under member:, properties under their event. What is
not declared is kept when it arrives, but it has no type and cannot be used.`,
		Bad:  "condition: member.levle == \"gold\"",
		Good: "condition: member.level == \"gold\"",
	},
	{
		Name: "unknown-name", Title: "a name that is not in scope",
		Doc: `In scope are member, trigger (what started the run), actions.<id> (results of the actions before) and event, only in
the if beside an event: key. Text is quoted, or it is taken for a name.`,
		Bad:  "condition: level == \"gold\"",
		Good: "condition: member.level == \"gold\"",
	},
	{
		Name: "unknown-function", Title: "a function that does not exist",
		Doc:  "The reference lists the functions of expressions. Those that are random or ask the machine's clock do not exist here.",
		Bad:  "condition: days_sinse(member.created_at) > 3",
		Good: "condition: days_since(member.created_at) > 3",
	},
	{
		Name: "unknown-action-id", Title: "an action id that does not exist",
		Doc:  "actions.<id> is the result of the action with that id in the same playbook. Give the action an id to use its result.",
		Bad:  "actions:\n  - id: gift\n    coupon: {pool: newcomer-10}\n  - if: actions.gfit.issued\n    tag: lucky",
		Good: "actions:\n  - id: gift\n    coupon: {pool: newcomer-10}\n  - if: actions.gift.issued\n    tag: lucky",
	},
	{
		Name: "property-of-other-event", Title: "a property of another event",
		Doc: `The property is declared, but for another event than the one looked at here. trigger has the properties of the event
that started the run, event those of the event beside the if.`,
		Bad:  "trigger: {event: cart.updated, if: event.amount > 3}",
		Good: "trigger: {event: cart.updated, if: event.total > 3}",
	},
}

// meaningCodes are playbooks that are well written but cannot be meant.
var meaningCodes = []Code{
	{
		Name: "secret-in-file", Title: "a secret stands in usher.yaml", Advises: true,
		Doc: `A password or a key that is written into a file is known to all who read the repository, for ever. Channels read it from the
environment: ${NAME} in their fields. serve refuses a name that is not set, check says which are missing.`,
		Bad:  "usher: 1\nchannels: {mail: {type: smtp, url: \"smtp://u:secret@mail.acme.test:465\", from: hi@acme.test}}",
		Good: "usher: 1\nchannels: {mail: {type: smtp, url: \"${SMTP_URL}\", from: hi@acme.test}}",
	},
	{
		Name: "unreachable", Title: "an action or an exit that is never reached", Advises: true,
		Doc: `An exit ends the run, so what stands after it in the same list never happens. Remove it, or guard the exit by an if.
The exit in the head of a playbook ends runs that wait; where nothing waits it ends none, which is a warning.`,
		Bad:  "actions:\n  - exit: finished\n  - tag: buyer",
		Good: "actions:\n  - tag: buyer\n  - exit: finished",
	},
	{
		Name: "split-weights", Title: "weights of a split that do not sum to 100",
		Doc: `A weight is the percentage of members who go that way, so the weights of a split sum to 100. They may have two
decimals: 33.33, 33.33 and 33.34.`,
		Bad:  "actions:\n  - split:\n      - {name: a, weight: 50, then: [{tag: a}]}\n      - {name: b, weight: 40, then: [{tag: b}]}",
		Good: "actions:\n  - split:\n      - {name: a, weight: 50, then: [{tag: a}]}\n      - {name: b, weight: 50, then: [{tag: b}]}",
	},
	{
		Name: "wait-timeout", Title: "a wait for an event without a timeout",
		Doc: `The event may never come, and a run that waits for ever keeps its member out of the playbook. After the timeout the run
goes on, and actions.<id>.timed_out is true.`,
		Bad:  "actions:\n  - wait: {event: order.paid}",
		Good: "actions:\n  - wait: {event: order.paid, timeout: 2d}",
	},
	{
		Name: "not-settable", Title: "a field that cannot be set",
		Doc: `A computed attribute has the value of its expression, and usher itself keeps id, tags, created_at, last_seen_at and
points. Tags are changed by the action tag. The attribute of levels follows its number, and nobody else writes it.`,
		Bad:  "actions:\n  - set: {points: 100}",
		Good: "actions:\n  - set: {level: gold}",
	},
	{
		Name: "forgotten-equals", Title: "a text that looks like an expression (a warning where a text may stand)",
		Doc:  "A value is an expression when it begins with `= `, and else what is written. Write the `= `, or leave it if the text is meant.",
		Bad:  "actions:\n  - points: member.points",
		Good: "actions:\n  - points: = member.points",
	},
	{
		Name: "cycle", Title: "playbooks that start each other (warning)", Advises: true,
		Doc: `An action of one emits the event that starts the other, or changes what a segment depends on whose border starts it, and so
on back to the first. Such a chain stops after 16 with an error. A reentry on one of them ends it: nobody enters twice at once.`,
		Bad:  "actions:\n  - emit: {event: cart.updated, properties: {cart_id: c1, total: 1}}",
		Good: "actions:\n  - emit: member.left",
	},
	{
		Name: "unused", Title: "a declaration that nothing uses (warning)", Advises: true,
		Doc: "No playbook uses the segment, channel, coupon pool or template. It does no harm, but often tells of a slip elsewhere.",
	},
	{
		Name: "missing-variant", Title: "a template without a text for a locale that others have (warning)", Advises: true,
		Doc: `A template may have variants for locales: welcome.zh-CN.txt beside welcome.txt. A member gets the one for their locale, else for
its language, else for the workspace's, else the file without a locale. This template has some variants, but none for a locale
that a variant of another template is for: its members would get two languages. The file without a locale is taken to be in the workspace's.`,
	},
	{
		Name: "misspelt", Title: "a tag, owner, exit reason or column that is almost another (warning)", Advises: true,
		Doc: `Tags, owners and the reasons of an exit are words of your own, declared nowhere. One that stands in a single place and is a
slip of the keyboard away from another that stands elsewhere is most likely that one. A tag that is looked for or removed, while nothing
adds it and something adds one that is almost the same, is looked for in vain. Numbers, endings and first letters make words of their
own: vip-1 and vip-2, buyer and buyers. If both are meant, a test that expects the tag says so. The columns of a table are such words
too: one that a single row has, in place of one that other rows have, is most likely that one.`,
		Bad:  "actions:\n  - tag: newcomer\n  - tag: {remove: newcomr}",
		Good: "actions:\n  - tag: newcomer\n  - tag: {remove: newcomer}",
	},
	{
		Name: "joined-tags", Title: "several tags in one text (warning)", Advises: true,
		Doc: `A tag is a whole text: a comma or semicolon in it is part of its name, and nobody who looks for one of its parts finds it.
Several tags are a list. If one tag is meant, put it in quotes.`,
		Bad:  "actions:\n  - tag: vip,newcomer",
		Good: "actions:\n  - tag: [vip, newcomer]",
	},
	{
		Name: "untested", Title: "a live playbook without a test (warning under --strict)", Advises: true,
		Doc: "A live playbook acts on real members. A test beside it, NAME_test.yaml, shows what it does before it does.",
	},
}

// textCodes are mistakes in Liquid.
var textCodes = []Code{
	{
		Name: "template-syntax", Title: "a text that is not valid Liquid",
		Doc: `Texts are Liquid: {{ value | filter }} prints, {% if %} … {% elsif %} … {% else %} … {% endif %} decides, {% case %} picks,
{% for item in list %} … {% else %} … {% endfor %} repeats, {% assign name = value %} and {% capture name %} … {% endcapture %}
name. It compares with == and !=, joins with and and or, and calculates by filters; a filter cannot stand in a comparison. Nothing
stands behind else and end…. include and render do not exist here, loops nest at most two deep, and a text may become 64 KiB
at most.`,
		Bad:  "actions:\n  - message: {channel: wecom, text: \"Hello {{ member.nickname\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"Hello {{ member.nickname }}\"}",
	},
	{
		Name: "unknown-variable", Title: "a text names a variable that does not exist",
		Doc: `A text sees member, trigger, actions.<id> of the actions before, and what it binds itself by assign, capture and for, and now, the
instant of the decision. A declared value that is missing prints nothing; give it a default: {{ member.nickname | default: "friend" }}.`,
		Bad:  "actions:\n  - message: {channel: wecom, text: \"Hello {{ member.nicknme }}\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"Hello {{ member.nickname }}\"}",
	},
	{
		Name: "unguarded-result", Title: "a value that a result may lack is sent without a look at whether it is there", Advises: true,
		Doc: `A coupon that was not issued, as when the budget of its pool is used up, has no code, and a wait that timed out has no event. A
text then shows nothing in that place, and a field such as set: or the body of a webhook takes nothing. Ask first: {% if %} in a
text, if: beside the action, or give what stands in for it: | default: in a text, ?? in an expression.`,
		Bad: "actions:\n  - id: gift\n    coupon: {pool: newcomer-10}\n  - message: {channel: wecom, text: \"Your code: {{ actions.gift.code }}\"}",
		Good: "actions:\n  - id: gift\n    coupon: {pool: newcomer-10}\n  - if: actions.gift.issued\n" +
			"    message: {channel: wecom, text: \"Your code: {{ actions.gift.code }}\"}",
	},
	{
		Name: "unknown-filter", Title: "a text uses a filter that does not exist",
		Doc:  "The filters are those of Liquid, as default, upcase, date, round, join, truncate and escape, and add_days. The reference lists them.",
		Bad:  "actions:\n  - message: {channel: wecom, text: \"{{ member.nickname | defualt: 'friend' }}\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"{{ member.nickname | default: 'friend' }}\"}",
	},
	{
		Name: "bad-date-format", Title: "a date format that prints something else", Advises: true,
		Doc: `The filter date writes a time by a format of strftime: %Y year, %m month, %d day, %H hour, %M minute, %S second, %A day of
the week. What has no % is printed as it stands, so YYYY-MM-DD is %Y-%m-%d. %M is the minute and %m the month.`,
		Bad:  "actions:\n  - message: {channel: wecom, text: \"Since {{ member.created_at | date: 'YYYY-MM-DD' }}\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"Since {{ member.created_at | date: '%Y-%m-%d' }}\"}",
	},
	{
		Name: "empty-text", Title: "a text that is empty", Advises: true,
		Doc:  "The text has nothing that is ever shown: it is empty, or has blanks, comments and assignments alone. An empty message would be sent.",
		Bad:  "actions:\n  - message: {channel: wecom, text: \"  \"}",
		Good: "actions:\n  - message: {channel: wecom, text: Hello}",
	},
	{
		Name: "mixed-and-or", Title: "and and or in one condition of a text, without brackets", Advises: true,
		Doc: `Liquid reads a condition from the right, whatever its words are: a and b or c is a and (b or c). Other languages read it as
(a and b) or c. Brackets say which is meant.`,
		Bad:  "actions:\n  - message: {channel: wecom, text: \"{% if member.points > 3 and member.email or member.nickname %}Hello{% else %}Hi{% endif %}\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"{% if member.points > 3 and (member.email or member.nickname) %}Hello{% else %}Hi{% endif %}\"}",
	},
	{
		Name: "not-filled-in", Title: "a placeholder that would be sent as it stands", Advises: true,
		Doc: `Only {{ … }} is filled in. {name}, ${name}, <%= name %> and the like are placeholders of other tools, and member.nickname
without braces is plain text. What is meant so stands in {% raw %} … {% endraw %}.`,
		Bad:  "actions:\n  - message: {channel: wecom, text: \"Hello {nickname}\"}",
		Good: "actions:\n  - message: {channel: wecom, text: \"Hello {{ member.nickname }}\"}",
	},
}
