package scope

import (
	"slices"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Scope says what an expression may name beside `member`, which is always in scope.
type Scope struct {
	Schema  Declarations
	Trigger *schema.Type // what started the run, an object; nil: not in scope
	Event   *schema.Type // the event being looked at, an object; nil: not in scope
	Vars    *schema.Type // what the playbook computes at an entry, an object; nil: not in scope
	Params  *schema.Type // what a snippet is given, an object; nil: not in scope
	// What a run carries over to the text of a message for an object, an object; nil: it is no such text. Where it is,
	// nothing else of the run is in scope.
	With *schema.Type
	// Of params that are names, of a pool say, each: it is a constant where the snippet is used.
	Names map[string]string
	// Of params that an expression or a text cannot name, each: what it stands for, as a text or an optional pool
	// that is not given.
	Whole    map[string]string
	Actions  []ActionResult  // results of the actions that come before
	Nameless []ActionResult  // those of them that have no id: nothing can name them
	Later    map[string]bool // action ids that exist but have not run yet here
	Running  bool            // what can be compiled is, whatever there is to say about it; see loader.Compile
	Known    []string        // what guards before have seen to be present, as member.nickname or actions.paid.event
}

// Knowing returns the scope with further facts.
func (s *Scope) Knowing(facts []string) *Scope {
	if len(facts) == 0 {
		return s
	}
	out := *s
	out.Known = slices.Concat(s.Known, facts)
	return &out
}

// RootNames are what expressions and texts begin with where they name something, as a part of a pattern.
const RootNames = `member|trigger|vars|params|actions`

// Root is an object that an expression may name.
type Root struct {
	Name string
	Type *schema.Type // an object
}

// Roots returns the objects beside `member` and `actions` that are in scope.
func (s *Scope) Roots() []Root {
	return slices.DeleteFunc([]Root{{"trigger", s.Trigger}, {"event", s.Event}, {"vars", s.Vars}, {"params", s.Params}, {"with", s.With}},
		func(r Root) bool { return r.Type == nil })
}

// Root returns the type of an object that is in scope beside `member` and `actions`; nil: it is not.
func (s *Scope) Root(name string) *schema.Type {
	for _, r := range s.Roots() {
		if r.Name == name {
			return r.Type
		}
	}
	return nil
}

// ActionResult is what an action with an id leaves behind. Its Type is optional when the action ran
// only on some ways.
type ActionResult struct {
	ID   string
	Type *schema.Type // an object
	Pos  diag.Pos     // of its id, or of the action; the zero Pos: unknown
}

// ActionsType is the object of the results so far.
func (s *Scope) ActionsType() *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, a := range s.Actions {
		t.Fields = append(t.Fields, schema.Field{Name: a.ID, Type: a.Type, Pos: a.Pos})
	}
	return t
}
