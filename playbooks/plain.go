package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// yamlReader reads YAML files and the plain values in them.
type yamlReader struct {
	collector
	running bool // see Compile

	playbookKeys []string                       // the keys of a playbook: they tell a key with its value glued to it from a word
	typeMeant    func(file, text string) string // the type that a text stands for as other tools write it; "" when it is none
}

// mapping wants a mapping with no keys but the known ones; ok is false when it is none or was refused before.
func (c *yamlReader) mapping(n *node, what string, known ...string) bool {
	if n.broken {
		return false
	}
	if n.kind != mappingNode {
		c.wrongType(n, what+" must be a mapping (`key: value`)")
		return false
	}
	for _, e := range n.entries {
		if !slices.Contains(known, e.key.value) {
			if k := c.keySlip(e.key, known); k != "" {
				n.meant = append(n.meant, k)
				continue
			}
			c.unknownKey(e.key, what, known)
			n.meant = append(n.meant, closest(e.key.value, known))
		}
	}
	return true
}

func (c *yamlReader) unknownKey(key *node, what string, known []string) {
	label := DidYouMean(key.value, known)
	r := c.error("unknown-key", key.pos(), fmt.Sprintf("%s has no key `%s`", what, key.value))
	if label == "" {
		r.label("known here: " + oneOf(known))
		return
	}
	r.label(label).edit(key.pos(), closest(key.value, known)).doubt(sole(key.value, known))
}

// require gives the value of a key that must be there.
func (c *yamlReader) require(n *node, what, key, example string) *node {
	v := n.get(key)
	if v == nil && !n.broken && !slices.Contains(n.meant, key) {
		c.error("missing-key", n.pos(), fmt.Sprintf("%s needs the key `%s`", what, key)).label("add `" + example + "`")
	}
	return v
}

// requireLine is require for a key that has one answer: the line with it is offered, as the file's first.
func (c *yamlReader) requireLine(n *node, what, key, line string) *node {
	before := len(c.diags)
	v := c.require(n, what, key, line)
	if v != nil || len(c.diags) == before || n.flow || len(n.entries) == 0 {
		return v
	}
	at := n.f.pos(n.entries[0].key.start, n.entries[0].key.start)
	if at.Column != 1 {
		return nil
	}
	end := "\n"
	if strings.Contains(n.f.text, "\r\n") {
		end = "\r\n"
	}
	c.last().edit(at, line+end)
	return nil
}

func (c *yamlReader) wrongType(n *node, message string) report {
	var got string
	switch {
	case n.isNull():
		got = "nothing is given"
	case n.kind == mappingNode:
		got = "this is a mapping"
	case n.kind == sequenceNode:
		got = "this is a list"
	case n.tag == "int" || n.tag == "float":
		got = "this is a number"
	case n.tag == "bool":
		got = "this is a bool"
	case n.tag == "timestamp":
		got = "this is a date"
	default:
		got = "this is a string"
	}
	return c.error("wrong-type", n.pos(), message).label(got)
}

// str reads a string. A number or a bool in its place is one in want of quotes.
func (c *yamlReader) str(n *node, what string) (string, bool) {
	switch {
	case n == nil || n.broken:
		return "", false
	case n.kind == scalarNode && n.tag == "str":
		return n.value, true
	case n.kind == scalarNode && n.tag != "null" && n.style == plainStyle:
		c.error("wrong-type", n.pos(), what+" must be a string").label("put it in quotes: "+quote(n.value)).
			edit(n.pos(), quote(n.value)).doubt(false) // a number in a text's place may be another value's
		return "", false
	}
	c.wrongType(n, what+" must be a string")
	return "", false
}

// text reads free text: a string that YAML did not cut short.
func (c *yamlReader) text(n *node, what string) (string, bool) {
	if n != nil && !n.broken && c.cutSlip(n, false) {
		return "", false
	}
	return c.str(n, what)
}

func (c *yamlReader) integer(n *node, what string, least, most int) (int, bool) {
	if n == nil || n.broken {
		return 0, false
	}
	if n.kind != scalarNode || n.tag != "int" || !wholeNumber.MatchString(n.value) {
		r := c.wrongType(n, what+" must be a whole number")
		if plain := strings.ReplaceAll(strings.ReplaceAll(narrowed(n.value), ",", ""), "_", ""); n.kind == scalarNode && wholeNumber.MatchString(plain) {
			switch {
			case n.style != plainStyle && plain == n.value:
				r.label("write it without quotes").edit(n.pos(), plain)
			case plain != n.value:
				r.label("write "+plain).edit(n.pos(), plain).doubt(!strings.ContainsAny(n.value, ","))
			}
		} else if w, ok := wordedNumberIn(n.value); ok && n.kind == scalarNode && w.to-w.from == len(n.value) && wholeNumber.MatchString(w.write) {
			r.label("write "+w.write).edit(n.pos(), w.write)
		}
		return 0, false
	}
	v, err := strconv.Atoi(n.value)
	if err != nil || v < least || v > most {
		c.error("bad-value", n.pos(), fmt.Sprintf("%s must be between %d and %d", what, least, most))
		return 0, false
	}
	return v, true
}

// enum reads one of the words.
func (c *yamlReader) enum(n *node, what string, words ...string) (string, bool) {
	if n == nil || n.broken {
		return "", false
	}
	if n.kind == scalarNode && slices.Contains(words, n.value) {
		return n.value, true
	}
	if n.kind != scalarNode || n.isNull() {
		c.wrongType(n, what+" must be "+oneOf(words))
		return "", false
	}
	r := c.error("bad-value", n.pos(), fmt.Sprintf("%s cannot be `%s`", what, n.value))
	if best := closest(n.value, words); best != "" {
		r.label("did you mean `"+best+"`?").edit(n.pos(), best).doubt(sole(n.value, words))
	} else {
		r.label("write " + oneOf(words))
	}
	return "", false
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxName = 100

// kebabCase reads the name of a playbook, segment, channel or pool.
func (c *yamlReader) kebabCase(n *node, what string) (string, bool) {
	s, ok := c.str(n, "the id of "+what)
	if !ok {
		return "", false
	}
	return s, c.isName(n, what, s, kebab, "write it in kebab-case: small letters and digits, words joined by `-`", kebabOf)
}

func (c *yamlReader) isName(n *node, what, s string, re *regexp.Regexp, hint string, mend func(string) string) bool {
	if re.MatchString(s) && len(s) <= maxName {
		return true
	}
	r := c.error("bad-name", n.pos(), fmt.Sprintf("`%s` is not a name for %s", s, what)).label(hint)
	if wide, plain, ok := plainName(s); ok {
		r.label(fmt.Sprintf("`%c` is full-width: %s", wide, hint))
		mended := mend(plain)
		if !re.MatchString(mended) {
			mended = strings.Trim(betweenWords.ReplaceAllString(mended, "-"), "-")
		}
		if !re.MatchString(mended) {
			mended = strings.ReplaceAll(mended, "-", "_")
		}
		if re.MatchString(mended) && len(mended) <= maxName {
			r.label(fmt.Sprintf("`%c` is full-width: write `%s`", wide, mended)).edit(n.pos(), mended).doubt(false)
		}
		return false
	}
	if better := mend(s); re.MatchString(better) {
		r.edit(n.pos(), better).doubt(false) // other places may name it
	}
	return false
}

// betweenWords matches what stands between the words of a name and cannot be in one.
var betweenWords = regexp.MustCompile(`[^\p{L}\p{N}_]+`)

// kebabOf guesses the kebab-case form of a name: CartRescue, cart_rescue and "Cart rescue" are cart-rescue.
func kebabOf(s string) string {
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

// expressionText reads the text of an expression. One that is a number or a bool to YAML is one to the expression checker too,
// which says what is wrong with a constant.
func (c *yamlReader) expressionText(n *node, what string) (string, bool) {
	if n.kind == scalarNode && n.tag != "null" {
		return n.value, true
	}
	return c.str(n, what)
}

// needlessEquals reports the `= ` that marks an expression among literals, where nothing but an expression can stand.
func (c *yamlReader) needlessEquals(n *node, text string) bool {
	if !strings.HasPrefix(text, "= ") {
		return false
	}
	c.error("syntax-expression", n.at(0, 2), "this is an expression already").label("leave the `= ` out").edit(n.at(0, 2), "")
	return true
}
