package lsp

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// dottedName is the dotted name at the cursor: of `member.le|vel == 1` the path is [member level],
// the cursor in its second part.
type dottedName struct {
	path   []string // without the mark; the last part is the one with the cursor
	before string   // what is left of the cursor
	prefix string   // the part of the last name left of the cursor
	suffix string   // and right of it
	text   string   // a quoted text around the cursor, when the cursor is in one
	inText bool
}

func isName(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// dottedNameAt reads the name around the mark.
func dottedNameAt(text string) dottedName {
	left, right, _ := strings.Cut(text, mark)
	w := dottedName{before: left}
	if open := openText(left); open >= 0 {
		w.inText, w.before = true, left[:open]
		w.prefix = left[open+1:]
		if end := strings.IndexByte(right, left[open]); end >= 0 {
			w.suffix = right[:end]
		}
		w.text = w.prefix + w.suffix
		return w
	}
	w.prefix = left[len(strings.TrimRightFunc(left, isName)):]
	w.suffix = right[:len(right)-len(strings.TrimLeftFunc(right, isName))]
	path := left[len(strings.TrimRightFunc(left, func(r rune) bool { return isName(r) || r == '.' || r == '?' })):]
	path = strings.ReplaceAll(path, "?", "")
	w.before = strings.TrimSuffix(left, path)
	w.path = strings.Split(path+w.suffix, ".")
	return w
}

// openText returns where the quoted text begins that is open at the end of s, or -1.
func openText(s string) int {
	open := -1
	for i := 0; i < len(s); i++ {
		switch {
		case open < 0 && (s[i] == '"' || s[i] == '\''):
			open = i
		case open >= 0 && s[i] == '\\':
			i++
		case open >= 0 && s[i] == s[open]:
			open = -1
		}
	}
	return open
}

// root gives the type of a name at the head of a path: member, trigger, event, actions; nil when it
// is none.
func rootType(sc *scope.Scope, name string) *schema.Type {
	switch name {
	case sc.Schema.Subject():
		return scope.MemberType(sc.Schema)
	case "trigger":
		return sc.Trigger
	case "event", "vars", "params", "with":
		return sc.Root(name)
	case "actions":
		t := schema.ObjectOf()
		for _, a := range sc.Actions {
			t.Fields = append(t.Fields, schema.Field{Name: a.ID, Type: a.Type})
		}
		return t
	}
	return nil
}

// typeAt follows a path of names; item is what a path that begins with a dot speaks of.
func typeAt(sc *scope.Scope, path []string, item *schema.Type) *schema.Type {
	if len(path) == 0 {
		return nil
	}
	t := item
	if path[0] != "" {
		t = rootType(sc, path[0])
	}
	for _, name := range path[1:] {
		if t == nil {
			return nil
		}
		t, _ = t.Field(name)
	}
	return t
}

// fieldAt returns the declaration of the last name of a path, or nil.
func fieldAt(sc *scope.Scope, path []string, item *schema.Type) *schema.Field {
	if len(path) < 2 {
		return nil
	}
	t := typeAt(sc, path[:len(path)-1], item)
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == path[len(path)-1] })
	if i < 0 {
		return nil
	}
	return &t.Fields[i]
}

var (
	listCall  = regexp.MustCompile(`\b(all|any|none|one|filter|count|find|findLast|map|sum|sortBy|groupBy)\(\s*([^,]*),[^,]*$`)
	eventCall = regexp.MustCompile(`events\(\s*["']([^"']*)["']`)
	compared  = regexp.MustCompile(`([\p{L}_][\p{L}\p{N}_]*(?:\??\.[\p{L}_][\p{L}\p{N}_]*)+)\s*(?:==|!=|\?\?|in\s*\[[^\]]*|not in\s*\[[^\]]*)\s*$`)
	calledBy  = regexp.MustCompile(`\b(\w+)\(\s*$`)
)

// itemType returns what `.x` speaks of: an item of the list that the innermost call goes through.
func itemType(sc *scope.Scope, before string) *schema.Type {
	m := listCall.FindStringSubmatch(openPart(before))
	if m == nil {
		return nil
	}
	if e := eventCall.FindStringSubmatch(m[2]); e != nil || strings.Contains(before, "events(") {
		all := eventCall.FindAllStringSubmatch(before, -1)
		if len(all) > 0 {
			return sc.Schema.EventRecord(all[len(all)-1][1])
		}
	}
	if t := typeAt(sc, strings.Split(strings.TrimSpace(strings.ReplaceAll(m[2], " ?? []", "")), "."), nil); t != nil {
		return t.Elem
	}
	return nil
}

// openPart leaves out what is in closed parentheses, so that `any(events("a", "1d"), ` shows the
// comma of any.
func openPart(s string) string {
	var b []byte
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ')':
			depth++
			continue
		case '(':
			if depth > 0 {
				depth--
				continue
			}
		}
		if depth == 0 {
			b = append(b, s[i])
		}
	}
	slices.Reverse(b)
	return string(b)
}

// textType returns the enum that a quoted text is compared with, or nil.
func textType(sc *scope.Scope, before string) *schema.Type {
	if m := compared.FindStringSubmatch(before); m != nil {
		return typeAt(sc, strings.Split(strings.ReplaceAll(m[1], "?", ""), "."), nil)
	}
	return nil
}

// calling returns the name of the function whose first argument is being written, or "".
func calling(before string) string {
	if m := calledBy.FindStringSubmatch(before); m != nil {
		return m[1]
	}
	return ""
}

// liquid returns the tag or output that the cursor is in, with the mark: of `Hi {{ member.n|` the
// part after the braces.
func liquid(text string) (inside string, ok bool) {
	left, right, _ := strings.Cut(text, mark)
	open := max(strings.LastIndex(left, "{{"), strings.LastIndex(left, "{%"))
	if open < 0 || max(strings.LastIndex(left, "}}"), strings.LastIndex(left, "%}")) > open {
		return "", false
	}
	end := len(right)
	for _, stop := range []string{"}}", "%}", "\n"} {
		if i := strings.Index(right, stop); i >= 0 {
			end = min(end, i)
		}
	}
	return left[open+2:] + mark + right[:end], true
}
