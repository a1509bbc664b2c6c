package expression

import "regexp"

// foreignSyntaxRules are looked for in this order; the first that is found is told.
var foreignSyntaxRules = []foreignSyntax{
	{
		find: regexp.MustCompile(`\$\{\s*([^{}]*?)\s*\}`), message: "`${…}` is not written around an expression",
		write: "$1", sure: true,
	},
	{
		find:    regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`),
		message: "`{{ … }}` belongs to texts: this is an expression already", write: "$1", sure: true,
	},
	{
		find: regexp.MustCompile(`[$@](member|event|trigger|actions)\b`), message: "a name has no `$` or `@` before it",
		write: "$1", sure: true,
	},
	{
		find: regexp.MustCompile(`\s*([。；;，,])\s*$`), message: "nothing stands behind an expression", label: "leave it out",
		drop: true, sure: true,
	},
	{find: regexp.MustCompile(`===`), message: "`===` is not an operator", write: "==", sure: true},
	{find: regexp.MustCompile(`!==`), message: "`!==` is not an operator", write: "!=", sure: true},
	{find: regexp.MustCompile(`<>`), message: "`<>` is not an operator", write: "!=", sure: true},
	{find: regexp.MustCompile(`≠`), message: "`≠` is not an operator", write: "!=", sure: true},
	{find: regexp.MustCompile(`≥|⩾|≧`), message: "`%s` is not an operator", write: ">=", sure: true},
	{find: regexp.MustCompile(`≤|⩽|≦`), message: "`%s` is not an operator", write: "<=", sure: true},
	{find: regexp.MustCompile(`(>\s+=)(?:[^=]|$)`), message: "an operator has no space inside", write: ">=", sure: true},
	{find: regexp.MustCompile(`(<\s+=)(?:[^=]|$)`), message: "an operator has no space inside", write: "<=", sure: true},
	{find: regexp.MustCompile(`(!\s+=)(?:[^=]|$)`), message: "an operator has no space inside", write: "!=", sure: true},
	{
		find: regexp.MustCompile(`[^=<>!](=\s+=)(?:[^=]|$)`), message: "an operator has no space inside", write: "==",
		sure: true,
	},
	{find: regexp.MustCompile(`[^=<>!](=\s+>)(?:[^=]|$)`), message: "an operator has no space inside", write: ">="},
	{find: regexp.MustCompile(`[^=<>!](=\s+<)(?:[^=]|$)`), message: "an operator has no space inside", write: "<="},
	{find: regexp.MustCompile(`<\s+>`), message: "an operator has no space inside", write: "!="},
	{find: regexp.MustCompile(`=>`), message: "`=>` is not an operator", write: ">="},
	{find: regexp.MustCompile(`=<`), message: "`=<` is not an operator", write: "<="},
	{find: regexp.MustCompile(`=!`), message: "`=!` is not an operator", write: "!="},
	{
		find: regexp.MustCompile(`=~|!~|~`), message: "`%s` is not an operator",
		label: "write `matches` for a regular expression, `contains` for a part",
	},
	{find: regexp.MustCompile(`[\w)\]](->)[A-Za-z_]`), message: "`->` is not an operator", write: ".", sure: true},
	{find: regexp.MustCompile(`[\w)\]](::)[A-Za-z_]`), message: "`::` is not an operator", write: "."},
	{
		find: regexp.MustCompile(`\+\+|--|[-+*/]=`), message: "`%s` is not an operator: an expression changes nothing",
		label: "the action `set` changes a member, as in set: {level: gold}",
	},
	{find: regexp.MustCompile(`>>`), message: "`>>` is not an operator", write: ">"},
	{find: regexp.MustCompile(`<<`), message: "`<<` is not an operator", write: "<"},
	{
		find: regexp.MustCompile(`\bin\s*\(([^()]*,[^()]*)\)`), message: "a list stands in square brackets",
		write: "in [$1]", sure: true,
	},
	{find: regexp.MustCompile(`×`), message: "`×` is not an operator", write: "*", sure: true},
	{find: regexp.MustCompile(`÷`), message: "`÷` is not an operator", write: "/", sure: true},
	{
		find: regexp.MustCompile(`(?i)\bis\s+not\s+(?:null|nil|none)\b`), message: "`is not` is not an operator",
		write: "!= nil", sure: true,
	},
	{
		find: regexp.MustCompile(`(?i)\bis\s+(?:null|nil|none)\b`), message: "`is` is not an operator", write: "== nil",
		sure: true,
	},
	{
		find: regexp.MustCompile(`(?i)\bis\s+not\s+(?:empty|blank)\b`), message: "`is not` is not an operator",
		label: "write `!= nil` for what is there, `!= \"\"` for a text, or len(…) > 0 for a list",
	},
	{
		find: regexp.MustCompile(`(?i)\bis\s+(?:empty|blank)\b`), message: "`is` is not an operator",
		label: "write `== nil` for what is missing, `== \"\"` for a text, or len(…) == 0 for a list",
	},
	{find: regexp.MustCompile(`(?i)\bis\s+not\s+in\b`), message: "`is` is not an operator", write: "not in", sure: true},
	{find: regexp.MustCompile(`(?i)\bis\s+in\b`), message: "`is` is not an operator", write: "in", sure: true},
	{
		find: regexp.MustCompile(`(?i)\bis\s+not\b`), message: "`is not` is not an operator", write: "!=",
		label: "write `!=` for `is not`",
	},
	{find: regexp.MustCompile(`\bIS\b`), message: "`IS` is not an operator", write: "=="},
	{
		find: regexp.MustCompile(`(?i)\bnot\s+like\b|\blike\b`), message: "`%s` is not an operator",
		label: "write `contains`, `startsWith` or `endsWith`",
	},
	{
		find: regexp.MustCompile(`(?i)\bbetween\b`), message: "`between` is not an operator",
		label: "write both bounds: x >= 1 and x <= 9",
	},
	{
		find: regexp.MustCompile(`(?i)^\s*case\s+when\b`), message: "there is no `case` in an expression",
		label: "write c ? a : b; in actions there is `choose`",
	},
	{
		find: regexp.MustCompile(`(?i)^\s*(if|iif)\s*\(.*,`), message: "there is no `if` in an expression",
		label: "write c ? a : b",
	},
	{
		find: regexp.MustCompile(`(?i)^\s*(if|when|where|如果|若|当)[\s]`), message: "a condition stands alone",
		label: "leave `if` and its like out", drop: true,
	},
	{find: regexp.MustCompile(`(?i)\b(then)\b`), message: "there is no `then` in an expression", label: "write c ? a : b"},
	{find: regexp.MustCompile(`(?i)[\w)\]]\s+(mod)\s+[\w(]`), message: "`%s` is not an operator", write: "%", sure: true},
	{
		find: regexp.MustCompile(`(?i)[\w)\]]\s+(div)\s+[\w(]`), message: "`%s` is not an operator", write: "/",
		label: "write `/`; whole numbers are int(a / b)",
	},
	{
		find: regexp.MustCompile(`(?i)[\w)\]]\s+(xor)\s+[\w(]`), message: "`%s` is not an operator",
		label: "write `!=` between two conditions, each in brackets",
	},
	{
		find: regexp.MustCompile(`(?i)[\w)\]]\s+(has|have|includes|include|contain)\s`), message: "`%s` is not an operator",
		label: "write `contains` of a text, `in` of a list, as in \"vip\" in member.tags",
	},
	{find: regexp.MustCompile(`(?i)[\w)\]]\s+(exists)\b`), message: "`%s` is not an operator", write: "!= nil"},
	{find: regexp.MustCompile(`(?i)\bnot\s*>=`), message: "`not` stands before a whole condition", write: "<"},
	{find: regexp.MustCompile(`(?i)\bnot\s*<=`), message: "`not` stands before a whole condition", write: ">"},
	{find: regexp.MustCompile(`(?i)\bnot\s*>`), message: "`not` stands before a whole condition", write: "<="},
	{find: regexp.MustCompile(`(?i)\bnot\s*<`), message: "`not` stands before a whole condition", write: ">="},
	{find: regexp.MustCompile(`(?i)\bnot\s*==?`), message: "`not` stands before a whole condition", write: "!="},
	{find: regexp.MustCompile(`(?:^|[^\w.])(NOT|Not)\b`), message: "`%s` is not an operator", write: "not", sure: true},
	{find: regexp.MustCompile(`(?:^|[^\w.])(AND|And)\b`), message: "`%s` is not an operator", write: "and", sure: true},
	{find: regexp.MustCompile(`(?:^|[^\w.])(OR|Or)\b`), message: "`%s` is not an operator", write: "or", sure: true},
	{find: regexp.MustCompile(`(?:^|[^\w.])(IN|In)\b`), message: "`%s` is not an operator", write: "in", sure: true},
	{
		find:    regexp.MustCompile(`(?:^|[\s(])(contains|startsWith|endsWith|matches)\s*\(`),
		message: "`%s` is no function: it stands between two values", label: "as in member.nickname contains \"x\"",
	},
	{
		find:    regexp.MustCompile(`\b(max|min)\s*\([^()]*(?:\([^()]*\))?[^()]*,\s*\.`),
		message: "`%s` takes numbers, not a list", label: "write the list's first or last item, or sum(list, .x)",
	},
	{
		find: regexp.MustCompile(` ?(?:大于等于|不小于|不少于|不低于|至少) ?`), message: "`%s` is not an operator", write: " >= ",
		sure: true,
	},
	{
		find: regexp.MustCompile(` ?(?:小于等于|不大于|不超过|不多于|不高于|至多|最多) ?`), message: "`%s` is not an operator", write: " <= ",
		sure: true,
	},
	{find: regexp.MustCompile(` ?(?:不等于) ?`), message: "`%s` is not an operator", write: " != ", sure: true},
	{find: regexp.MustCompile(` ?(?:大于|超过|多于|高于) ?`), message: "`%s` is not an operator", write: " > ", sure: true},
	{find: regexp.MustCompile(` ?(?:小于|少于|低于) ?`), message: "`%s` is not an operator", write: " < ", sure: true},
	{find: regexp.MustCompile(` ?(?:等于) ?`), message: "`%s` is not an operator", write: " == ", sure: true},
	{
		find: regexp.MustCompile(` ?(?:不包含|不包括|不含) ?`), message: "`%s` is not an operator",
		label: "write `not contains` of a text, `not in` of a list",
	},
	{
		find: regexp.MustCompile(` ?(?:包含|包括|含有) ?`), message: "`%s` is not an operator",
		label: "write `contains` of a text, `in` of a list",
	},
	{find: regexp.MustCompile(` ?(?:不属于|不在) ?`), message: "`%s` is not an operator", write: " not in "},
	{find: regexp.MustCompile(` ?(?:属于) ?`), message: "`%s` is not an operator", write: " in "},
	{find: regexp.MustCompile(` ?(?:不为空|非空|有值|存在) ?`), message: "`%s` is not an operator", write: " != nil"},
	{find: regexp.MustCompile(` ?(?:为空|没有值|不存在) ?`), message: "`%s` is not an operator", write: " == nil"},
	{find: regexp.MustCompile(` ?(?:并且|而且|且) ?`), message: "`%s` is not an operator", write: " and ", sure: true},
	{find: regexp.MustCompile(` ?(?:或者|或) ?`), message: "`%s` is not an operator", write: " or ", sure: true},
	{
		find: regexp.MustCompile(`[\w"')\]]( *(?:和|与|以及|及|同时) *)[\w"'(\p{Han}]`), message: "`%s` is not an operator",
		write: " and ",
	},
	{
		find: regexp.MustCompile(`[\w"')\]]( *(?:不是|不为) *)[\w"'(]`), message: "`%s` is not an operator", write: " != ",
		label: "write `!=` between two values, `not` before a condition",
	},
	{find: regexp.MustCompile(`(?:^|[ (])(不是|非) ?`), message: "`%s` is not an operator", write: "not ", sure: true},
	{find: regexp.MustCompile(`[\w"')\]]( *(?:是|为) *)[\w"'(]`), message: "`%s` is not an operator", write: " == "},
	{find: regexp.MustCompile(`[^&](&)[^&]`), message: "`&` is not an operator", write: "and"},
	{find: regexp.MustCompile(`[^|](\|)[^|]`), message: "`|` is not an operator", write: "or"},
}
