package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// doneAction is an action that comes before the one being read.
type doneAction struct {
	id      string
	result  *Type
	pos     Pos    // of the id, or of the action
	way     []fork // the branches it stands in
	guarded bool
}

// maxActions is how many actions a playbook may have. Each may name the results of all before it, so that what a playbook costs to
// check would grow with the square of its actions without a limit.
const maxActions = 500

// itemKeys may stand beside an action's key.
var itemKeys = []string{"id", "if", "then", "else"}

// actionID is what an expression can write after `actions.`.
var actionID = regexp.MustCompile(`^[a-z_\p{Lo}々ー][a-z0-9_\p{Lo}々ー]*$`)

func (p *playbookReader) actions(n *node) {
	if n == nil || n.broken {
		return
	}
	if n.kind != sequenceNode {
		r := p.wrongType(n, "actions must be a list").label("begin each action with `- `")
		if n.kind == mappingNode && len(n.entries) > 0 && strings.HasPrefix(n.entries[0].key.value, "-") {
			r.label("put a space after the `-`")
		}
		return
	}
	if len(n.items) == 0 {
		p.error("bad-value", n.pos(), "a playbook needs at least one action")
		return
	}
	p.collectIDs(n)
	p.readList(n, "actions", nil)
}

// collectIDs notes all action ids beforehand, so that one which comes later is told from one that does not exist.
func (p *playbookReader) collectIDs(n *node) {
	if n == nil || n.kind != sequenceNode {
		return
	}
	for _, item := range n.items {
		if item.kind != mappingNode {
			continue
		}
		if v := item.get("id"); v != nil {
			p.collectID(v)
		}
		p.collectIDs(item.get("then"))
		p.collectIDs(item.get("else"))
		for _, key := range []string{"choose", "split"} {
			if ways := item.get(key); ways != nil && ways.kind == sequenceNode {
				for _, w := range ways.items {
					p.collectIDs(w.get("then"))
					p.collectIDs(w.get("else"))
				}
			}
		}
	}
}

func (p *playbookReader) collectID(v *node) {
	id, ok := p.str(v, "id")
	if !ok || !p.isName(v, "an action", id, actionID, "small letters, digits and `_`: expressions write actions.<id>", snakeOf) {
		p.poison["actions."+snakeOf(v.value)] = true
		p.poison["actions."+v.value] = true
		return
	}
	if first := p.ids[id]; first != nil {
		p.error("duplicate-id", v.pos(), fmt.Sprintf("there are two actions `%s`", id)).
			label("choose another id").related("first here", first.pos())
		return
	}
	p.ids[id] = v
}

// readList reads a list of actions on one way through the playbook. It gives the key that surely ends the run, nil when the run
// goes on behind the list.
func (p *playbookReader) readList(n *node, path string, way []fork) (end *node) {
	if n == nil || n.broken {
		return nil
	}
	if n.kind != sequenceNode {
		p.wrongType(n, "this must be a list of actions").label("begin each action with `- `")
		return nil
	}
	for i, item := range n.items {
		if end != nil {
			p.error("unreachable", item.pos(), "this action is never reached").label("the run has ended").related("it ends here", end.pos())
			return end
		}
		end = p.readItem(item, fmt.Sprintf("%s[%d]", path, i), way)
	}
	return end
}

// readItem reads one action. It gives its key when the run surely ends there.
func (p *playbookReader) readItem(n *node, path string, way []fork) (end *node) {
	if p.items++; p.items > maxActions {
		if p.items == maxActions+1 {
			p.error("too-many-actions", n.pos(), fmt.Sprintf("a playbook has at most %d actions, those of its branches among them", maxActions)).
				label("begin a further playbook here: `emit` an event that triggers it")
		}
		return nil
	}
	if n.broken {
		return nil
	}
	if n.kind != mappingNode {
		p.wrongType(n, "an action must be a mapping").label("as in - tag: vip")
		return nil
	}
	step := Step{Path: path, Pos: n.pos()}
	if v := n.get("id"); v != nil && p.ids[v.value] == v {
		step.ID = v.value
	}
	if n.get("then") != nil || n.get("else") != nil {
		return p.branch(n, step, way)
	}
	sc := p.scopeAt(way)
	cond := n.get("if")
	if cond != nil { // judged also when the action is missing or unknown: it may be still to come
		step.Guard = p.compileIn(cond, sc, Bool)
	}
	key := p.actionKey(n)
	if key == nil {
		p.poisonID(step.ID)
		return nil
	}
	step.Key, step.Pos = key.value, key.pos()
	switch key.value {
	case "choose", "split":
		return p.ways(n, key, step, way)
	case "wait": // goes on later, when the member may be another
	default:
		sc = sc.knowing(step.Guard.holds())
	}
	result, ok := p.act(n.get(key.value), &step, sc)
	if !ok {
		p.poisonID(step.ID)
		result = Any
	}
	step.Result = result
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, step.Pos, result, way, cond != nil)
	if key.value == "exit" {
		if cond == nil {
			return key
		}
		p.learn(step.Guard.fails())
	}
	return nil
}

// poisonID keeps expressions that use the action's result from being judged: what it leaves behind is unknown.
func (p *playbookReader) poisonID(id string) {
	if id != "" {
		p.poison["actions."+id] = true
	}
}

func (p *playbookReader) finished(id string, at Pos, result *Type, way []fork, guarded bool) {
	if v := p.ids[id]; v != nil {
		at = v.pos()
	}
	p.done = append(p.done, doneAction{id: id, result: result, pos: at, way: slices.Clone(way), guarded: guarded})
}

// actionKey finds the one key of an item that says what to do.
func (p *playbookReader) actionKey(n *node) *node {
	known := p.actionKeys()
	var found *node
	for _, e := range n.entries {
		k := e.key
		switch {
		case slices.Contains(itemKeys, k.value):
			continue
		case !slices.Contains(known, k.value):
			if found != nil && p.belongsTo(found, n.get(found.value), k) {
				return nil
			}
			if p.foreignAction(n, k) {
				return nil
			}
			r := p.error("unknown-action", k.pos(), fmt.Sprintf("there is no action `%s`", k.value))
			all := append(slices.Clone(known), itemKeys...)
			if best := closest(k.value, all); best != "" {
				r.label("did you mean `"+best+"`?").edit(k.pos(), best).doubt(sole(k.value, all))
			} else {
				r.label("there is " + oneOf(known))
			}
			return nil
		case found != nil:
			p.error("exclusive-keys", k.pos(), "an item has exactly one action").label("put it in an item of its own").
				related("first here", found.pos())
			return nil
		}
		found = k
	}
	switch {
	case found != nil:
	case n.get("if") != nil:
		p.error("missing-key", n.key("if").pos(), "this `if` decides about nothing").label("add `then: […]`, or an action beside it")
	default:
		p.error("missing-key", n.pos(), "this item has no action").label("one of " + oneOf(known))
	}
	return found
}

// belongsTo reports a field that stands beside its action instead of under it.
func (p *playbookReader) belongsTo(action, value, k *node) bool {
	spec := p.reg.Action(action.value)
	if spec == nil || !value.isNull() || !slices.ContainsFunc(spec.Fields, func(f FieldSpec) bool { return f.Name == k.value }) {
		return false
	}
	p.error("unknown-action", k.pos(), fmt.Sprintf("`%s` is no action but belongs to `%s`", k.value, action.value)).
		label("indent it further than `" + action.value + "`")
	return true
}

func (p *playbookReader) actionKeys() []string {
	var keys []string
	for _, c := range Controls() {
		if c.Key != "if" { // it may stand beside any action
			keys = append(keys, c.Key)
		}
	}
	for i := range p.reg.Actions {
		keys = append(keys, p.reg.Actions[i].Key)
	}
	slices.Sort(keys)
	return keys
}
