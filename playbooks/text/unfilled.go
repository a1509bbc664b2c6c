package text

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// Placeholders of other tools, and variables that stand without braces: they would be sent as they
// are.
var (
	placeholder = regexp.MustCompile(`(?:\$|#|@)?\{\s*([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)\s*\}\}?|` +
		`<%=?\s*([\p{L}_][\p{L}\p{N}_.]*)\s*%>|\*\|([\p{L}_][\p{L}\p{N}_.]*)\|\*|%%([\p{L}_][\p{L}\p{N}_.]*)%%|\[\[\s*([\p{L}_][\p{L}\p{N}_.]*)\s*\]\]`)
	named        = regexp.MustCompile(`[\[【]\s*([\p{L}_][\p{L}\p{N}_.]*)\s*[\]】]|%([\p{L}_][\p{L}\p{N}_.]*)%|\$([A-Za-z_][A-Za-z0-9_.]*)`)
	otherComment = regexp.MustCompile(`(?s)\{#[^\p{L}{][^{}]*#\}`)
	bareVariable = regexp.MustCompile(bareNames(scope.RootNames))
	notShown     = regexp.MustCompile(`(?is)<style\b.*?</style>|<script\b.*?</script>|<!--.*?-->`)
)

// bareNames returns the pattern of variables that begin with one of the names, as a|b.
func bareNames(names string) string {
	return `\b(` + names + `)\.([\p{L}_][\p{L}\p{N}_]*)(?:\.[\p{L}_][\p{L}\p{N}_]*)*`
}

// unfilledPlaceholders finds what was meant to be filled in and would be sent as it stands.
func (c *textTyper) unfilledPlaceholders(n *Plain) {
	if c.scope == nil {
		return
	}
	src := []byte(c.text[n.From:n.To])
	if c.html {
		for _, m := range notShown.FindAllIndex(src, -1) {
			copy(src[m[0]:m[1]], strings.Repeat("\x00", m[1]-m[0]))
		}
	}
	taken := make([]bool, len(src)+1)
	report := func(from, to int, name string) {
		if taken[from] {
			return
		}
		for i := from; i < to; i++ {
			taken[i] = true
		}
		c.unfilled(Span{From: n.From + from, To: n.From + to}, name)
	}
	for _, m := range placeholder.FindAllSubmatchIndex(src, -1) {
		if name := submatch(src, m); len([]rune(name)) > 1 || c.suggestVariable(name) != "" {
			report(m[0], m[1], name)
		}
	}
	for _, m := range otherComment.FindAllIndex(src, -1) {
		c.error("not-filled-in", Span{From: n.From + m[0], To: n.From + m[1]},
			"a comment as other languages write it would be sent as it stands",
			"write {% comment %} … {% endcomment %}, or leave it out")
		for i := m[0]; i < m[1]; i++ {
			taken[i] = true
		}
	}
	for _, m := range named.FindAllSubmatchIndex(src, -1) {
		if name := submatch(src, m); c.suggestVariable(name) != "" {
			report(m[0], m[1], name)
		}
	}
	bare := bareVariable
	if kind := c.subject(); kind != scope.Member {
		bare = regexp.MustCompile(bareNames(regexp.QuoteMeta(kind) + "|trigger|vars|params|actions"))
	}
	for _, m := range bare.FindAllIndex(src, -1) {
		if name := string(src[m[0]:m[1]]); c.suggestVariable(name) == name && !inAddress(src, m[0], m[1]) {
			report(m[0], m[1], name)
		}
	}
}

// submatch returns the first group that matched.
func submatch(src []byte, m []int) string {
	for i := 2; i < len(m); i += 2 {
		if m[i] >= 0 {
			return string(src[m[i]:m[i+1]])
		}
	}
	return ""
}

// inAddress reports whether a word is part of a mail or web address or of a longer word.
func inAddress(src []byte, from, to int) bool {
	before, behind := byte(' '), byte(' ')
	if from > 0 {
		before = src[from-1]
	}
	if to < len(src) {
		behind = src[to]
	}
	return strings.IndexByte("/@.-_:", before) >= 0 || strings.IndexByte("/@-", behind) >= 0
}

// suggestVariable returns the variable that a name in a text means, or "".
func (c *textTyper) suggestVariable(name string) string {
	parts := strings.Split(name, ".")
	if root := c.root(parts[0]); root != nil && len(parts) > 1 {
		t := root
		for _, p := range parts[1:] {
			if t = step(t, p); t == nil {
				return ""
			}
		}
		return name
	}
	if t := c.root(c.subject()); len(parts) == 1 {
		_, declared := c.scope.Schema.AttributeType(name)
		if _, ok := t.Field(name); ok && declared {
			return c.subject() + "." + name
		}
		if _, ok := c.locals[name]; ok {
			return name
		}
	}
	return ""
}

// unfilled reports what would be sent as it stands. One that names a variable is a mistake, another
// may be meant so.
func (c *textTyper) unfilled(at Span, name string) {
	src := c.text[at.From:at.To]
	if meant := c.suggestVariable(name); meant != "" {
		c.error("not-filled-in", at, fmt.Sprintf("`%s` would be sent as it stands", src), "write {{ "+meant+" }}")
		return
	}
	label := "a value stands in two braces: {{ … }}"
	if root, field, ok := strings.Cut(name, "."); ok && c.root(root) != nil {
		label = cmp.Or(diag.DidYouMean(field, c.root(root).FieldNames()), label)
	} else if near := diag.Closest(name, c.root(c.subject()).FieldNames()); near != "" {
		label = "did you mean {{ " + c.subject() + "." + near + " }}?"
	}
	c.warn("not-filled-in", at, fmt.Sprintf("`%s` would be sent as it stands", src), label)
}
