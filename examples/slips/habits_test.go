package slips

import (
	"regexp"
	"strings"
)

// habits are what people write who come from another tool, language or keyboard: each turns what an
// example says into words that mean nothing here, or something else.
var habits = []struct{ what, find, with string }{
	{"months for hours", `\b(\d+)h\b`, "${1}M"},
	{"months for days", `\b(\d+)d\b`, "${1}M"},
	{"Chinese months", `\b(\d+)d\b`, "${1}个月"},
	{"a unit in a word", `\b(\d+)d\b`, "$1 days"},
	{"a Chinese unit", `\b(\d+)h\b`, "${1}小时"},
	{"untag", `\btag: \{remove: (\[[^\]]*\]|[^{}\[\],]+)\}`, "untag: $1"},
	{"remove_tag", `\btag: \{remove: (\[[^\]]*\]|[^{}\[\],]+)\}`, "remove_tag: $1"},
	{"swapped opposites", `\{add: `, "{addd: "},
	{"a question mark for optional", `optional (string|int|number|bool|date|datetime)\b`, "$1?"},
	{"optional behind its type", `optional (string|int|number|bool|date|datetime)\b`, "$1 optional"},
	{"curly quotes", `: "([^"\\{}]+)"`, ": “$1”"},
	{"corner quotes", `: "([^"\\{}]+)"`, ": 「$1」"},
	{"full-width quotes", `: "([^"\\{}]+)"`, ": ＂$1＂"},
	{"no quotes", `: "([^"\\]+)"`, ": $1"},
	{"no quotes, and a comment", `: "([^"\\]+)"\n`, ": $1 # 说明\n"},
	{"a comment without a space", `(: [^\s"'#\[{|>&][^\n#"'{}]*)\n`, "$1 #说明\n"},
	{"a full-width comment", `(: [^\s"'#\[{|>&][^\n#"'{}]*)\n`, "$1 ＃ 说明\n"},
	{"not contains", `("[^"]*") not in member\.tags`, "member.tags not contains $1"},
	{"contains", `("[^"]*") in member\.tags`, "member.tags contains $1"},
	{"contains without not", `("[^"]*") not in member\.tags`, "not member.tags contains $1"},
	{"one equals sign", ` == `, " = "},
	{"three equals signs", ` == `, " === "},
	{"an equals sign and an exclamation mark", ` != `, " =! "},
	{"two equals signs and an exclamation mark", ` != `, " !== "},
	{"SQL's unequal", ` != `, " <> "},
	{"a sign of mathematics", ` != `, " ≠ "},
	{"at least, as mathematics has it", ` >= `, " ≥ "},
	{"at most, as mathematics has it", ` <= `, " ≤ "},
	{"at least, turned round", ` >= `, " => "},
	{"a Chinese and", ` and `, " 且 "},
	{"a Chinese or", ` or `, " 或 "},
	{"a capital and", ` and `, " AND "},
	{"a single ampersand", ` and `, " & "},
	{"a comma for and", ` and `, ", "},
	{"is not null", ` != nil`, " is not null"},
	{"is null", ` == nil`, " is null"},
	{"a full-width colon", `([a-z]): `, "$1："},
	{"a colon without a space", `([a-z]): `, "$1:"},
	{"a full-width comma", `, `, "，"},
	{"an ideographic comma", `, `, "、"},
	{"a zero-width space", `([a-z])([a-z]+): `, "$1\u200b$2: "},
	{"a zero-width space behind a value", `(: [a-z]+)\n`, "$1\u200b\n"},
	{"a no-break space", `: `, ":\u00a0"},
	{"a no-break space in an expression", ` (==|and|in) `, "\u00a0$1\u00a0"},
	{"tabs", `\n  `, "\n\t"},
	{"a thousands separator", `\b(\d)(\d{3})\b`, "$1,$2"},
	{"ten thousand", `\b(\d)0000\b`, "${1}万"},
	{"full-width digits", `: 3`, ": ３"},
	{"a percentage without its sign", `holdout: (\d+)%`, "holdout: $1"},
	{"a share", `holdout: (\d)0%`, "holdout: 0.$1"},
	{"a time without its zero", `"0(\d:\d\d)"`, `"$1"`},
	{"a time without quotes", `"(\d\d:\d\d)"`, `$1`},
	{"a plain list", `exit: \[\{event: ([a-z.]+)\}\]`, "exit: $1"},
	{"a mapping for a list", `exit: \[(\{[^\]]*\})\]`, "exit: $1"},
	{"a tag for a segment", `in_segment\("([^"]+)"\)`, "segment.$1"},
	{"double braces in an expression", `condition: ([^\n#]+)\n`, "condition: {{ $1 }}\n"},
	{"a dollar before braces", `= (member\.[a-z_]+)\b`, "$${$1}"},
	{"a glued equals sign", `= (member\.[a-z_]+)\b`, "=$1"},
	{"two equals signs before a value", `([:{,] )(["']?)= (member\.[a-z_]+)\b`, "$1$2== $3"},
	{"no equals sign", `([:{,] )= (member\.[a-z_]+)\b`, "$1$2"},
	{"delay", `\bwait: `, "delay: "},
	{"when", `\bif: `, "when: "},
	{"unless", `\bif: `, "unless: "},
	{"elif", `\belse:`, "elif:"},
}

// mostPlaces is at how many places of a file a habit is followed: the first show what the next ones
// would.
const mostPlaces = 2

// habitsOf makes of a file a mutant for each place at which a habit could have been followed.
func habitsOf(file, text string) []mutant {
	var out []mutant
	for _, h := range habits {
		find := regexp.MustCompile(h.find)
		for _, at := range find.FindAllStringSubmatchIndex(text, mostPlaces) {
			with := string(find.ExpandString(nil, h.with, text, at))
			was := text[at[0]:at[1]]
			if with == was {
				continue
			}
			out = append(out, mutant{
				file: file, line: 1 + strings.Count(text[:at[0]], "\n"), kind: "habit", path: h.what, what: was, was: was,
				text: text[:at[0]] + with + text[at[1]:],
			})
		}
	}
	return out
}
