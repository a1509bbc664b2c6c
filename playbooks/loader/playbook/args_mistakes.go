package playbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// looksLikeExpression matches a literal that was probably meant as an expression, whose `= ` was
// forgotten.
var looksLikeExpression = regexp.MustCompile(`^(?:` + scope.RootNames + `)\.[A-Za-z_][\w.]*$|^(?:now|today|events|len|sum|days_since|hours_since|add_days|bucket|in_segment)\(.*\)`)

// valueText returns a text as a value of YAML in place of another.
func valueText(v *syntax.Node, text string) string {
	if syntax.NeedsQuotes(text, v.InFlow) {
		return syntax.Quote(text)
	}
	return text
}

// mistakenLiteral looks at a literal text for what it was probably meant to be; true when that is a
// mistake, and reported.
func (p *reader) mistakenLiteral(v *syntax.Node, t *schema.Type, what string) bool {
	if v.Kind != syntax.ScalarNode || v.Tag != "str" {
		return false
	}
	if p.fullWidthQuotes(v) || p.gluedEquals(v, t, what) {
		return true
	}
	switch {
	case looksLikeExpression.MatchString(v.Value):
		text := valueText(v, "= "+v.Value)
		if t.Kind == schema.KindString && len(t.Enum) == 0 || t.Kind == schema.KindAny {
			p.Warn("forgotten-equals", v.Pos(), fmt.Sprintf("`%s` is a text here, and looks like an expression", v.Value)).
				Label("write `" + text + "` for its value")
			return false
		}
		r := p.Error("forgotten-equals", v.Pos(),
			fmt.Sprintf("%s must be %s, and this is a text that looks like an expression", what,
				schema.Article(t.Required().String()))).
			Label("write `" + text + "` for its value")
		if v.Style == syntax.PlainStyle {
			r.Edit(v.Pos(), text)
		}
		return true
	case (strings.Contains(v.Value, "{{") || strings.Contains(v.Value, "{%")) && t.Kind != schema.KindAny:
		p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` is not in Liquid: this would be taken as it stands", what)).
			Label("write " + expressionFor(v.Value))
		return true
	case looksLikeOurs.MatchString(v.Value): // others may have templates of their own
		p.Warn("forgotten-equals", v.Pos(), fmt.Sprintf("`%s` is not in Liquid: this is taken as it stands", what)).
			Label("write " + expressionFor(v.Value))
	}
	return false
}

// lonePath matches Liquid that prints one value and nothing else.
var lonePath = regexp.MustCompile(`^\{\{-?\s*((?:` + scope.RootNames + `)\.[\p{L}\p{N}_.]+)\s*-?\}\}$`)

// expressionFor returns what to write for a text in Liquid where none is taken.
func expressionFor(text string) string {
	if m := lonePath.FindStringSubmatch(text); m != nil {
		return "`= " + m[1] + "`"
	}
	return "an expression, as in `= member.id`"
}

// looksLikeOurs matches Liquid that names what texts of playbooks name.
var looksLikeOurs = regexp.MustCompile(`\{\{-?\s*(?:(?:` + scope.RootNames + `)\.|now\b)|\{%-?\s*(?:if|elsif|unless|case|for)\s[^%]*\b(?:` + scope.RootNames + `)\.`)

// fullWidthQuotes reports a plain text in the quotes of Chinese text, which do not quote for YAML.
func (p *reader) fullWidthQuotes(v *syntax.Node) bool {
	runes := []rune(v.Value)
	isQuote := func(r rune) bool {
		return diag.HalfWidthOf(r) == '"' || diag.HalfWidthOf(r) == '\'' || strings.ContainsRune("「」『』", r)
	}
	if v.Style != syntax.PlainStyle || len(runes) < 2 || !isQuote(runes[0]) || !isQuote(runes[len(runes)-1]) {
		return false
	}
	r := p.Error("bad-value", v.Pos(), "these quotes are full-width: YAML takes them for a part of the text").
		Label("write plain quotes, or put the text in single quotes if they belong to it")
	text := ""
	if out, from, to, ok := diag.MadeHalfWidth(runes); ok &&
		(v.InFlow || strings.Count(string(out), string(out[0])) == 2) {
		text = diag.Spaced(runes, out, from, to)
	} else if inner, ok := syntax.InFullWidthQuotes(v.Value); ok {
		text = syntax.Quote(inner)
	}
	if text != "" {
		r.Label("write `"+text+"`").Edit(v.Pos(), text)
	}
	return true
}

// betweenTags matches what people write between tags.
var betweenTags = regexp.MustCompile(`\s*[,;]\s*`)

// joinedTags warns of a text that holds several tags and is one, as in `tag: vip,newcomer`. Quotes
// say that one is meant.
func (p *reader) joinedTags(n *syntax.Node, val *playbooks.Value, inList bool) {
	text, ok := val.Literal.(string)
	if !ok || p.Running || n.Style != syntax.PlainStyle {
		return
	}
	tags := betweenTags.Split(text, -1)
	if len(tags) < 2 || slices.ContainsFunc(tags,
		func(tag string) bool { return tag == "" || syntax.NeedsQuotes(tag, true) }) {
		return
	}
	meant := strings.Join(tags, ", ")
	if !inList {
		meant = "[" + meant + "]"
	}
	r := p.Warn("joined-tags", n.Pos(), fmt.Sprintf("`%s` is one tag, with `%s` in it", text,
		strings.TrimSpace(betweenTags.FindString(text))))
	if inList && !n.InFlow {
		r.Label("write each as an item of its own; or quote the tag, if it is one")
		return
	}
	r.Label("write `"+meant+"`; or quote the tag, if it is one").Edit(n.Pos(), meant).UnsureUnless(false)
}

// startsLikeExpression matches what no number, bool or date begins with, but an expression does.
var startsLikeExpression = regexp.MustCompile(`^(?:` + scope.RootNames + `)\.[A-Za-z_]`)

// doubledEquals matches an expression behind two or three equals signs, or behind a full-width one.
var doubledEquals = regexp.MustCompile(`^(?:={2,3}|＝+)\s*((?:` + scope.RootNames + `)\.[A-Za-z_].*|(?:now|today|events|len|sum|days_since|hours_since|add_days|bucket|in_segment)\(.*\).*)$`)

// gluedEquals reports `=member.points` and, where no text can stand, `member.points + 1`.
func (p *reader) gluedEquals(v *syntax.Node, t *schema.Type, what string) bool {
	if m := doubledEquals.FindStringSubmatch(v.Value); m != nil {
		text := valueText(v, "= "+m[1])
		p.Error("forgotten-equals", v.Pos(), "an expression begins with one `=`").Label("write `"+text+"` for its value").
			Edit(v.Pos(), text).UnsureUnless(v.Style == syntax.PlainStyle)
		return true
	}
	rest, glued := strings.CutPrefix(v.Value, "=")
	isText := t.Kind == schema.KindString && len(t.Enum) == 0 || t.Kind == schema.KindAny
	if !startsLikeExpression.MatchString(rest) && !(glued && looksLikeExpression.MatchString(rest)) || !glued &&
		(isText || looksLikeExpression.MatchString(v.Value)) {
		return false
	}
	message := "a space is missing after this `=`"
	if !glued {
		message = fmt.Sprintf("%s must be %s, and this is a text that looks like an expression", what,
			schema.Article(t.Required().String()))
	}
	text := valueText(v, "= "+rest)
	r := p.Error("forgotten-equals", v.Pos(), message).Label("write `" + text + "` for its value")
	if v.Style == syntax.PlainStyle {
		r.Edit(v.Pos(), text)
	}
	return true
}

// opposed reports what an action both adds and removes.
func (p *reader) opposed(v *syntax.Node, step *playbooks.Step) {
	add, remove := step.Args["add"], step.Args["remove"]
	if step.Key != "tag" || add == nil || remove == nil {
		return
	}
	texts := func(list *playbooks.Value) (out []string) {
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
			p.Error("bad-value", v.Key("remove").Pos(), fmt.Sprintf("the tag `%s` is added and removed at once", tag)).
				Label("keep one of them").Related("added here", v.Key("add").Pos())
		}
	}
}
