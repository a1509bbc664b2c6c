package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osteele/liquid"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// ParseTemplate checks and compiles a Liquid text. at gives the place of its characters. The scope
// says what it may name; with a nil scope only the syntax is judged, because what is in scope
// depends on where a template is used. With a mistake it gives nil; warnings stand beside a
// template.
func ParseTemplate(name, text string, at func(from, to int) diag.Pos, sc *scope.Scope) (*playbooks.Template,
	[]diag.Diagnostic,
) {
	return Compile(playbooks.Template{Name: name, Text: text}, at, sc)
}

// Compile compiles the template, of which name, text and kind are given.
func Compile(t playbooks.Template, at func(from, to int) diag.Pos, sc *scope.Scope) (*playbooks.Template,
	[]diag.Diagnostic,
) {
	c := &textTyper{
		text: t.Text, html: t.HTML, at: at, scope: sc, locals: map[string]textValue{}, captured: map[string]bool{},
		present: map[string]bool{}, unread: map[string]bool{},
	}
	if len(t.Text) > maxTemplateSize {
		c.error("template-syntax", Span{}, fmt.Sprintf("the text has %d bytes, the most is %d", len(t.Text),
			maxTemplateSize), "make it shorter")
		return nil, c.diags
	}
	if sc != nil {
		for _, fact := range sc.Known {
			c.present[fact] = true
		}
	}
	if c.invisibleInTags(); c.errors() > 0 && (sc == nil || !sc.Running) {
		return nil, c.diags
	}
	tree, mistakes := Parse(t.Text, halfWidth)
	for _, m := range mistakes {
		c.syntax(m)
		c.unreadNames(m)
	}
	c.nodes(tree)
	c.invisibleInPlain()
	if c.errors() == 0 {
		c.blankText(tree)
	}
	running := sc != nil && sc.Running
	if c.errors() > 0 && !running {
		return nil, c.diags
	}
	engine := textEngine()
	if t.HTML {
		engine = htmlEngine()
	}
	compiled, err := compileText(engine, c.lowered())
	if err != nil && running { // a text of another version of the language, as it stands
		compiled, err = compileText(engine, t.Text)
	}
	if err != nil {
		c.diags = nil
		c.error("template-syntax", Span{To: len(t.Text)}, "the text is not valid Liquid", "look at its {{ }} and {% %}")
		return nil, c.diags
	}
	t.Refs, t.Branches, t.Compiled = c.refs.With(expression.Refs{}), c.branches, liquidText{compiled, c.labels}
	t.Localized = c.localized
	if running {
		c.diags = nil
	}
	return &t, c.diags
}

// compileText compiles a text, with the steps of its loops counted. The library panics on
// characters that it cannot read.
func compileText(engine *liquid.Engine, src string) (tpl *liquid.Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			tpl, err = nil, fmt.Errorf("the text cannot be read: %v", r)
		}
	}()
	compiled, rerr := engine.ParseString(countedText(src))
	if rerr != nil {
		return nil, rerr
	}
	return compiled, nil
}

func halfWidth(r rune) string {
	if p := diag.HalfWidthOf(r); p != 0 {
		return string(p)
	}
	return ""
}

// syntax reports a mistake of form.
func (c *textTyper) syntax(m Mistake) {
	d := c.error("template-syntax", m.Span, m.Message, m.Label)
	if m.Fix != "" && d.Line > 0 {
		d.Suggest(m.Fix).UnsureUnless(false)
	}
	if tag, ok := strings.CutPrefix(m.Message, "there is no tag `"); ok && m.Label == "" {
		known := slices.Clone(Tags)
		for _, t := range Tags {
			known = append(known, "end"+t)
		}
		tag = strings.TrimSuffix(tag, "`")
		d.Label = cmp.Or(diag.DidYouMean(tag, known), "there is "+diag.OneOf(Tags))
		c.near(tag, known)
	}
}

// blankText reports a text that can never show anything.
func (c *textTyper) blankText(tree []Node) {
	if len(tree) == 0 && c.text == "" || !printsAny(c.text, tree) {
		c.error("empty-text", Span{To: len(c.text)}, "the text is empty: nothing would be sent",
			"write what is to be sent, or leave the action out")
	}
}

// printsAny reports whether parts of a text can print something.
func printsAny(src string, list []Node) bool {
	for _, n := range list {
		switch n := n.(type) {
		case *Plain:
			if strings.TrimFunc(src[n.From:n.To], isBlankRune) != "" {
				return true
			}
		case *Output:
			if l, ok := n.Value.(*Literal); !ok || l.Value == nil || strings.TrimFunc(fmt.Sprint(l.Value), isBlankRune) != "" {
				return true
			}
		case *If:
			if slices.ContainsFunc(n.Branches, func(b Branch) bool { return printsAny(src, b.Body) }) {
				return true
			}
		case *Case:
			if slices.ContainsFunc(n.Branches, func(b Branch) bool { return printsAny(src, b.Body) }) {
				return true
			}
		case *For:
			if printsAny(src, n.Body) || n.Else != nil && printsAny(src, n.Else.Body) {
				return true
			}
		}
	}
	return false
}

// unreadNames notes the words of a tag that cannot be read: one of them may have been a name to be
// bound, which is not missed then.
func (c *textTyper) unreadNames(m Mistake) {
	for _, at := range tagged.FindAllStringIndex(c.text, -1) {
		if at[0] <= m.From && m.From < at[1] && c.text[at[0]+1] == '%' {
			for _, word := range strings.FieldsFunc(c.text[at[0]:at[1]], func(r rune) bool { return !IsNameRune(r, false) }) {
				c.unread[word] = true
			}
		}
	}
}
