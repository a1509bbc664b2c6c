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
	way     []int // the branches it stands in
	guarded bool
}

// itemKeys may stand beside an action's key.
var itemKeys = []string{"id", "if", "then", "else"}

// controlKeys are the actions that the language itself knows.
var controlKeys = []string{"wait", "exit"}

// unsupportedActions are part of the language, but not of this version unless the registry has them.
var unsupportedActions = []string{"choose", "split", "points", "webhook", "emit"}

// actionID is what an expression can write after `actions.`.
var actionID = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

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
	}
}

func (p *playbookReader) collectID(v *node) {
	id, ok := p.str(v, "id")
	if !ok || !p.isName(v, "an action", id, actionID, "small letters, digits and `_`: expressions write actions.<id>", snakeOf) {
		p.poison["actions."+snakeOf(v.value)] = true
		return
	}
	if first := p.ids[id]; first != nil {
		p.error("duplicate-id", v.pos(), fmt.Sprintf("there are two actions `%s`", id)).
			label("choose another id").related("first here", first.pos())
		return
	}
	p.ids[id] = v
}

// readList reads a list of actions on one way through the playbook.
func (p *playbookReader) readList(n *node, path string, way []int) {
	if n == nil || n.broken {
		return
	}
	if n.kind != sequenceNode {
		p.wrongType(n, "this must be a list of actions").label("begin each action with `- `")
		return
	}
	var exit *node
	for i, item := range n.items {
		if exit != nil {
			p.error("unreachable", item.pos(), "this action is never reached").label("the run has ended").related("it ends here", exit.pos())
			return
		}
		p.readItem(item, fmt.Sprintf("%s[%d]", path, i), way)
		if item.kind == mappingNode && item.get("exit") != nil && item.get("if") == nil {
			exit = item.key("exit")
		}
	}
}

func (p *playbookReader) readItem(n *node, path string, way []int) {
	if n.broken {
		return
	}
	if n.kind != mappingNode {
		p.wrongType(n, "an action must be a mapping").label("as in - tag: vip")
		return
	}
	step := Step{Path: path, Pos: n.pos()}
	if v := n.get("id"); v != nil && p.ids[v.value] == v {
		step.ID = v.value
	}
	if n.get("then") != nil || n.get("else") != nil {
		p.branch(n, step, way)
		return
	}
	key := p.actionKey(n)
	if key == nil {
		p.poisonID(step.ID)
		return
	}
	step.Key, step.Pos = key.value, key.pos()
	sc := p.scopeAt(way)
	if cond := n.get("if"); cond != nil {
		step.Guard = p.compileIn(cond, sc, Bool)
	}
	result, ok := p.act(n.get(key.value), &step, sc)
	if !ok {
		p.poisonID(step.ID)
		result = Any
	}
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, result, way, n.get("if") != nil)
}

// poisonID keeps expressions that use the action's result from being judged: what it leaves behind is unknown.
func (p *playbookReader) poisonID(id string) {
	if id != "" {
		p.poison["actions."+id] = true
	}
}

func (p *playbookReader) finished(id string, result *Type, way []int, guarded bool) {
	if id != "" {
		p.done = append(p.done, doneAction{id: id, result: result, way: slices.Clone(way), guarded: guarded})
	}
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
		case !slices.Contains(known, k.value) && slices.Contains(unsupportedActions, k.value):
			p.error("unsupported", k.pos(), fmt.Sprintf("the action `%s` is not available in this version of usher", k.value)).
				label("there is " + oneOf(known))
			return nil
		case !slices.Contains(known, k.value):
			if found != nil && p.belongsTo(found, n.get(found.value), k) {
				return nil
			}
			r := p.error("unknown-action", k.pos(), fmt.Sprintf("there is no action `%s`", k.value))
			if best := closest(k.value, append(slices.Clone(known), itemKeys...)); best != "" {
				r.label("did you mean `"+best+"`?").edit(k.pos(), best)
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
	keys := slices.Clone(controlKeys)
	for i := range p.reg.Actions {
		keys = append(keys, p.reg.Actions[i].Key)
	}
	slices.Sort(keys)
	return keys
}

// branch reads `if` with `then` and perhaps `else`.
func (p *playbookReader) branch(n *node, step Step, way []int) {
	cond := p.require(n, "a branch", "if", "if: …")
	for _, e := range n.entries {
		if !slices.Contains(itemKeys, e.key.value) {
			p.error("exclusive-keys", e.key.pos(), "a branch has no action of its own").label("move it into `then`, or before the branch")
		}
	}
	step.Key = "if"
	step.Pos = n.key("if").pos()
	step.Guard = p.compileIn(cond, p.scopeAt(way), Bool)
	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, ObjectOf(), way, false)

	then, otherwise := n.get("then"), n.get("else")
	if then == nil {
		p.error("missing-key", n.key("else").pos(), "a branch needs `then` before its `else`").label("add `then: […]`, or turn the condition round")
	}
	p.ways++
	number := p.ways * 2
	p.readList(then, step.Path+".then", append(slices.Clone(way), number))
	if otherwise == nil {
		p.pb.Steps[at].Jump = len(p.pb.Steps)
		return
	}
	jump := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, Step{Key: "jump", Path: step.Path + ".end", Pos: step.Pos})
	p.pb.Steps[at].Jump = len(p.pb.Steps)
	p.readList(otherwise, step.Path+".else", append(slices.Clone(way), number+1))
	p.pb.Steps[jump].Jump = len(p.pb.Steps)
}

// scopeAt gives what an expression on the way may name: what ran before on the same way is there, what ran on a way that may
// not have been taken is optional, and what has not run is known by name only.
func (p *playbookReader) scopeAt(way []int) *Scope {
	sc := p.scope
	sc.Actions, sc.Later = nil, map[string]bool{}
	seen := map[string]bool{}
	for _, d := range p.done {
		switch {
		case len(d.way) <= len(way) && slices.Equal(d.way, way[:len(d.way)]):
			t := d.result
			if d.guarded {
				t = t.AsOptional()
			}
			sc.Actions = append(sc.Actions, ActionResult{ID: d.id, Type: t})
		case exclusive(d.way, way):
			continue // on the other way of a branch: it has not run here
		default:
			sc.Actions = append(sc.Actions, ActionResult{ID: d.id, Type: d.result.AsOptional()})
		}
		seen[d.id] = true
	}
	for id := range p.ids {
		if !seen[id] {
			sc.Later[id] = true
		}
	}
	return &sc
}

// exclusive tells whether a run that is on way b cannot have passed way a: they part at one branch. A way is a list of branch
// numbers, doubled, plus one on the `else` side.
func exclusive(a, b []int) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i]/2 == b[i]/2
		}
	}
	return false
}
