package playbooks

import (
	"slices"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Match is something that comes about: see [Condition].
type Match struct {
	Condition
	Via string // of one of several of a wait: its id
}

// Wait says what a run waits for: exactly one of For, Clock, Day, Until and Matches is set.
type Wait struct {
	For     schema.Duration // a time
	Clock   *int            // the next such time of day of the member, in minutes since midnight
	Day     *schema.DayTime // the next such day of the week or of the month, where the member is
	Until   *Value          // a datetime, or a date at its midnight; one that is past or missing is no wait
	Matches []Match         // the first that comes about, for Timeout at most
	Timeout schema.Duration
	Count   int  // of the one match: how many have to come; 0: one, of which nothing is counted
	Since   bool // those that came after the entry count, too; else those that come from the beginning of the wait on
}

// Value is a field's value: a literal, an expression, a text, or a list or object that contains
// some.
type Value struct {
	Literal any
	Expr    *expression.Expr
	Text    *Template
	List    []*Value
	Map     map[string]*Value
	Keys    []string // of Map, in the order in which they are written

	// Of a text of an action of a snippet: how many `use`s further out it was written. It sees what they see.
	Up int

	Choices map[string]*Template // by the names that Expr may give: the text of one is the value
}

// Names returns the names that the value may be: that which is written out, or all that its
// expression may give.
func (v *Value) Names() []string {
	if v == nil {
		return nil
	}
	if v.Expr == nil {
		if name, ok := v.Literal.(string); ok {
			return []string{name}
		}
		return nil
	}
	names := make([]string, len(v.Expr.Values))
	for i, one := range v.Expr.Values {
		names[i] = one.Tag
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Put adds a value under a key of Map.
func (v *Value) Put(key string, value *Value) {
	if _, known := v.Map[key]; !known {
		v.Keys = append(v.Keys, key)
	}
	v.Map[key] = value
}
