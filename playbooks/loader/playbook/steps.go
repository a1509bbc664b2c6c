package playbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// doneAction is an action that comes before the one being read.
type doneAction struct {
	id      string
	result  *schema.Type
	pos     diag.Pos       // of the id, or of the action
	path    []branchChoice // the branches it stands in
	guarded bool
}

// maxActions is how many actions a playbook may have. Each may name the results of all before it,
// so that what a playbook costs to check would grow with the square of its actions without a limit.
const maxActions = 500

// itemKeys may stand beside an action's key.
var itemKeys = []string{"id", "if", "with", "then", "else"}

// actionID is what an expression can write after `actions.`.
var actionID = regexp.MustCompile(`^[a-z_\p{Lo}々ー][a-z0-9_\p{Lo}々ー]*$`)

// actions reads all actions. It returns the key that surely ends the run, nil when it goes on behind them.
func (p *reader) actions(n *syntax.Node) (end *syntax.Node) {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind != syntax.SequenceNode {
		r := p.WrongType(n, "actions must be a list").Label("begin each action with `- `")
		if n.Kind == syntax.MappingNode && len(n.Entries) > 0 && strings.HasPrefix(n.Entries[0].Key.Value, "-") {
			r.Label("put a space after the `-`")
		}
		return nil
	}
	if len(n.Items) == 0 {
		what := "a playbook"
		if p.given != nil {
			what = "a snippet"
		}
		p.Error("bad-value", n.Pos(), what+" needs at least one action")
		return nil
	}
	p.collectIDs(n)
	return p.readList(n, "actions", nil)
}

// collectIDs notes all action ids beforehand, so that one which comes later is told from one that
// does not exist.
func (p *reader) collectIDs(n *syntax.Node) {
	if n == nil || n.Kind != syntax.SequenceNode {
		return
	}
	for _, item := range n.Items {
		if item.Kind != syntax.MappingNode {
			continue
		}
		if v := item.Get("id"); v != nil {
			p.collectID(v)
		}
		p.collectIDs(item.Get("then"))
		p.collectIDs(item.Get("else"))
		for _, key := range []string{"choose", "split"} {
			ways := item.Get(key)
			if ways != nil && ways.Kind == syntax.MappingNode {
				ways = ways.Get("ways")
			}
			if ways != nil && ways.Kind == syntax.SequenceNode {
				for _, w := range ways.Items {
					p.collectIDs(w.Get("then"))
					p.collectIDs(w.Get("else"))
				}
			}
		}
	}
}

func (p *reader) collectID(v *syntax.Node) {
	id, ok := p.Str(v, "id")
	if !ok || !p.IsName(v, "an action", id, actionID, "small letters, digits and `_`: expressions write actions.<id>",
		syntax.SnakeOf) {
		p.unknownNames["actions."+syntax.SnakeOf(v.Value)] = true
		p.unknownNames["actions."+v.Value] = true
		return
	}
	if first := p.ids[id]; first != nil {
		p.Error("duplicate-id", v.Pos(), fmt.Sprintf("there are two actions `%s`", id)).
			Label("choose another id").Related("first here", first.Pos())
		return
	}
	p.ids[id] = v
}

// readList reads a list of actions on one way through the playbook. It gives the key that surely
// ends the run, nil when the run goes on behind the list.
func (p *reader) readList(n *syntax.Node, path string, way []branchChoice) (end *syntax.Node) {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind != syntax.SequenceNode {
		p.WrongType(n, "this must be a list of actions").Label("begin each action with `- `")
		return nil
	}
	for i, item := range n.Items {
		if end != nil {
			p.Error("unreachable", item.Pos(), "this action is never reached").Label("the run has ended").
				Related("it ends here", end.Pos())
			return end
		}
		end = p.readItem(item, fmt.Sprintf("%s[%d]", path, i), way)
	}
	return end
}

// readItem reads one action. It gives its key when the run surely ends there.
func (p *reader) readItem(n *syntax.Node, path string, way []branchChoice) (end *syntax.Node) {
	if p.items++; p.items > maxActions {
		if p.items == maxActions+1 {
			p.Error("too-many-actions", n.Pos(), fmt.Sprintf("a playbook has at most %d actions, those of its branches among them", maxActions)).
				Label("begin a further playbook here: `emit` an event that triggers it")
		}
		return nil
	}
	if n.Broken {
		return nil
	}
	if n.Kind != syntax.MappingNode {
		p.WrongType(n, "an action must be a mapping").Label("as in - tag: vip")
		return nil
	}
	step := playbooks.Step{Path: path, Pos: n.Pos()}
	if v := n.Get("id"); v != nil && p.ids[v.Value] == v {
		step.ID = v.Value
	}
	if n.Get("then") != nil || n.Get("else") != nil {
		return p.ifThenElse(n, step, way)
	}
	sc := p.scopeAt(way)
	cond := n.Get("if")
	if cond != nil { // judged also when the action is missing or unknown: it may be still to come
		step.Guard = p.compileIn(cond, sc, schema.Bool)
	}
	key := p.actionKey(n)
	if key == nil {
		p.markUnknownID(step.ID)
		return nil
	}
	step.Key, step.Pos = key.Value, key.Pos()
	if n.Get("with") != nil && key.Value != "use" {
		p.Error("exclusive-keys", n.Key("with").Pos(), "`with` stands beside `use`").Label("leave it out")
	}
	switch key.Value {
	case "choose", "split":
		return p.chooseOrSplit(n, key, step, way)
	case "use":
		return p.use(n, key, step, way)
	case "wait": // goes on later, when the member may be another
	default:
		sc = sc.Knowing(step.Guard.Holds())
	}
	result, ok := p.act(n.Get(key.Value), &step, sc)
	if !ok {
		p.markUnknownID(step.ID)
		result = schema.Any
	}
	step.Result = result
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, step.Pos, result, way, cond != nil)
	if key.Value == "exit" {
		if cond == nil {
			return key
		}
		p.addFacts(step.Guard.Fails())
	}
	return nil
}

// markUnknownID keeps expressions that use the action's result from being judged: what it leaves
// behind is unknown.
func (p *reader) markUnknownID(id string) {
	if id != "" {
		p.unknownNames["actions."+id] = true
	}
}

func (p *reader) finished(id string, at diag.Pos, result *schema.Type, way []branchChoice, guarded bool) {
	if v := p.ids[id]; v != nil {
		at = v.Pos()
	}
	p.done = append(p.done, doneAction{id: id, result: result, pos: at, path: slices.Clone(way), guarded: guarded})
}

// actionKey finds the one key of an item that says what to do.
func (p *reader) actionKey(n *syntax.Node) *syntax.Node {
	known := p.actionKeys()
	var found *syntax.Node
	for _, e := range n.Entries {
		k := e.Key
		switch {
		case slices.Contains(itemKeys, k.Value):
			continue
		case !slices.Contains(known, k.Value):
			if found != nil && p.belongsTo(found, n.Get(found.Value), k) {
				return nil
			}
			if p.foreignAction(n, k) {
				return nil
			}
			r := p.Error("unknown-action", k.Pos(), fmt.Sprintf("there is no action `%s`", k.Value))
			all := append(slices.Clone(known), itemKeys...)
			if best := diag.Closest(k.Value, all); best != "" {
				r.Label("did you mean `"+best+"`?").Edit(k.Pos(), best).UnsureUnless(diag.UniqueMatch(k.Value, all))
			} else {
				r.Label("there is " + diag.OneOf(known))
			}
			return nil
		case found != nil:
			p.Error("exclusive-keys", k.Pos(), "an item has exactly one action").Label("put it in an item of its own").
				Related("first here", found.Pos())
			return nil
		}
		found = k
	}
	switch {
	case found != nil:
	case n.Get("if") != nil:
		p.Error("missing-key", n.Key("if").Pos(), "this `if` decides about nothing").
			Label("add `then: […]`, or an action beside it")
	default:
		p.Error("missing-key", n.Pos(), "this item has no action").Label("one of " + diag.OneOf(known))
	}
	return found
}

// belongsTo reports a field that stands beside its action instead of under it.
func (p *reader) belongsTo(action, value, k *syntax.Node) bool {
	spec := p.Registry.Action(action.Value)
	if spec == nil || !value.IsNull() || !slices.ContainsFunc(spec.Fields,
		func(f schema.FieldSpec) bool { return f.Name == k.Value }) {
		return false
	}
	p.Error("unknown-action", k.Pos(), fmt.Sprintf("`%s` is no action but belongs to `%s`", k.Value, action.Value)).
		Label("indent it further than `" + action.Value + "`")
	return true
}

func (p *reader) actionKeys() []string {
	var keys []string
	for _, c := range shapes.Controls() {
		if c.Key != "if" { // it may stand beside any action
			keys = append(keys, c.Key)
		}
	}
	for i := range p.Registry.Actions {
		keys = append(keys, p.Registry.Actions[i].Key)
	}
	slices.Sort(keys)
	return keys
}
