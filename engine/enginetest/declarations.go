package enginetest

import (
	"strings"

	"pgregory.net/rapid"
)

// usher declares what the random playbooks use, but for what [drawn] draws in the places of $NAME.
const usher = `usher: 1
timezone: America/New_York
locale: en
member:
  id: {normalize: $NORMALIZE}
  level: {enum: {a: 甲, b: 乙}, default: a}
  seen: int
  born: date
  paid: number
  news: {type: bool, default: true}
  said: string
  at: datetime
  inviter: ref member
  home: ref group
  orders: '= len(events("visit"))'
  rank: {enum: [low, mid, top], default: low}
objects:
  group:
    level: {enum: {a: 甲, b: 乙}, default: a}
    seen: int
    born: date
    paid: number
    news: bool
    said: string
    at: datetime
    owner: ref member
    orders: '= len(events("visit", "30d"))'
  shop: {seen: {type: int, default: 0}, said: string}
events:
  buy:
    {n: int, at: optional datetime, price: optional number, group: optional ref group, shops: {optional: [ref shop]},
    friend: optional ref member}
  visit: {group: optional ref group, at: optional ref shop}
  leave: {group: optional ref group}
  echo: {n: int, groups: {optional: [ref group]}, friend: optional ref member}
  joined: {invited_by: optional ref member, group: optional ref group, others: {optional: [ref member]}}
referral: joined.invited_by
$CONSENT
segments:
  g-buyers: {for: group, if: 'len(distinct(events("buy", "30d"), .member)) > 1'}
  g-spenders: {for: group, if: 'sum(events("buy", "3d"), .n) > 3'}
  g-quiet: {for: group, if: days_since(group.last_seen_at) >= 2}
  g-rich: {for: group, if: '"rich" in group.tags'}
  g-monthly: {for: group, if: 'len(events("buy", "this month")) > len(events("buy", "yesterday"))'}
  g-weekend: {for: group, if: weekday(now()) >= 6}
  g-lucky: {for: group, if: 'is_today(group.born ?? add_days(group.created_at, 3))'}
  g-stale: {for: group, if: 'now() - group.last_seen_at > duration("30h")'}
  g-today: {for: group, if: 'len(events("visit", "today")) > 1'}
  s-busy: {for: shop, if: 'len(events("buy", "today")) > 0'}
  buyers: len(events("buy", "30d")) > 0
  spenders: sum(events("buy", "3d"), .n) > 3
  quiet: days_since(member.last_seen_at) >= 2
  rich: member.points > 2 or "rich" in member.tags
  monthly: len(events("buy", "this month")) > len(events("buy", "yesterday"))
  weekend: weekday(now()) >= 6
  lucky: is_today(member.born ?? add_days(member.created_at, 3)) or days_between(member.created_at, now()) == 2
  holder: len(member.coupons) > 1
  ranked: member.rank != "low"
  stale: now() - member.last_seen_at > duration("30h")
  today: len(events("visit", "today")) > 1
  guided: member.inviter != nil and len(events("joined", "this year")) > len(events("joined", "last month"))
tables: {levels: {a: {least: 1, name: first}, c: {least: 3}}}
channels:
  out: {type: log}
  none: {type: "null"}
  mail: {type: smtp, url: "smtp://mail.test:25", from: "a@shop.test", reaches: {member: member.said, shop: shop.said}}
  robots: {type: wecom_robot, reaches: {group: group.said}}
  dings: {type: dingtalk_robot, reaches: {group: group.said}}
  feishus: {type: feishu_robot, reaches: {group: group.said}}
  app: {type: http, url: "https://app.test/", reaches: {member: member.id, group: group.id}}
  crm: {type: webhook, url: "https://crm.test/"}
$POINTS
levels: {attribute: rank, by: 'member.points + sum(events("buy", "2d"), .n) - days_since(member.last_seen_at)', steps: {mid: 2, top: 6}$GRACE}
coupons:
  one: {name: One, prefix: O, per_member: 2, expires: 2d}
  all: {active: {to: 2026-03-12}, codes: made}
  few: {quota: {max: 2, per: $PERIOD}}
  scarce: {budget: 3}
  loaded: {codes: imported}
raffles:
  instant: {prizes: {big: {count: 2, odds: 1/3}, small: {odds: 1/2}}, per_member: 4, active: {from: 2026-03-07}}
  later: {prizes: {one: {count: 2}, rest: {}}, draw: 2026-03-12}
  each: {prizes: {one: {count: 3}, rest: {}}, draw: "2026-03-10 02:30", prizes_each: true}
frequency_caps: [$CAP]
quiet_hours: {from: "22:00", to: "08:00"$CLOCK}
`

// drawn are what stands in usher.yaml in the place of a name.
var drawn = []struct {
	name  string
	forms []string
}{
	{"$NORMALIZE", []string{"lower"}},
	{"$CONSENT", []string{"consent: member.news", ""}},
	{"$POINTS", []string{"points: {expires: 3d}", "points: {expires: {month: 3, day: 11}}", "points: {expires: 365d}"}},
	{"$GRACE", []string{", grace: 30h", ""}},
	{"$PERIOD", []string{"day", "hour", "week", "month"}},
	{"$CAP", []string{"{max: 2, per: 24h}", "{max: 1, per: 6h}, {max: 3, per: 2d, channels: [out, app]}"}},
	{"$CLOCK", []string{", timezone: member", "", ", timezone: Asia/Shanghai"}},
}

// drawUsher draws usher.yaml.
func drawUsher(t *rapid.T) string {
	out := usher
	for _, d := range drawn {
		out = strings.ReplaceAll(out, d.name, Pick(t, d.name, d.forms))
	}
	return out
}

// The files that playbooks read, whatever is drawn.
var shared = map[string]string{
	"templates/ho.txt": "ho", "templates/hi.txt": "{{ member.seen }}", "templates/hi.zh.txt": "你好 {{ member.level }}",
	"templates/hi.en.txt":  "hi {{ member.level }}",
	"templates/g-hi.txt":   "{{ group.seen }} {{ group.level }}",
	"templates/g-ho.en.md": "# {{ group.id }}", "templates/g-ho.txt": "{{ group.tags | join }}",
	"templates/told.txt": "{{ group.seen }} {{ with.who }}",
	"snippets/pair.yaml": `params: {n: int, text: text, pool: {type: pool, default: one}, heard: {type: event, default: visit}, where: {type: segment, default: quiet}}
actions:
  - id: gift
    coupon: {pool: = params.pool}
  - id: came
    wait: {event: = params.heard, timeout: 1d}
  - if: actions.gift.issued and not actions.came.timed_out or in_segment(params.where)
    points: = params.n % 3
  - split:
      - {name: l, weight: 50, then: [{message: {channel: out, text: = params.text}}]}
      - {name: r, weight: 50, then: [{tag: = "n" + string(params.n)}]}
`,
	// What stands for members and objects alike: it names neither.
	"snippets/both.yaml": `params:
  text: text
  ps: optional text
  over: {type: channel, default: out}
  spare: optional channel
  written: {type: template, default: ho}
  other: optional template
  heard: event
  also: optional event
  inside: optional segment
  more: optional pool
  last: {type: optional string}
actions:
  - message: {channel: = params.over, text: = params.text}
  - id: came
    wait: {event: = params.heard, timeout: 12h}
  - message: {channel: out, class: transactional, template: = params.written}
  - if: params.last != nil
    tag: = params.last
`,
}
