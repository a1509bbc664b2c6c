package enginetest

// The parts that random playbooks are made of, as they are for members; {N} is a number of their own.
var (
	triggers = []string{
		"{event: buy}", "{event: buy, if: event.n > 1}", "{event: visit}", "{event: echo, if: event.n > 0}", "{event: leave}", "{event: raffle.drawn, if: event.prize != \"rest\"}",
		"{event: joined, if: event.invited_by != nil}", "{event: joined}", "{event: echo, if: event.friend != nil}",
		"{event: buy, if: \"event.friend == nil and (event.price ?? 1) > 0.5\"}",
		`{event: coupon.issued, if: event.pool == "one"}`, `{event: coupon.expired}`, `{event: coupon.redeemed}`,
		`{schedule: "0 10 * * *", segment: buyers}`, `{schedule: "30 2 * * 0"}`,
		`{schedule: "15 2 15,L * 0#1"}`, `{schedule: "2026-03-08 02:30"}`,
		`{schedule: "30 2 * * *", timezone: Pacific/Auckland, missed: run_once}`, `{schedule: "0 * 10 * *", missed: skip}`,
		"{http: {params: {n: int, friend: optional ref member, by: optional string}}}", "{http: }",
		`{any: [{id: one, event: buy, if: event.n > 2}, {id: two, event: buy}, {id: three, segment_exit: rich}]}`,
		`{any: [{id: one, schedule: "0 10 * * *", timezone: UTC, missed: run_once}, {id: two, schedule: "30 2 * * 0", segment: buyers}, {id: three, event: visit}]}`,
		`{any: [{id: one, date: member.born, every: month, offset: 1d}, {id: two, date: member.created_at, every: month, at: "02:30"}, {id: three, segment_enter: quiet}]}`,
		`{any: [{id: one, http: {params: {n: int}}}, {id: two, date: member.born, every: year, calendar: lunar}, {id: three, event: echo}]}`,
		"{changed: member.seen}", "{changed: member.points, if: trigger.after > trigger.before}", `{changed: member.tags, if: '"x" in trigger.after'}`,
		"{changed: member.inviter}", "{changed: member.home, if: trigger.before == nil}", "{changed: member.news}", "{changed: member.said}",
		`{any: [{id: one, changed: member.level}, {id: two, changed: member.tags}, {id: three, changed: member.born, if: trigger.after != nil}]}`,
		"{segment_enter: spenders}", "{segment_exit: buyers}", "{segment_enter: quiet}", "{segment_exit: rich}",
		"{segment_exit: quiet}", "{segment_enter: rich}", "{segment_enter: stale}", "{segment_enter: holder}", "{segment_enter: ranked}", "{segment_exit: ranked}", `{changed: member.rank, if: trigger.after != "low"}`, "{changed: member.rank}", "{event: points.expired, if: event.amount > 1}",
		"{segment_enter: weekend}", "{segment_enter: monthly}", "{segment_exit: monthly}", "{segment_exit: weekend}", "{segment_enter: lucky}",
		"{segment_enter: today}", "{segment_exit: today}", "{segment_enter: guided}",
		`{date: member.born, every: year, at: "09:00"}`, `{date: member.born, offset: -1d, at: "02:30"}`, "{date: member.at, offset: 2h}",
		"{date: member.created_at, every: year}", `{date: member.born, every: year, calendar: lunar, at: "02:30"}`, `{date: member.born, every: month, offset: -1d, at: "02:30"}`,
	}
	conditions = []string{
		`member.level == "a"`, `member.rank == "mid"`, `len(events("buy")) % 2 == 1`, `in_segment("spenders")`, `not in_segment("quiet")`,
		`"x" not in member.tags and hours_since(member.created_at) < 200`, `len(events("visit", "36h")) > 0`,
		`bucket(10) < 7`, `table("levels", member.level) != nil and member.points >= table("levels", member.level).least`, `(avg(events("buy", "3d"), .n) ?? 0) < 2 or len(distinct(events("buy"), .n)) > 2`,
		`table("levels", member.level)?.name != nil`,
		`most_common(events("buy"), .n) != 1 and (largest(events("buy"), .at ?? now())?.n ?? 0) < 4`, `sum(events("buy", "this week"), .n) > 3 or len(events("visit", "last week")) > 0`, `now() < datetime("2026-03-09 02:30") or hour(now()) >= 12`,
		`(smallest(events("buy", "30d"), .n)?.n ?? 0) < 2`, `none(events("buy", "30d"), .n > 3) or one(events("buy", "30d"), .n == 2)`,
		`(find(events("buy", "30d"), .n > 1)?.n ?? 3) < 3 and all(events("echo", "30d"), .n < 9)`,
		`(findLast(events("buy", "30d"), .at != nil)?.n ?? 3) > 1 or len(take(reverse(events("visit", "7d")), 2)) == 2`,
		`(most_common(events("buy", "30d"), .friend) ?? "m2") != member.id`, `len(distinct(events("echo", "7d"), .friend)) < 2`,
		`len(filter(events("buy", "7d"), .at != nil)) < 2 or is_today(member.created_at)`,
		`(last(events("joined", "30d"))?.invited_by ?? "m3") < "m3"`,
		`len(events("buy", "this year")) > len(events("buy", "last month")) or len(events("buy", "last year")) > 0`,
		`len(events("buy", "yesterday")) == 0 or len(events("visit", "today")) < 3 or len(events("visit", "this month")) > 4`,
		`(lunar(today()).day ?? 0) % 2 == 0 and years_between(member.born ?? today(), now()) < 30`,
		`(last(events("buy"))?.n ?? 0) > 1`, `len(events("coupon.issued", "2d")) < 3`, `len(events("raffle.drawn", "9d")) < 2`,
		`len(filter(member.coupons, .redeemed_at == nil and (.expires_at ?? now()) > now())) < 2`, `member.points < 5`, `points_expiring("2d") < 2`, `member.referral_code < "M"`,
		`floor(sum(events("buy", "30d"), .price ?? 0.5)) != 2 and (member.paid ?? 0) < 3`, `lower(trim(upper(member.level))) != "c"`, "member.news != true or member.said != nil",
		"vars.left > 0 or vars.first == nil",
	}
	extras = []string{
		"mode: restart", "mode: parallel", "mode: single", "reentry: 1d", "reentry: never", "reentry: always", "holdout: 40%", "goal: {event: buy, within: 3d}",
		"goal: {event: buy, if: event.n > 2, within: 12h}", "exit: [{event: leave}]",
		"exit: [{segment_exit: buyers}, {if: member.points > 6}]", "exit: [{segment_enter: quiet}, {event: leave}, {if: hours_since(member.created_at) > 60}]",
		`exit: [{if: 'len(vars.bought) > 2 or "y" in member.tags'}]`, "goal: {segment_exit: quiet, within: 5d}",
		"goal: [{event: buy, if: event.n > 2, within: 12h}, {if: member.points > 3, within: 3d}, {segment_enter: spenders, within: 2d}]",
		"goal: [{if: '\"x\" in member.tags', within: 2d}, {segment_enter: today, within: 3d}, {event: joined, within: 5d}]",
		"exit: [{event: buy, if: event.n == 4}, {event: leave}]", "exit: [{event: buy, if: event.n in vars.bought}]",
		"exit: [{segment_exit: today}, {event: joined, if: event.invited_by != nil}]", "exit: [{event: echo, if: event.friend == member.id}]",
		`active: {from: 2026-03-07, to: "2026-03-12 02:30", open: exit}`, "active: {to: 2026-03-10, open: exit}",
		"active: {to: 2026-03-15T10:00:00Z}", `active: {from: "2026-03-07 12:00", to: 2026-03-11, open: finish}`, "priority: 5", "priority: -3",
		"status: shadow", "status: shadow", "status: live", "status: paused", "status: draft", "owner: lena", "name: 新人",
		"quota: {max: 3, per: day}", "quota: {max: 4}", "quota: {max: 2, per: hour, by: = member.level}", "quota: {max: 5, per: month}",
		"quota: {max: 1, per: week, by: = member.seen}", "quota: {max: 2, by: = member.home}",
	}
	// vars stand in every playbook that names one.
	vars = "vars: {bought: '= distinct(events(\"buy\", \"3d\"), .n)', left: = 9 - len(vars.bought) - member.points," +
		" first: '= first(events(\"visit\", \"30d\"))?.time'}\n"
	actionsOfAll = []string{
		"use: pair\n  with: {n: = member.points, text: \"{{ member.seen }} {{ now | date: '%F' }}\"}",
		"use: pair\n  with: {n: 3, text: x, pool: '= member.level == \"a\" ? \"one\" : \"all\"', heard: buy}",
		"id: both{N}\n  use: both\n  with: {text: \"{{ member.seen }}\", heard: buy, last: = member.level}\n- if: not actions.both{N}.came.timed_out\n  tag: came",
		"use: both\n  with: {text: \"{{ member.level }}\", over: none, written: hi, heard: echo, inside: quiet}",
		"tag: {add: [x], remove: [y]}", "tag: {add: [x, rich], for: 1d}", "tag: {add: rich, for: 90m}", "tag: {add: [y], remove: [x]}", "coupon: {pool: one}", "coupon: few", "raffle: instant", "raffle: later", "raffle: {enter: later}",
		"coupon: scarce", "coupon: {pool: scarce}", "coupon: loaded", "raffle: each", "tag: {remove: [x, rich]}",
		`coupon: {pool: '= member.level == "a" ? "one" : "all"'}`, `message: {channel: out, template: '= member.level == "a" ? "hi" : "ho"'}`, "points: 2", "points: -1", "points: {take: 2}", "points: {take: '= member.points'}",
		"points: {add: 3, reason: gift}",
		`set: {seen: '= len(events("visit", "30d"))'}`, "wait: 1d", "wait: 36h", `wait: {until: "02:30"}`,
		"set: {paid: '= sum(events(\"buy\", \"3d\"), .price ?? 0)', said: = member.level, at: = now()}", "set: {inviter: = member.id, news: false}",
		"set: {inviter: '= last(events(\"echo\", \"9d\"))?.friend'}", "set: {home: '= last(events(\"buy\", \"9d\"))?.group'}",
		"set: {timezone: Asia/Shanghai}", "set: {born: = today(), said: '= member.said == nil ? \"a\" : \"b\"'}",
		`wait: {until: {weekday: sun, at: "02:30"}}`, "wait: {until: {day: last}}", "wait: {until: {weekday: wed}}", "wait: {until: {weekday: sat, at: \"10:00\"}}",
		"wait: {until: {weekday: mon}}", "wait: {until: {weekday: tue, at: \"02:30\"}}", "wait: {until: {weekday: thu}}", "wait: {until: {weekday: fri}}", "wait: {until: {day: 11, at: \"23:30\"}}",
		"wait: {until: '= add_days(now(), 2)'}", "wait: {until: 2026-03-12T06:30:00Z}", "wait: {until: = member.at}",
		"wait: {event: buy, if: event.n > 0, timeout: 2d}", "wait: {event: visit, timeout: 12h}",
		"wait: {any: [{id: one, event: buy, if: event.n > 1}, {id: two, event: visit}, {id: three, event: buy}], timeout: 2d}",
		"wait: {until: = member.points >= 4, timeout: 2d}", "wait: {segment_exit: buyers, timeout: 2d}", "wait: {segment_enter: spenders, timeout: 3d}",
		`wait: {if: 'len(events("visit", "12h")) == 0', timeout: 3d}`, "wait: {until: '= \"x\" in member.tags', timeout: 1d}",
		"wait: {any: [{id: one, event: buy}, {id: two, segment_enter: rich}, {id: three, if: weekday(now()) == 7}], timeout: 2d}",
		"id: any{N}\n  wait: {any: [{id: one, segment_exit: today}, {id: two, event: buy}, {id: three, event: echo, if: event.n > 1}], timeout: 1d}\n" +
			"- set: {said: '= (actions.any{N}.via ?? \"none\") + string(actions.any{N}.event?.n ?? 9)'}",
		"id: n{N}\n  wait: {event: buy, count: 2, since: trigger, timeout: 2d}\n- set: {seen: = actions.n{N}.count}\n" +
			"- if: not actions.n{N}.timed_out\n  set: {said: = string(actions.n{N}.event.n)}",
		"wait: {event: buy, count: 2, since: trigger, timeout: 3d}", "wait: {event: visit, if: member.points < 4, count: 2, timeout: 2d}",
		"wait: {event: echo, since: trigger, timeout: 1d}", "wait: {event: coupon.issued, timeout: 12h}", "wait: 10m",
		"id: w{N}\n  webhook: {url: \"https://crm.test/a\", body: {id: = member.id, orders: = member.orders}, returns: {score: int}, timeout: 20s}\n" +
			"- set: {seen: '= actions.w{N}.body?.score ?? actions.w{N}.status'}\n- tag: '= actions.w{N}.reason ?? \"ok\"'",
		"webhook: {url: = \"https://crm.test/\" + member.level, method: GET, headers: {X-Level: = member.level}}",
		"webhook: {url: \"https://crm.test/b\", method: PUT}", "webhook: https://crm.test/c",
		"webhook: {url: \"https://crm.test/d\", method: DELETE}", "webhook: {url: \"https://crm.test/e\", method: PATCH, body: {tags: = member.tags}}",
		"webhook: {url: \"https://crm.test/f\", method: POST, body: x}",
		"id: c{N}\n  coupon: one\n- wait: 12h\n- message: {channel: out, class: transactional, text: \"{% if actions.c{N}.issued %}{{ actions.c{N}.code }} " +
			"{{ actions.c{N}.expires_at | date: '%F' }}{% else %}{{ actions.c{N}.reason }}{% endif %}{% if actions.c{N}.redeemed_at %}!{% endif %}\"}",
		"id: r{N}\n  raffle: instant\n- set: {said: '= actions.r{N}.entered ? actions.r{N}.ticket + (actions.r{N}.prize ?? \"\") : actions.r{N}.reason ?? \"?\"'}",
		"id: t{N}\n  points: {take: 3, reason: swap}\n- if: actions.t{N}.taken\n  set: {seen: = actions.t{N}.balance}",
		"id: m{N}\n  message: {channel: out, class: promotional, variants: [{name: a, weight: 50, text: a}, {name: b, weight: 50, text: b}]}\n- wait: 1d\n" +
			"- set: {said: '= actions.m{N}.status + actions.m{N}.variant + (actions.m{N}.reason ?? \"-\")'}\n" +
			"- if: actions.m{N}.delivered_at != nil and actions.m{N}.opened_at == nil and actions.m{N}.clicked_at == nil\n  set: {at: = actions.m{N}.delivered_at}",
		"id: s{N}\n  split:\n    - {name: l, weight: 50, then: []}\n    - {name: r, weight: 50, then: [{tag: r}]}\n- set: {said: = actions.s{N}.name}",
		`message: {channel: out, text: "{{ member.level }} {{ member.seen }}"}`,
		`message: {channel: out, text: "{{ member.level | label }} {{ now | weekday }} {{ now | date: '%a %d %B' }}"}`,
		"message: {channel: out, class: transactional, text: hi}", "message: {channel: none, text: hi}",
		`message: {channel: out, text: x, attach: [{image: "https://a.test/{{ member.orders }}"}], data: {n: '= len(events("buy", "3d"))'}}`,
		`message: {channel: app, class: promotional, text: x, attach: [{link: {url: "https://a.test/?a={{ member.seen }}", title: a}}, {miniprogram: {appid: wx1, page: /p, title: "{{ member.level }}"}}]}`,
		`message: {channel: mail, subject: "{{ member.level }}", template: hi}`, `message: {channel: mail, to: "a@b.test", subject: x, text: x}`,
		"message: {channel: out, variants: [{name: a, weight: 33.3, text: a}, {name: b, weight: 66.7, template: hi}]}",
		"message: {channel: out, class: transactional, template: hi}", "set: {locale: zh-CN}",
		`emit: {event: echo, properties: {n: '= len(events("echo", "1d"))'}}`, "exit: enough",
		"emit: {event: echo, properties: {n: 2, friend: = member.inviter}}", "if: len(events(\"echo\", \"1h\")) < 3\n  emit: {event: echo, properties: {n: 1, friend: = member.id}, member: '= member.inviter ?? \"m2\"'}",
		"if: member.points > 1\n  tag: rich", "if: member.rank == \"top\"\n  points: -2", "set: {seen: = vars.left}",
		`message: {channel: out, text: "{{ vars.left }} {{ vars.first | date: '%F %R' }} {{ vars.bought | size }}"}`,
	}
	// named are actions that only name objects. What is emitted to others is bounded: else a chain that forks at each of
	// its links is beyond all patience.
	named = []string{
		"if: len(events(\"echo\", \"1h\")) < 3\n  emit: {event: echo, properties: {n: '= len(events(\"echo\", \"1d\"))', groups: [g1, g2]}}",
		"if: len(events(\"echo\", \"1h\")) < 3\n  emit: {event: echo, properties: {n: 1, groups: [g1]}, member: m1}",
		"if: len(events(\"visit\", \"1h\")) < 3\n  emit: {event: visit, properties: {at: s1, group: g2}}", "if: len(events(\"buy\", \"1h\")) < 3\n  emit: {event: buy, properties: {n: 1, shops: [s1, s2]}}",
		"message: {channel: out, to: {group: g1}, text: \"{{ group.level }} {{ group.seen }} {{ group.orders }}\"}",
		"message: {channel: robots, to: {group: g2}, with: {who: = member.id, n: = member.seen}, text: \"{{ group.id }} {{ with.who }} {{ with.n }}\"}",
		"id: to{N}\n  message: {channel: app, class: transactional, to: {group: '= last(events(\"buy\", \"9d\"))?.group'}, with: {who: '= last(events(\"buy\", \"9d\"))?.at'}, template: told}\n" +
			"- wait: 12h\n- set: {said: '= actions.to{N}.status + (actions.to{N}.reason ?? \"\")'}\n- if: actions.to{N}.delivered_at != nil\n  tag: told",
		"message: {channel: app, to: {group: = member.home}, with: {level: = member.level, at: = now()}, " +
			"variants: [{name: a, weight: 40, text: \"{{ with.at | date: '%F' }}\"}, {name: b, weight: 60, text: \"{{ with.level }} {{ group.said }}\"}]}",
		"message: {channel: dings, to: {group: g1}, with: {n: 3, s: x}, text: \"{% if group.seen %}{{ with.s }}{% else %}{{ with.n }}{% endif %}\", attach: [{link: {url: \"https://a.test/{{ group.id }}\", title: \"{{ with.n }}\"}}]}",
		"message: {channel: feishus, to: {group: g2}, text: \"{{ group.level | label }} {{ now | weekday }}\"}",
		"message: {channel: mail, to: {shop: s1}, subject: \"{{ shop.seen }}\", with: {n: = member.orders}, text: \"{{ with.n }} {{ shop.said }}\"}",
	}
	// asked are conditions about the trigger, and told are actions that name the group of the event that began the run.
	asked = []string{`(trigger.group ?? "g1") == "g1"`, `(trigger.group ?? "g2") != (member.home ?? "g2")`}
	told  = []string{
		"message: {channel: app, to: {group: = trigger.group}, with: {who: = member.level}, text: \"{{ with.who }} {{ group.seen }}\"}",
		"message: {channel: out, class: transactional, to: {group: = trigger.group}, with: {who: = member.said, at: = trigger.time}, template: told}",
		"set: {home: = trigger.group}", "if: len(events(\"visit\", \"1h\")) < 3\n  emit: {event: visit, properties: {group: = trigger.group}}",
	}
	// ofObjects are actions of groups about the member that an event names.
	ofObjects = []string{
		"if: trigger.member != nil and len(events(\"echo\", \"1h\")) < 3\n  emit: {event: echo, properties: {n: 1, friend: = trigger.member}, member: = trigger.member}",
		"set: {owner: = trigger.member}", "if: trigger.member != group.owner\n  tag: strange",
		"set: {seen: '= len(distinct(events(\"buy\", \"9d\"), .member))', said: = trigger.member}",
	}
	forksOfAll = []string{
		"- if: member.level == \"b\"\n  then:\n%s  else:\n%s",
		"- choose:\n    - if: member.points > 2\n      then:\n%s    - else:\n%s",
		"- choose:\n    - if: (member.seen ?? 0) > 1\n      then:\n%s    - else:\n%s",
		"- split:\n    by: = member.level\n    ways:\n    - name: l\n      weight: 50\n      then:\n%s    - name: r\n      weight: 50\n      then:\n%s",
		"- split:\n    - name: l\n      weight: 50\n      then:\n%s    - name: r\n      weight: 50\n      then:\n%s",
	}
	// texts use every filter and every tag.
	texts = []string{
		"{{ member.id | upcase | append: '!' | prepend: '<' | escape | escape_once }}{{ member.level | capitalize | downcase }}",
		"{% for t in member.tags %}{% if t == 'x' %}{% continue %}{% elsif t == 'rich' %}{% break %}{% endif %}{{ t | strip | lstrip | rstrip }},{% else %}none{% endfor %}",
		"{% assign n = member.seen | default: 3 %}{{ n | plus: 2 | minus: 1 | times: 3 | divided_by: 2 | modulo: 5 | abs | at_least: 1 | at_most: 9 }}",
		"{% assign p = member.paid | default: 0.5 %}{{ p | ceil }}{{ p | floor }}{{ p | round: 1 }}{{ p | money }}{{ member.orders | pluralize: 'a', 'b' }}",
		"{% case member.level %}{% when 'a' %}{{ member.tags | first }}{% else %}{{ member.tags | last }}{% endcase %}{{ member.tags | size }}",
		"{% capture all %}{{ member.tags | sort | reverse | uniq | compact | join: '/' }}{% endcapture %}{{ all | replace: 'x', 'y' | remove: 'r' | truncate: 3 | url_encode | url_decode }}",
		"{% unless member.news %}{{ member.tags | concat: member.tags | sort_natural | json }}{% endunless %}{% raw %}{{ x }}{% endraw %}{% comment %}no{% endcomment %}",
		"{{ member.id | replace_first: 'm', 'n' | replace_last: '1', '2' | remove_first: 'n' | remove_last: '2' | slice: 0, 2 }}{{ 'a b c' | truncatewords: 2 }}",
		"{{ '<b>a</b>' | strip_html | strip_newlines | newline_to_br }}{{ 'a,b' | split: ',' | last }}{{ member.created_at | add_days: 2 | date: '%F' }}",
	}
	// textsOfMembers use those that objects have no lists for.
	textsOfMembers = []string{
		"{{ member.coupons | map: 'code' | size }}{{ member.coupons | where: 'pool', 'one' | size }}{{ vars.bought | sum }}",
	}
)

// ofShops is a playbook for objects of another kind.
const ofShops = `id: shop
for: shop
stage: retention
trigger: {any: [{id: bought, event: buy}, {id: seen, event: visit}, {id: busy, segment_enter: s-busy}]}
mode: parallel
reentry: 2h
actions:
  - set: {seen: = shop.seen + 1}
  - wait: {event: buy, timeout: 1d}
  - message: {channel: out, class: transactional, to: {group: g1}, with: {shop: = shop.id}, text: "{{ with.shop }} {{ group.level }}"}
  - message: {channel: mail, subject: x, text: "{{ shop.seen }}"}
`
