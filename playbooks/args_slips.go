package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// looksLikeExpression matches a literal that was probably meant as an expression, whose `= ` was forgotten.
var looksLikeExpression = regexp.MustCompile(`^(?:member|trigger|actions)\.[A-Za-z_][\w.]*$|^(?:now|today|events|len|sum|days_since|hours_since|add_days|bucket|in_segment)\(.*\)`)

// literalSlip looks at a literal text for what it was probably meant to be; true when that is a mistake, and reported.
func (p *playbookReader) literalSlip(v *node, t *Type, what string) bool {
	if v.kind != scalarNode || v.tag != "str" {
		return false
	}
	if p.wideQuotes(v) || p.gluedEquals(v, t, what) {
		return true
	}
	switch {
	case looksLikeExpression.MatchString(v.value):
		text := "= " + v.value
		if v.inFlow && needsQuotes(text, true) {
			text = quote(text)
		}
		if t.Kind == KindString && len(t.Enum) == 0 || t.Kind == KindAny {
			p.warn("forgotten-equals", v.pos(), fmt.Sprintf("`%s` is a text here, and looks like an expression", v.value)).
				label("write `" + text + "` for its value")
			return false
		}
		r := p.error("forgotten-equals", v.pos(), fmt.Sprintf("%s must be %s, and this is a text that looks like an expression", what, article(t.Required().String()))).
			label("write `" + text + "` for its value")
		if v.style == plainStyle {
			r.edit(v.pos(), text)
		}
		return true
	case (strings.Contains(v.value, "{{") || strings.Contains(v.value, "{%")) && t.Kind != KindAny:
		p.error("bad-value", v.pos(), fmt.Sprintf("`%s` is not in Liquid: this would be taken as it stands", what)).
			label("write " + expressionFor(v.value))
		return true
	case looksLikeOurs.MatchString(v.value): // others may have templates of their own
		p.warn("forgotten-equals", v.pos(), fmt.Sprintf("`%s` is not in Liquid: this is taken as it stands", what)).
			label("write " + expressionFor(v.value))
	}
	return false
}

// lonePath matches Liquid that prints one value and nothing else.
var lonePath = regexp.MustCompile(`^\{\{-?\s*((?:member|trigger|actions)\.[\p{L}\p{N}_.]+)\s*-?\}\}$`)

// expressionFor says what to write for a text in Liquid where none is taken.
func expressionFor(text string) string {
	if m := lonePath.FindStringSubmatch(text); m != nil {
		return "`= " + m[1] + "`"
	}
	return "an expression, as in `= member.id`"
}

// looksLikeOurs matches Liquid that names what texts of playbooks name.
var looksLikeOurs = regexp.MustCompile(`\{\{-?\s*(?:(?:member|trigger|actions)\.|now\b)|\{%-?\s*(?:if|elsif|unless|case|for)\s[^%]*\b(?:member|trigger|actions)\.`)

// wideQuotes reports a plain text in the quotes of Chinese text, which do not quote for YAML.
func (p *playbookReader) wideQuotes(v *node) bool {
	runes := []rune(v.value)
	isQuote := func(r rune) bool {
		return plainOf(r) == '"' || plainOf(r) == '\'' || strings.ContainsRune("「」『』", r)
	}
	if v.style != plainStyle || len(runes) < 2 || !isQuote(runes[0]) || !isQuote(runes[len(runes)-1]) {
		return false
	}
	r := p.error("bad-value", v.pos(), "these quotes are full-width: YAML takes them for a part of the text").label("write plain quotes, or put the text in single quotes if they belong to it")
	text := ""
	if out, changed, ok := madePlain(runes); ok && (v.inFlow || strings.Count(string(out), string(out[0])) == 2) {
		text = spaced(runes, out, changed)
	} else if inner, ok := inWideQuotes(v.value); ok {
		text = quote(inner)
	}
	if text != "" {
		r.label("write `"+text+"`").edit(v.pos(), text)
	}
	return true
}

// startsLikeExpression matches what no number, bool or date begins with, but an expression does.
var startsLikeExpression = regexp.MustCompile(`^(?:member|trigger|actions)\.[A-Za-z_]`)

// doubledEquals matches an expression behind two or three equals signs, or behind a full-width one.
var doubledEquals = regexp.MustCompile(`^(?:={2,3}|＝+)\s*((?:member|trigger|actions)\.[A-Za-z_].*|(?:now|today|events|len|sum|days_since|hours_since|add_days|bucket|in_segment)\(.*\).*)$`)

// gluedEquals reports `=member.points` and, where no text can stand, `member.points + 1`.
func (p *playbookReader) gluedEquals(v *node, t *Type, what string) bool {
	if m := doubledEquals.FindStringSubmatch(v.value); m != nil {
		text := "= " + m[1]
		if v.inFlow && needsQuotes(text, true) {
			text = quote(text)
		}
		p.error("forgotten-equals", v.pos(), "an expression begins with one `=`").label("write `"+text+"` for its value").
			edit(v.pos(), text).doubt(v.style == plainStyle)
		return true
	}
	rest, glued := strings.CutPrefix(v.value, "=")
	isText := t.Kind == KindString && len(t.Enum) == 0 || t.Kind == KindAny
	if !startsLikeExpression.MatchString(rest) && !(glued && looksLikeExpression.MatchString(rest)) || !glued && (isText || looksLikeExpression.MatchString(v.value)) {
		return false
	}
	message := "a space is missing after this `=`"
	if !glued {
		message = fmt.Sprintf("%s must be %s, and this is a text that looks like an expression", what, article(t.Required().String()))
	}
	text := "= " + rest
	if v.inFlow && needsQuotes(text, true) {
		text = quote(text)
	}
	r := p.error("forgotten-equals", v.pos(), message).label("write `" + text + "` for its value")
	if v.style == plainStyle {
		r.edit(v.pos(), text)
	}
	return true
}

// opposed reports what an action both adds and removes.
func (p *playbookReader) opposed(v *node, step *Step) {
	add, remove := step.Args["add"], step.Args["remove"]
	if step.Key != "tag" || add == nil || remove == nil {
		return
	}
	texts := func(list *Value) (out []string) {
		for _, item := range list.List {
			if s, ok := item.Literal.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	added := texts(add)
	for _, tag := range texts(remove) {
		if slices.Contains(added, tag) {
			p.error("bad-value", v.key("remove").pos(), fmt.Sprintf("the tag `%s` is added and removed at once", tag)).
				label("keep one of them").related("added here", v.key("add").pos())
		}
	}
}
