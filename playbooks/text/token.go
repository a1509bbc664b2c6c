package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	endToken kind = iota
	nameToken
	keyToken // a name with a colon, as before the arguments of a filter
	literalToken
	markToken // an operator or bracket
)

type token struct {
	Span
	kind  kind
	text  string
	value any
}

// marks are the operators and brackets, the longer ones first. Those that Liquid does not have are
// here to be told.
var marks = []string{
	"===", "!==", "==", "!=", ">=", "<=", "<>", "=>", "=<", "&&", "||", "??", "?:", "?.", "->", "::", "..", "=", "<",
	">", ".", "|", ":", ",", "(", ")", "[", "]",
	"!", "&", "?", "+", "-", "*", "/", "%", ";", "{", "}", "`", "~", "^", "@", "$", "#",
}

// signs are characters for what Liquid writes otherwise.
var signs = map[rune]string{
	'≥': ">=", '≤': "<=", '≠': "!=", '≦': "<=", '≧': ">=", '×': "| times: 2",
	'÷': "| divided_by: 2", '∧': "and", '∨': "or", '¬': "{% unless … %}",
}

// tokens cuts an expression. The first mistake ends it.
func (p *parser) tokens(from, to int) ([]token, bool) {
	var out []token
	for i := from; i < to; {
		r, size := utf8.DecodeRuneInString(p.src[i:to])
		t := token{Span: Span{i, i + size}}
		switch {
		case unicode.IsSpace(r):
			i += size
			continue
		case r == '"' || r == '\'':
			if !p.quoted(&t, to) {
				return nil, false
			}
		case IsNameRune(r, true):
			p.word(&t, to)
		case r >= '0' && r <= '9' || r == '-' && i+1 < to && p.src[i+1] >= '0' && p.src[i+1] <= '9' && !follows(out):
			if !p.number(&t, to) {
				return nil, false
			}
		default:
			if !p.mark(&t, r, to) {
				return nil, false
			}
		}
		out, i = append(out, t), t.To
	}
	return append(out, token{Span: Span{to, to}}), true
}

// follows reports whether a minus behind these tokens subtracts.
func follows(out []token) bool {
	if len(out) == 0 {
		return false
	}
	last := out[len(out)-1]
	return last.kind == nameToken || last.kind == literalToken || last.text == ")" || last.text == "]"
}

func (p *parser) quoted(t *token, to int) bool {
	quote := p.src[t.From]
	i := t.From + 1
	for i < to && p.src[i] != quote {
		if p.src[i] == '\\' && quote == '"' {
			i++
		}
		i++
	}
	if i >= to {
		p.mistake(Span{t.From, to}, "this quote is never closed", "")
		return false
	}
	raw := p.src[t.From+1 : i]
	if quote == '"' {
		raw = unescape(raw)
	}
	t.To, t.kind, t.text, t.value = i+1, literalToken, p.src[t.From:i+1], raw
	return true
}

var escapes = map[byte]string{'\\': `\`, '"': `"`, 'n': "\n", 't': "\t", 'r': "\r"}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if e, ok := escapes[s[i]]; ok {
			b.WriteString(e)
		} else {
			b.WriteString(s[i-1 : i+1])
		}
	}
	return b.String()
}

var constants = map[string]any{"true": true, "false": false, "nil": nil}

func (p *parser) word(t *token, to int) {
	t.To = NameEnd(p.src, t.From, to)
	if t.To < to && p.src[t.To] == '>' && p.src[t.To-1] == '-' {
		t.To-- // an arrow
	}
	t.kind, t.text = nameToken, p.src[t.From:t.To]
	if v, ok := constants[t.text]; ok {
		t.kind, t.value = literalToken, v
	}
	if t.To < to && p.src[t.To] == ':' && !strings.HasPrefix(p.src[t.To:to], "::") {
		t.kind, t.To = keyToken, t.To+1
	}
}

func (p *parser) number(t *token, to int) bool {
	i := t.From + 1
	for i < to && (isDigit(p.src[i]) || p.src[i] == '.' && i+1 < to && isDigit(p.src[i+1])) {
		i++
	}
	t.To, t.kind, t.text = i, literalToken, p.src[t.From:i]
	if end := NameEnd(p.src, i, to); end > i && IsNameRune(firstRune(p.src[i:to]), true) {
		p.mistake(Span{t.From, end}, "`"+p.src[t.From:end]+"` is no number", suggestNumber(t.text, p.src[i:end])+
			"a text is quoted")
		return false
	}
	if n, err := strconv.Atoi(t.text); err == nil {
		t.value = n
		return true
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil || !strings.Contains(t.text, ".") {
		p.mistake(t.Span, "this number is too large", "an id is text: put it in quotes")
		return false
	}
	t.value = f
	return true
}

// suggestNumber says which number is meant by one with a word behind it: 100元, 3天, 1万.
func suggestNumber(digits, word string) string {
	zeros := map[string]string{"百": "00", "千": "000", "万": "0000", "亿": "00000000"}
	r, size := utf8.DecodeRuneInString(word)
	switch {
	case !unicode.Is(unicode.Han, r):
		return ""
	case zeros[word] != "" && !strings.Contains(digits, "."):
		return "write " + digits + zeros[word] + "; "
	case zeros[word[:size]] != "":
		return "write it in digits alone; "
	}
	return "write " + digits + "; "
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (p *parser) mark(t *token, r rune, to int) bool {
	for _, m := range marks {
		if strings.HasPrefix(p.src[t.From:to], m) {
			t.To, t.kind, t.text = t.From+len(m), markToken, m
			return true
		}
	}
	if plain := p.halfWidth(r); plain != "" {
		p.mistake(t.Span, "`"+string(r)+"` is a full-width character", "write `"+plain+"`")
		return false
	}
	label := "a text is quoted, as in 'text'"
	if write := signs[r]; write != "" {
		label = "write " + write
	}
	p.mistake(t.Span, "`"+string(r)+"` cannot stand here", label)
	return false
}

// IsNameRune reports whether a character may stand in a name, at its start or behind.
func IsNameRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || r == '-' || unicode.IsMark(r))
}

// NameEnd gives the end of the name at from.
func NameEnd(src string, from, to int) int {
	first := true
	for from < to {
		r, size := utf8.DecodeRuneInString(src[from:to])
		if !IsNameRune(r, first) {
			break
		}
		from, first = from+size, false
	}
	return from
}
