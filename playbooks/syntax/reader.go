package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// Reader reads YAML files and the plain values in them.
type Reader struct {
	diag.Collector
	Running bool // see Compile

	// the keys of a playbook: they tell a key with its value glued to it from a word
	PlaybookKeys []string
	// the type that a text stands for as other tools write it; "" when it is none
	SuggestType func(file, text string) string
}

// Mapping wants a mapping with no keys but the known ones; ok is false when it is none or was
// refused before.
func (c *Reader) Mapping(n *Node, what string, known ...string) bool {
	if n.Broken {
		return false
	}
	if n.Kind != MappingNode {
		c.WrongType(n, what+" must be a mapping (`key: value`)")
		return false
	}
	for _, e := range n.Entries {
		if !slices.Contains(known, e.Key.Value) {
			if k := c.mistakenKey(e.Key, known); k != "" {
				n.Intended = append(n.Intended, k)
				continue
			}
			if k := c.ChineseKey(n, e.Key, what, known); k != "" {
				n.Intended = append(n.Intended, k)
				continue
			}
			c.UnknownKey(e.Key, what, known)
			n.Intended = append(n.Intended, diag.Closest(e.Key.Value, known))
		}
	}
	return true
}

// MappingOnly wants a mapping with any keys.
func (c *Reader) MappingOnly(n *Node, what string) bool {
	if n.Broken {
		return false
	}
	if n.Kind != MappingNode {
		c.WrongType(n, what+" must be a mapping (`key: value`)")
		return false
	}
	return true
}

// List returns the items of a list, nothing when there is none.
func (c *Reader) List(n *Node, what string) []*Node {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind != SequenceNode {
		c.WrongType(n, what+" must be a list")
		return nil
	}
	return n.Items
}

// UnknownKey reports a key that is not known here; known are those that are.
func (c *Reader) UnknownKey(key *Node, what string, known []string) {
	label := diag.DidYouMean(key.Value, known)
	r := c.Error("unknown-key", key.Pos(), fmt.Sprintf("%s has no key `%s`", what, key.Value))
	if label == "" {
		r.Label("known here: " + diag.OneOf(known))
		return
	}
	r.Label(label).Edit(key.Pos(), diag.Closest(key.Value, known)).UnsureUnless(diag.UniqueMatch(key.Value, known))
}

// Require returns the value of a key that must be there.
func (c *Reader) Require(n *Node, what, key, example string) *Node {
	v := n.Get(key)
	if v == nil && !n.Broken && !slices.Contains(n.Intended, key) {
		c.Error("missing-key", n.Pos(), fmt.Sprintf("%s needs the key `%s`", what, key)).Label("add `" + example + "`")
	}
	return v
}

// RequireLine is require for a key that has one answer: the line with it is offered, as the file's
// first.
func (c *Reader) RequireLine(n *Node, what, key, line string) *Node {
	before := len(c.Diags)
	v := c.Require(n, what, key, line)
	if v != nil || len(c.Diags) == before || n.Flow || len(n.Entries) == 0 {
		return v
	}
	at := n.F.Pos(n.Entries[0].Key.Start, n.Entries[0].Key.Start)
	if at.Column != 1 {
		return nil
	}
	end := "\n"
	if strings.Contains(n.F.Text, "\r\n") {
		end = "\r\n"
	}
	c.Last().Edit(at, line+end)
	return nil
}

// WrongType reports a value of another kind than is needed, and says what it is.
func (c *Reader) WrongType(n *Node, message string) diag.Report {
	var got string
	switch {
	case n.IsNull():
		got = "nothing is given"
	case n.Kind == MappingNode:
		got = "this is a mapping"
	case n.Kind == SequenceNode:
		got = "this is a list"
	case n.Tag == "int" || n.Tag == "float":
		got = "this is a number"
	case n.Tag == "bool":
		got = "this is a bool"
	case n.Tag == "timestamp":
		got = "this is a date"
	default:
		got = "this is a string"
	}
	return c.Error("wrong-type", n.Pos(), message).Label(got)
}

// Str reads a string. A number or a bool in its place is one in want of quotes.
func (c *Reader) Str(n *Node, what string) (string, bool) {
	switch {
	case n == nil || n.Broken:
		return "", false
	case n.Kind == ScalarNode && n.Tag == "str":
		return n.Value, true
	case n.Kind == ScalarNode && n.Tag != "null" && n.Style == PlainStyle:
		c.Error("wrong-type", n.Pos(), what+" must be a string").Label("put it in quotes: "+Quote(n.Value)).
			Edit(n.Pos(), Quote(n.Value)).UnsureUnless(false) // a number in a text's place may be another value's
		return "", false
	}
	c.WrongType(n, what+" must be a string")
	return "", false
}

// Text reads free text: a string that YAML did not cut short.
func (c *Reader) Text(n *Node, what string) (string, bool) {
	if n != nil && !n.Broken && c.CutByComment(n, false) {
		return "", false
	}
	return c.Str(n, what)
}

// Integer reads a whole number between least and most.
func (c *Reader) Integer(n *Node, what string, least, most int) (int, bool) {
	if n == nil || n.Broken {
		return 0, false
	}
	if n.Kind != ScalarNode || n.Tag != "int" || !diag.WholeNumber.MatchString(n.Value) {
		r := c.WrongType(n, what+" must be a whole number")
		if plain := strings.ReplaceAll(strings.ReplaceAll(diag.HalfWidth(n.Value), ",", ""), "_",
			""); n.Kind == ScalarNode && diag.WholeNumber.MatchString(plain) {
			switch {
			case n.Style != PlainStyle && plain == n.Value:
				r.Label("write it without quotes").Edit(n.Pos(), plain)
			case plain != n.Value:
				r.Label("write "+plain).Edit(n.Pos(), plain).UnsureUnless(!strings.ContainsAny(n.Value, ","))
			}
		} else if w, ok := diag.FindWrittenNumber(n.Value); ok && n.Kind == ScalarNode && w.To-w.From == len(n.Value) &&
			diag.WholeNumber.MatchString(w.Write) {
			r.Label("write "+w.Write).Edit(n.Pos(), w.Write)
		}
		return 0, false
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil || v < least || v > most {
		c.Error("bad-value", n.Pos(), fmt.Sprintf("%s must be between %d and %d", what, least, most))
		return 0, false
	}
	return v, true
}

// DeclaredEnum is Enum of words that the workspace declares: a declaration may be what is misspelt.
func (c *Reader) DeclaredEnum(n *Node, what string, words ...string) (string, bool) {
	before := len(c.Diags)
	word, ok := c.Enum(n, what, words...)
	for i := before; i < len(c.Diags); i++ {
		c.Diags[i].AssumeName(diag.Closest(n.Value, words))
	}
	return word, ok
}

// Enum reads one of the words.
func (c *Reader) Enum(n *Node, what string, words ...string) (string, bool) {
	if n == nil || n.Broken {
		return "", false
	}
	if n.Kind == ScalarNode && slices.Contains(words, n.Value) {
		return n.Value, true
	}
	if n.Kind != ScalarNode || n.IsNull() {
		c.WrongType(n, what+" must be "+diag.OneOf(words))
		return "", false
	}
	r := c.Error("bad-value", n.Pos(), fmt.Sprintf("%s cannot be `%s`", what, n.Value))
	if best := diag.Closest(n.Value, words); best != "" {
		r.Label("did you mean `"+best+"`?").Edit(n.Pos(), best).UnsureUnless(diag.UniqueMatch(n.Value, words))
	} else if meant := diag.InEnglish(n.Value, words); meant != "" {
		r.Label("write `"+meant+"`").Edit(n.Pos(), meant)
	} else {
		r.Label("write " + diag.OneOf(words))
	}
	return "", false
}

// Kebab matches a name in kebab-case.
var Kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// MaxName is how long a name may be, in bytes.
const MaxName = 100

// KebabCase reads the name of a playbook, segment, channel or pool.
func (c *Reader) KebabCase(n *Node, what string) (string, bool) {
	s, ok := c.Str(n, "the id of "+what)
	if !ok {
		return "", false
	}
	return s, c.IsName(n, what, s, Kebab, "write it in kebab-case: small letters and digits, words joined by `-`", KebabOf)
}

// IsName reports whether a text is a name; else it reports the mistake with the name that mend
// makes of it.
func (c *Reader) IsName(n *Node, what, s string, re *regexp.Regexp, hint string, mend func(string) string) bool {
	if re.MatchString(s) && len(s) <= MaxName {
		return true
	}
	r := c.Error("bad-name", n.Pos(), fmt.Sprintf("`%s` is not a name for %s", s, what)).Label(hint)
	if wide, plain, ok := diag.HalfWidthName(s); ok {
		r.Label(fmt.Sprintf("`%c` is full-width: %s", wide, hint))
		mended := mend(plain)
		if !re.MatchString(mended) {
			mended = strings.Trim(nameSeparators.ReplaceAllString(mended, "-"), "-")
		}
		if !re.MatchString(mended) {
			mended = strings.ReplaceAll(mended, "-", "_")
		}
		if re.MatchString(mended) && len(mended) <= MaxName {
			r.Label(fmt.Sprintf("`%c` is full-width: write `%s`", wide, mended)).Edit(n.Pos(), mended).UnsureUnless(false)
		}
		return false
	}
	if better := mend(s); re.MatchString(better) {
		r.Edit(n.Pos(), better).UnsureUnless(false) // other places may name it
	}
	return false
}

// nameSeparators matches what stands between the words of a name and cannot be in one.
var nameSeparators = regexp.MustCompile(`[^\p{L}\p{N}_]+`)

// KebabOf guesses the kebab-case form of a name: CartRescue, cart_rescue and "Cart rescue" are
// cart-rescue.
func KebabOf(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('-')
			}
			b.WriteRune(r - 'A' + 'a')
		case r == '_' || r == ' ' || r == '.':
			b.WriteByte('-')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ExpressionText reads the text of an expression. One that is a number or a bool to YAML is one to
// the expression checker too, which says what is wrong with a constant.
func (c *Reader) ExpressionText(n *Node, what string) (string, bool) {
	if n.Kind == ScalarNode && n.Tag != "null" {
		return n.Value, true
	}
	return c.Str(n, what)
}

// NeedlessEquals reports the `= ` that marks an expression among literals, where nothing but an
// expression can stand.
func (c *Reader) NeedlessEquals(n *Node, text string) bool {
	if !strings.HasPrefix(text, "= ") {
		return false
	}
	c.Error("syntax-expression", n.At(0, 2), "this is an expression already").Label("leave the `= ` out").
		Edit(n.At(0, 2), "")
	return true
}

// SnakeOf guesses the form of a name in which words are joined by `_`.
func SnakeOf(s string) string {
	return strings.NewReplacer("-", "_", " ", "_", ".", "_").Replace(s)
}
