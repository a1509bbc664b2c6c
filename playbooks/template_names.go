package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// liquidWords are no variables.
var liquidWords = []string{"true", "false", "nil", "and", "or", "contains", "in", "reversed"}

// names goes through an expression of Liquid and checks each variable and filter in it.
func (c *templateChecker) names(from, to int) {
	for i := from; i < to; {
		r, size := utf8.DecodeRuneInString(c.text[i:to])
		switch {
		case r == '"' || r == '\'':
			end := strings.IndexByte(c.text[i+1:to], byte(r))
			if end < 0 {
				c.error("template-syntax", i, to, "this quote is never closed", "")
				return
			}
			i += end + 2
		case r == '|' && !strings.HasPrefix(c.text[i:to], "||"):
			i = c.filter(i+1, to)
		case strings.HasPrefix(c.text[i:to], ".."):
			c.error("template-syntax", i, i+2, "a range is only known in {% for i in (1..10) %}, with numbers", "")
			return
		case isIdent(r, true):
			i = c.variable(i, to)
		case r >= '0' && r <= '9':
			for i < to && (c.text[i] >= '0' && c.text[i] <= '9' || c.text[i] == '.' && i+1 < to && c.text[i+1] != '.') {
				i++
			}
		default:
			if p := plainOf(r); p != 0 {
				c.error("template-syntax", i, i+size, fmt.Sprintf("`%c` is a full-width character", r), "write `"+string(p)+"`")
				return
			}
			i += size
		}
	}
}

// word gives the end of the identifier at i.
func (c *templateChecker) word(i, to int) int {
	first := true
	for i < to {
		r, size := utf8.DecodeRuneInString(c.text[i:to])
		if !isIdent(r, first) {
			break
		}
		i, first = i+size, false
	}
	return i
}

func (c *templateChecker) filter(i, to int) int {
	for i < to && c.text[i] == ' ' {
		i++
	}
	end := c.word(i, to)
	name := c.text[i:end]
	if name == "" {
		c.error("template-syntax", i, min(i+1, to), "a filter is missing after `|`", "as in | default: 'friend'")
		return max(end, i+1)
	}
	if r, size := utf8.DecodeRuneInString(c.text[end:]); invisible[r] != "" && standsFor(r) == "" {
		c.error("invisible-character", end, end+size, "an invisible character stands here: "+nameOfRune(r), "take it out")
		return end + size
	}
	if !slices.Contains(liquidFilters, name) {
		c.error("unknown-filter", i, end, fmt.Sprintf("there is no filter `%s`", name), cmpOr(didYouMean(name, liquidFilters), "see the filters of Liquid"))
		c.suggest(name, liquidFilters)
	}
	if end < to && c.text[end] == ':' {
		end++
		c.zeroDivisor(name, end, to)
	}
	return end
}

// variable checks a variable with all that stands behind its dots, and gives where it ends.
func (c *templateChecker) variable(i, to int) int {
	end := c.word(i, to)
	name := c.text[i:end]
	if end < to && c.text[end] == ':' && !strings.HasPrefix(c.text[end:to], "::") {
		return end + 1 // the keyword of a filter or loop
	}
	if slices.Contains(liquidWords, name) {
		return end
	}
	if c.scope == nil {
		return c.skipPath(end, to)
	}
	t := c.root(name)
	if t == nil {
		c.unknownRoot(i, end, name)
		return c.skipPath(end, to)
	}
	return c.path(name, t, end, to)
}

// root gives the type of a variable that stands first, or nil.
func (c *templateChecker) root(name string) *Type {
	switch name {
	case "member":
		fields := MemberFields()
		for i := range c.scope.Schema.Attributes {
			a := &c.scope.Schema.Attributes[i]
			t := a.Type
			if t == nil {
				t = Any
			}
			fields = append(fields, Field{Name: a.Name, Type: t, Pos: a.Pos})
		}
		return ObjectOf(fields...).declaredAt(c.scope.Schema.section(inMember))
	case "trigger":
		return c.scope.Trigger
	case "actions":
		t := &Type{Kind: KindObject}
		for _, a := range c.scope.Actions {
			t.Fields = append(t.Fields, Field{Name: a.ID, Type: a.Type, Pos: a.Pos})
		}
		return t
	}
	return c.locals[name]
}

func (c *templateChecker) unknownRoot(from, to int, name string) {
	known := []string{"member", "actions"}
	if c.scope.Trigger != nil {
		known = append(known, "trigger")
	}
	if name == "event" {
		c.error("unknown-variable", from, to, "there is no `event` in a text", "did you mean `trigger`?")
		return
	}
	for local := range c.locals {
		known = append(known, local)
	}
	slices.Sort(known)
	label := didYouMean(name, known)
	if a := c.scope.Schema.Attribute(name); label == "" && a != nil {
		label = "did you mean `member." + name + "`?"
	}
	c.error("unknown-variable", from, to, fmt.Sprintf("there is no variable `%s`", name), cmpOr(label, "there is "+oneOf(known)))
	c.suggest(name, known)
}

// path follows the dots and brackets behind a variable.
func (c *templateChecker) path(name string, t *Type, i, to int) int {
	root := name
	depth := 0
	for i < to {
		if c.text[i] == '[' {
			if root == "member" && depth == 0 || t.Kind == KindObject {
				c.error("template-syntax", i, i+1, fmt.Sprintf("`%s` is read by its names, with a dot", name), "as in "+name+".id")
				return c.skipPath(i, to)
			}
			if t = t.Elem; t == nil {
				t = Any
			}
			end := strings.IndexByte(c.text[i:to], ']')
			if end < 0 {
				return to
			}
			c.names(i+1, i+end)
			i += end + 1
			continue
		}
		if c.text[i] != '.' || strings.HasPrefix(c.text[i:to], "..") {
			break
		}
		end := c.word(i+1, to)
		field := c.text[i+1 : end]
		next := step(t, field)
		if next == nil {
			c.unknownField(name, root, t, field, i+1, max(end, min(i+2, to)))
			return c.skipPath(end, to)
		}
		if depth == 0 {
			c.note(root, field)
		}
		name, t, i, depth = name+"."+field, next, end, depth+1
	}
	return i
}

// note remembers what the template refers to.
func (c *templateChecker) note(root, field string) {
	switch root {
	case "member":
		c.refs.Attributes = append(c.refs.Attributes, field)
	case "actions":
		c.refs.Actions = append(c.refs.Actions, field)
	}
}

// step gives the type of a field, or nil when there is none. Lists and strings have what Liquid gives them.
func step(t *Type, field string) *Type {
	switch {
	case t == nil || t.Kind == KindAny:
		return Any
	case t.Kind == KindObject:
		ft, ok := t.Field(field)
		if !ok {
			return nil
		}
		if ft == nil {
			return Any
		}
		return ft
	case field == "size" && (t.Kind == KindList || t.Kind == KindString):
		return Int
	case t.Kind == KindList && (field == "first" || field == "last"):
		return t.Elem
	}
	return nil
}

func (c *templateChecker) unknownField(name, root string, t *Type, field string, from, to int) {
	known := t.FieldNames()
	label := didYouMean(field, known)
	if label == "" && len(known) > 0 {
		label = "known: " + oneOf(known)
	}
	message := fmt.Sprintf("%s has no `%s`", name, field)
	switch {
	case t.Kind != KindObject:
		message, label = fmt.Sprintf("%s is %s and has no `%s`", name, article(t.String()), field), ""
	case name == "actions" && c.scope.Later[field]:
		message, label = fmt.Sprintf("the action `%s` has not run yet here", field), "a text sees the actions before it"
	case name == "actions":
		message = fmt.Sprintf("there is no action `%s`", field)
	case name == "member":
		message = fmt.Sprintf("member has no attribute `%s`", field)
	}
	c.error("unknown-variable", from, to, message, label)
	d := &c.diags[len(c.diags)-1]
	switch near := closest(field, known); {
	case name == "actions" && !c.scope.Later[field]:
		d.aboutAction(c.scope, field, near, fieldBehind(c.text[to:]))
	case t.Kind == KindObject && name != "actions":
		d.about(field, near, t.find)
	}
	if strings.HasPrefix(label, "did you mean") && field != "" {
		c.suggest(field, known)
		if name == "actions" || t.find(closest(field, known)).Line > 0 {
			d.trust(closest(field, known))
		}
	}
}

// skipPath passes over what stands behind a variable that is not judged.
func (c *templateChecker) skipPath(i, to int) int {
	for i < to {
		switch {
		case c.text[i] == '.' && i+1 < to:
			i = max(c.word(i+1, to), i+1)
		case c.text[i] == '[':
			end := strings.IndexByte(c.text[i:to], ']')
			if end < 0 {
				return to
			}
			i += end + 1
		default:
			return i
		}
	}
	return i
}
