package lsp

import (
	"fmt"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// keyDoc describes a key: what it is for, what it takes.
func keyDoc(k *shapes.ShapeKey) string {
	var b strings.Builder
	if k.Doc != "" {
		b.WriteString(upperFirst(k.Doc) + ".\n\n")
	}
	if what := k.Value.Describe(); what != "" {
		b.WriteString("Takes " + what + ".")
	}
	if k.Required {
		b.WriteString(" Required.")
	}
	if k.Default != nil {
		fmt.Fprintf(&b, " `%v` when left out.", k.Default)
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "..", ".")
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// hover describes what is at the cursor.
func (s *Server) hover(p *positionParams) (any, error) {
	c := s.cursorAt(p, false)
	if c == nil {
		return nothing, nil
	}
	text, from, to := c.describe()
	if text == "" {
		return nothing, nil
	}
	r := c.rangeOf(from, to)
	return hover{markup{"markdown", text}, &r}, nil
}

func (c *cursor) describe() (text string, from, to int) {
	switch {
	case c.root == nil:
		return c.describeText(c.marked)
	case c.entry != nil:
		return c.describeKey(), c.entry.from, c.entry.to
	case c.scalar == nil:
		return "", 0, 0
	}
	if expr, ok := c.expression(); ok {
		return c.describeName(expr)
	}
	if _, ok := liquid(c.scalar.text); ok {
		return c.describeText(c.scalar.text)
	}
	return c.describeValue(), c.scalar.from, c.scalar.to
}

// describeKey describes the key that the cursor is in.
func (c *cursor) describeKey() string {
	name := strings.ReplaceAll(c.entry.key, mark, "")
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			if !agrees(f, c.mapping()) {
				continue
			}
			if k := f.Key(name); k != nil {
				return "**" + name + "**\n\n" + keyDoc(k)
			}
			switch f.Kind {
			case shapes.ShapeSettable, shapes.ShapeMember, shapes.ShapeWritten:
				if t, ok := scope.MemberType(c.w.names().Schema).Field(name); ok {
					return typed(name, t)
				}
			case shapes.ShapeProperties, shapes.ShapeParams, shapes.ShapeSteps:
				if t := inType(c.properties(c.path[:len(c.path)-1]), name); t != nil {
					return typed(name, t)
				}
			}
		}
	}
	if t := inType(c.typ, name); t != nil {
		return typed(name, t)
	}
	return c.describeDeclared()
}

func typed(name string, t *schema.Type) string {
	return "```\n" + name + ": " + t.Describe() + "\n```"
}

// value returns the text of the value that the cursor is in.
func (c *cursor) value() string { return strings.ReplaceAll(c.scalar.text, mark, "") }

func (c *cursor) describeValue() string {
	if text := c.describeDeclared(); text != "" {
		return text
	}
	v := c.value()
	for _, s := range c.shapes {
		for _, f := range s.Forms() {
			for _, n := range c.known(f.Kind) {
				if n.Name == v {
					return "**" + n.Name + "**\n\n" + n.Detail + declaredAt(n.Pos)
				}
			}
			if f.Kind == shapes.ShapeCron {
				return c.times(v)
			}
		}
	}
	if c.key != nil {
		return "**" + c.key.Name + "**\n\n" + keyDoc(c.key)
	}
	return ""
}

func declaredAt(p diag.Pos) string {
	if p.Line == 0 {
		return ""
	}
	return fmt.Sprintf("\n\ndeclared in %s:%d", p.File, p.Line)
}

// times returns the next times of a schedule.
func (c *cursor) times(cron string) string {
	zone := c.w.names().Schema.Timezone
	if v := c.mapping().get("timezone"); v != nil {
		if z, err := time.LoadLocation(v.text); err == nil && v.text != "" {
			zone = z
		}
	}
	sched, err := schema.ParseSchedule(cron, zone)
	if err != nil || c.s.Now == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("Next times in " + zone.String() + ":\n")
	for _, at := range sched.Next3(c.s.Now()) {
		b.WriteString("\n- " + at.Format("Mon 2006-01-02 15:04 -0700"))
	}
	return b.String()
}

// describeName describes a name in an expression.
func (c *cursor) describeName(expr string) (text string, from, to int) {
	w := dottedNameAt(expr)
	from, to = c.off-len(w.prefix), c.off+len(mark)+len(w.suffix)
	if w.inText {
		kind := map[string]shapes.ShapeKind{"events": shapes.ShapeEvent, "in_segment": shapes.ShapeSegment}[calling(w.before)]
		for _, n := range shapes.Names(c.w.names(), kind) {
			if n.Name == w.text {
				return "**" + n.Name + "**\n\n" + n.Detail + declaredAt(n.Pos), from, to
			}
		}
		return "", 0, 0
	}
	last := w.path[len(w.path)-1]
	if len(w.path) == 1 {
		for _, f := range shapes.Functions() {
			if f.Name == last {
				return "```\n" + f.Usage + "\n```\n\n" + upperFirst(f.Doc) + ".", from, to
			}
		}
	}
	place := c.scope()
	if place == nil {
		return "", 0, 0
	}
	return describePath(place.Scope, w, itemType(place.Scope, w.before)), from, to
}

func describePath(sc *scope.Scope, w dottedName, item *schema.Type) string {
	last := w.path[len(w.path)-1]
	if len(w.path) == 1 {
		if t := rootType(sc, last); t != nil {
			return typed(last, t) + "\n\n" + upperFirst(rootDocs[last]) + "."
		}
		return ""
	}
	f := fieldAt(sc, w.path, item)
	if f == nil {
		return ""
	}
	text := typed(strings.Join(w.path, "."), f.Type)
	if w.path[0] == "member" && len(w.path) == 2 {
		if src := sc.Schema.Computed(last); src != nil {
			text += "\n\nComputed: `" + src.Text + "`"
		}
	}
	if f.Type != nil && f.Type.Optional {
		text += "\n\nIt may be missing: guard it with `??` or `!= nil`."
	}
	return text + declaredAt(f.Pos)
}

// describeText describes a name in Liquid.
func (c *cursor) describeText(text string) (string, int, int) {
	inside, ok := liquid(text)
	if !ok {
		return "", 0, 0
	}
	w := dottedNameAt(inside)
	place := c.scope()
	if w.inText || place == nil {
		return "", 0, 0
	}
	described := describePath(place.Scope, w, nil)
	described, _, _ = strings.Cut(described, "\n\nIt may be missing") // in a text it is empty then
	return described, c.off - len(w.prefix), c.off + len(mark) + len(w.suffix)
}
