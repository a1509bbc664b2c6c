package foreign

import "regexp"

// Syntax is a way of writing that means nothing in an expression.
type Syntax struct {
	Find    *regexp.Regexp // the first group is what is meant, all of it when there is none
	Message string         // %s is what was written
	Write   string         // what to write in its place; "": see Label
	Label   string
	Sure    bool // nothing else can be meant
	Drop    bool // what was written is left out
}

// SyntaxRules are looked for in this order; the first that is found is told.
var SyntaxRules = []Syntax{
	{
		Find: regexp.MustCompile(`\$\{\s*([^{}]*?)\s*\}`), Message: "`${…}` is not written around an expression",
		Write: "$1", Sure: true,
	},
	{
		Find:    regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`),
		Message: "`{{ … }}` belongs to texts: this is an expression already", Write: "$1", Sure: true,
	},
	{
		Find: regexp.MustCompile(`[$@](member|event|trigger|actions)\b`), Message: "a name has no `$` or `@` before it",
		Write: "$1", Sure: true,
	},
	{
		Find: regexp.MustCompile(`\s*([。；;，,])\s*$`), Message: "nothing stands behind an expression", Label: "leave it out",
		Drop: true, Sure: true,
	},
	{Find: regexp.MustCompile(`===`), Message: "`===` is not an operator", Write: "==", Sure: true},
	{Find: regexp.MustCompile(`!==`), Message: "`!==` is not an operator", Write: "!=", Sure: true},
	{Find: regexp.MustCompile(`<>`), Message: "`<>` is not an operator", Write: "!=", Sure: true},
	{Find: regexp.MustCompile(`≠`), Message: "`≠` is not an operator", Write: "!=", Sure: true},
	{Find: regexp.MustCompile(`≥|⩾|≧`), Message: "`%s` is not an operator", Write: ">=", Sure: true},
	{Find: regexp.MustCompile(`≤|⩽|≦`), Message: "`%s` is not an operator", Write: "<=", Sure: true},
	{Find: regexp.MustCompile(`(>\s+=)(?:[^=]|$)`), Message: "an operator has no space inside", Write: ">=", Sure: true},
	{Find: regexp.MustCompile(`(<\s+=)(?:[^=]|$)`), Message: "an operator has no space inside", Write: "<=", Sure: true},
	{Find: regexp.MustCompile(`(!\s+=)(?:[^=]|$)`), Message: "an operator has no space inside", Write: "!=", Sure: true},
	{
		Find: regexp.MustCompile(`[^=<>!](=\s+=)(?:[^=]|$)`), Message: "an operator has no space inside", Write: "==",
		Sure: true,
	},
	{Find: regexp.MustCompile(`[^=<>!](=\s+>)(?:[^=]|$)`), Message: "an operator has no space inside", Write: ">="},
	{Find: regexp.MustCompile(`[^=<>!](=\s+<)(?:[^=]|$)`), Message: "an operator has no space inside", Write: "<="},
	{Find: regexp.MustCompile(`<\s+>`), Message: "an operator has no space inside", Write: "!="},
	{Find: regexp.MustCompile(`=>`), Message: "`=>` is not an operator", Write: ">="},
	{Find: regexp.MustCompile(`=<`), Message: "`=<` is not an operator", Write: "<="},
	{Find: regexp.MustCompile(`=!`), Message: "`=!` is not an operator", Write: "!="},
	{
		Find: regexp.MustCompile(`=~|!~|~`), Message: "`%s` is not an operator",
		Label: "write `matches` for a regular expression, `contains` for a part",
	},
	{Find: regexp.MustCompile(`[\w)\]](->)[A-Za-z_]`), Message: "`->` is not an operator", Write: ".", Sure: true},
	{Find: regexp.MustCompile(`[\w)\]](::)[A-Za-z_]`), Message: "`::` is not an operator", Write: "."},
	{
		Find: regexp.MustCompile(`\+\+|--|[-+*/]=`), Message: "`%s` is not an operator: an expression changes nothing",
		Label: "the action `set` changes a member, as in set: {level: gold}",
	},
	{Find: regexp.MustCompile(`>>`), Message: "`>>` is not an operator", Write: ">"},
	{Find: regexp.MustCompile(`<<`), Message: "`<<` is not an operator", Write: "<"},
	{
		Find: regexp.MustCompile(`\bin\s*\(([^()]*,[^()]*)\)`), Message: "a list stands in square brackets",
		Write: "in [$1]", Sure: true,
	},
	{Find: regexp.MustCompile(`×`), Message: "`×` is not an operator", Write: "*", Sure: true},
	{Find: regexp.MustCompile(`÷`), Message: "`÷` is not an operator", Write: "/", Sure: true},
	{
		Find: regexp.MustCompile(`(?i)\bis\s+not\s+(?:null|nil|none)\b`), Message: "`is not` is not an operator",
		Write: "!= nil", Sure: true,
	},
	{
		Find: regexp.MustCompile(`(?i)\bis\s+(?:null|nil|none)\b`), Message: "`is` is not an operator", Write: "== nil",
		Sure: true,
	},
	{
		Find: regexp.MustCompile(`(?i)\bis\s+not\s+(?:empty|blank)\b`), Message: "`is not` is not an operator",
		Label: "write `!= nil` for what is there, `!= \"\"` for a text, or len(…) > 0 for a list",
	},
	{
		Find: regexp.MustCompile(`(?i)\bis\s+(?:empty|blank)\b`), Message: "`is` is not an operator",
		Label: "write `== nil` for what is missing, `== \"\"` for a text, or len(…) == 0 for a list",
	},
	{Find: regexp.MustCompile(`(?i)\bis\s+not\s+in\b`), Message: "`is` is not an operator", Write: "not in", Sure: true},
	{Find: regexp.MustCompile(`(?i)\bis\s+in\b`), Message: "`is` is not an operator", Write: "in", Sure: true},
	{
		Find: regexp.MustCompile(`(?i)\bis\s+not\b`), Message: "`is not` is not an operator", Write: "!=",
		Label: "write `!=` for `is not`",
	},
	{Find: regexp.MustCompile(`\bIS\b`), Message: "`IS` is not an operator", Write: "=="},
	{
		Find: regexp.MustCompile(`(?i)\bnot\s+like\b|\blike\b`), Message: "`%s` is not an operator",
		Label: "write `contains`, `startsWith` or `endsWith`",
	},
	{
		Find: regexp.MustCompile(`(?i)\bbetween\b`), Message: "`between` is not an operator",
		Label: "write both bounds: x >= 1 and x <= 9",
	},
	{
		Find: regexp.MustCompile(`(?i)^\s*case\s+when\b`), Message: "there is no `case` in an expression",
		Label: "write c ? a : b; in actions there is `choose`",
	},
	{
		Find: regexp.MustCompile(`(?i)^\s*(if|iif)\s*\(.*,`), Message: "there is no `if` in an expression",
		Label: "write c ? a : b",
	},
	{
		Find: regexp.MustCompile(`(?i)^\s*(if|when|where|如果|若|当)[\s]`), Message: "a condition stands alone",
		Label: "leave `if` and its like out", Drop: true,
	},
	{Find: regexp.MustCompile(`(?i)\b(then)\b`), Message: "there is no `then` in an expression", Label: "write c ? a : b"},
	{Find: regexp.MustCompile(`(?i)[\w)\]]\s+(mod)\s+[\w(]`), Message: "`%s` is not an operator", Write: "%", Sure: true},
	{
		Find: regexp.MustCompile(`(?i)[\w)\]]\s+(div)\s+[\w(]`), Message: "`%s` is not an operator", Write: "/",
		Label: "write `/`; whole numbers are int(a / b)",
	},
	{
		Find: regexp.MustCompile(`(?i)[\w)\]]\s+(xor)\s+[\w(]`), Message: "`%s` is not an operator",
		Label: "write `!=` between two conditions, each in brackets",
	},
	{
		Find: regexp.MustCompile(`(?i)[\w)\]]\s+(has|have|includes|include|contain)\s`), Message: "`%s` is not an operator",
		Label: "write `contains` of a text, `in` of a list, as in \"vip\" in member.tags",
	},
	{Find: regexp.MustCompile(`(?i)[\w)\]]\s+(exists)\b`), Message: "`%s` is not an operator", Write: "!= nil"},
	{Find: regexp.MustCompile(`(?i)\bnot\s*>=`), Message: "`not` stands before a whole condition", Write: "<"},
	{Find: regexp.MustCompile(`(?i)\bnot\s*<=`), Message: "`not` stands before a whole condition", Write: ">"},
	{Find: regexp.MustCompile(`(?i)\bnot\s*>`), Message: "`not` stands before a whole condition", Write: "<="},
	{Find: regexp.MustCompile(`(?i)\bnot\s*<`), Message: "`not` stands before a whole condition", Write: ">="},
	{Find: regexp.MustCompile(`(?i)\bnot\s*==?`), Message: "`not` stands before a whole condition", Write: "!="},
	{Find: regexp.MustCompile(`(?:^|[^\w.])(NOT|Not)\b`), Message: "`%s` is not an operator", Write: "not", Sure: true},
	{Find: regexp.MustCompile(`(?:^|[^\w.])(AND|And)\b`), Message: "`%s` is not an operator", Write: "and", Sure: true},
	{Find: regexp.MustCompile(`(?:^|[^\w.])(OR|Or)\b`), Message: "`%s` is not an operator", Write: "or", Sure: true},
	{Find: regexp.MustCompile(`(?:^|[^\w.])(IN|In)\b`), Message: "`%s` is not an operator", Write: "in", Sure: true},
	{
		Find:    regexp.MustCompile(`(?:^|[\s(])(contains|startsWith|endsWith|matches)\s*\(`),
		Message: "`%s` is no function: it stands between two values", Label: "as in member.nickname contains \"x\"",
	},
	{
		Find:    regexp.MustCompile(`\b(max|min)\s*\([^()]*(?:\([^()]*\))?[^()]*,\s*\.`),
		Message: "`%s` takes numbers, not a list", Label: "write the list's first or last item, or sum(list, .x)",
	},
	{
		Find: regexp.MustCompile(` ?(?:大于等于|不小于|不少于|不低于|至少) ?`), Message: "`%s` is not an operator", Write: " >= ",
		Sure: true,
	},
	{
		Find: regexp.MustCompile(` ?(?:小于等于|不大于|不超过|不多于|不高于|至多|最多) ?`), Message: "`%s` is not an operator", Write: " <= ",
		Sure: true,
	},
	{Find: regexp.MustCompile(` ?(?:不等于) ?`), Message: "`%s` is not an operator", Write: " != ", Sure: true},
	{Find: regexp.MustCompile(` ?(?:大于|超过|多于|高于) ?`), Message: "`%s` is not an operator", Write: " > ", Sure: true},
	{Find: regexp.MustCompile(` ?(?:小于|少于|低于) ?`), Message: "`%s` is not an operator", Write: " < ", Sure: true},
	{Find: regexp.MustCompile(` ?(?:等于) ?`), Message: "`%s` is not an operator", Write: " == ", Sure: true},
	{
		Find: regexp.MustCompile(` ?(?:不包含|不包括|不含) ?`), Message: "`%s` is not an operator",
		Label: "write `not contains` of a text, `not in` of a list",
	},
	{
		Find: regexp.MustCompile(` ?(?:包含|包括|含有) ?`), Message: "`%s` is not an operator",
		Label: "write `contains` of a text, `in` of a list",
	},
	{Find: regexp.MustCompile(` ?(?:不属于|不在) ?`), Message: "`%s` is not an operator", Write: " not in "},
	{Find: regexp.MustCompile(` ?(?:属于) ?`), Message: "`%s` is not an operator", Write: " in "},
	{Find: regexp.MustCompile(` ?(?:不为空|非空|有值|存在) ?`), Message: "`%s` is not an operator", Write: " != nil"},
	{Find: regexp.MustCompile(` ?(?:为空|没有值|不存在) ?`), Message: "`%s` is not an operator", Write: " == nil"},
	{Find: regexp.MustCompile(` ?(?:并且|而且|且) ?`), Message: "`%s` is not an operator", Write: " and ", Sure: true},
	{Find: regexp.MustCompile(` ?(?:或者|或) ?`), Message: "`%s` is not an operator", Write: " or ", Sure: true},
	{
		Find: regexp.MustCompile(`[\w"')\]]( *(?:和|与|以及|及|同时) *)[\w"'(\p{Han}]`), Message: "`%s` is not an operator",
		Write: " and ",
	},
	{
		Find: regexp.MustCompile(`[\w"')\]]( *(?:不是|不为) *)[\w"'(]`), Message: "`%s` is not an operator", Write: " != ",
		Label: "write `!=` between two values, `not` before a condition",
	},
	{Find: regexp.MustCompile(`(?:^|[ (])(不是|非) ?`), Message: "`%s` is not an operator", Write: "not ", Sure: true},
	{Find: regexp.MustCompile(`[\w"')\]]( *(?:是|为) *)[\w"'(]`), Message: "`%s` is not an operator", Write: " == "},
	{Find: regexp.MustCompile(`[^&](&)[^&]`), Message: "`&` is not an operator", Write: "and"},
	{Find: regexp.MustCompile(`[^|](\|)[^|]`), Message: "`|` is not an operator", Write: "or"},
}
