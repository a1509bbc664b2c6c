package playbooks

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// fork is a branch and the way that was taken there.
type fork struct{ branch, way int }

// exclusive tells whether a run that is on way b cannot have passed way a: they part at one branch.
func exclusive(a, b []fork) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i].branch == b[i].branch
		}
	}
	return false
}

// scopeAt gives what an expression on the way may name: what ran before on the same way is there, what ran on a way that may
// not have been taken is optional, and what has not run is known by name only.
func (p *playbookReader) scopeAt(way []fork) *Scope {
	sc := p.scope
	sc.Actions, sc.Later = nil, map[string]bool{}
	sc.Known = slices.Concat(p.scope.Known, p.known)
	seen := map[string]bool{}
	for _, d := range p.done {
		switch {
		case d.id == "":
			if !exclusive(d.way, way) {
				sc.Nameless = append(sc.Nameless, ActionResult{Type: d.result, Pos: d.pos})
			}
			continue
		case len(d.way) <= len(way) && slices.Equal(d.way, way[:len(d.way)]):
			t := d.result
			if d.guarded {
				t = t.AsOptional()
			}
			sc.Actions = append(sc.Actions, ActionResult{ID: d.id, Type: t, Pos: d.pos})
		case exclusive(d.way, way):
			continue // on the other way of a branch: it has not run here
		default:
			sc.Actions = append(sc.Actions, ActionResult{ID: d.id, Type: d.result.AsOptional(), Pos: d.pos})
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

// lasting keeps the facts that stay true while a run waits: what started it and what its actions left behind do not change.
func lasting(facts []string) []string {
	var out []string
	for _, f := range facts {
		if strings.HasPrefix(f, "trigger.") || strings.HasPrefix(f, "actions.") {
			out = append(out, f)
		}
	}
	return out
}

// readWay reads the actions of one way, where facts are known.
func (p *playbookReader) readWay(n *node, path string, way []fork, at fork, facts []string) (end *node) {
	before := p.known
	p.known = slices.Concat(before, lasting(facts))
	end = p.readList(n, path, append(slices.Clone(way), at))
	p.known = before
	return end
}

// learn notes what is known from here to the end of the list that is being read, as behind a way that ends the run.
func (p *playbookReader) learn(facts []string) {
	p.known = slices.Concat(p.known, lasting(facts))
}

// branch reads `if` with `then` and perhaps `else`.
func (p *playbookReader) branch(n *node, step Step, way []fork) (end *node) {
	then, otherwise := n.get("then"), n.get("else")
	var cond *node
	if n.get("if") == nil && then == nil {
		p.error("missing-key", n.key("else").pos(), "this `else` has no `if` and `then` before it").label("put it into the item of its `if`, at the same depth")
	} else {
		cond = p.require(n, "a branch", "if", "if: …")
	}
	for _, e := range n.entries {
		if !slices.Contains(itemKeys, e.key.value) {
			label := "move it into `then`, or before the branch"
			if slices.Contains([]string{"elif", "elsif", "elseif", "else if"}, e.key.value) {
				label = "for more than two ways write `choose`, a list of {if, then} with {else} as the last"
			}
			p.error("exclusive-keys", e.key.pos(), "a branch has no action of its own").label(label)
		}
	}
	step.Key = "if"
	step.Pos = n.key("if").pos()
	step.Guard = p.compileIn(cond, p.scopeAt(way), Bool)
	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, step.Pos, ObjectOf(), way, false)

	if then == nil && n.get("if") != nil {
		p.error("missing-key", n.key("else").pos(), "a branch needs `then` before its `else`").label("add `then: […]`, or turn the condition round")
	}
	number := p.nextBranch()
	ways := []Way{
		{Name: "then", If: step.Guard, Start: at + 1, Path: step.Path + ".then", Pos: n.key("then").pos()},
		{Name: "else", Path: step.Path + ".else", Pos: n.key("if").pos()},
	}
	end = p.readWay(then, ways[0].Path, way, fork{number, 0}, step.Guard.holds())
	if otherwise == nil {
		ways[1].Start = len(p.pb.Steps)
		p.pb.Steps[at].Jump, p.pb.Steps[at].Ways = len(p.pb.Steps), ways
		if end != nil {
			p.learn(step.Guard.fails())
		}
		return nil
	}
	jump := p.jump(step)
	ways[1].Start, ways[1].Pos = len(p.pb.Steps), n.key("else").pos()
	elseEnd := p.readWay(otherwise, ways[1].Path, way, fork{number, 1}, step.Guard.fails())
	p.pb.Steps[at].Jump, p.pb.Steps[at].Ways = ways[1].Start, ways
	p.pb.Steps[jump].Jump = len(p.pb.Steps)
	switch {
	case end != nil && elseEnd != nil:
		return n.key("if")
	case end != nil:
		p.learn(step.Guard.fails())
	case elseEnd != nil:
		p.learn(step.Guard.holds())
	}
	return nil
}

func (p *playbookReader) nextBranch() int {
	p.branches++
	return p.branches
}

// jump adds the jump behind a way of the step, to be given its end later.
func (p *playbookReader) jump(step Step) int {
	p.pb.Steps = append(p.pb.Steps, Step{Key: "jump", Path: step.Path + ".end", Pos: step.Pos})
	return len(p.pb.Steps) - 1
}

// ways reads `choose` or `split`: a list of ways, of which a run takes one.
func (p *playbookReader) ways(n, key *node, step Step, way []fork) (end *node) {
	list := n.get(key.value)
	guarded := n.get("if") != nil
	switch {
	case list.broken:
		p.poisonID(step.ID)
		return nil
	case list.kind != sequenceNode:
		p.wrongType(list, fmt.Sprintf("`%s` must be a list of ways", key.value)).label("begin each way with `- `")
		p.poisonID(step.ID)
		return nil
	case len(list.items) == 0:
		p.error("bad-value", list.pos(), fmt.Sprintf("`%s` needs at least one way", key.value))
	}
	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	r := &wayReader{p: p, step: &step, way: way, branch: p.nextBranch(), ends: true}
	if key.value == "choose" {
		p.finished(step.ID, step.Pos, ObjectOf(), way, guarded)
		r.choose(list)
	} else {
		r.split(list, key, guarded)
	}
	end = key
	if !r.ends || guarded || len(r.list) == 0 {
		end = nil
	}
	for _, j := range r.jumps {
		p.pb.Steps[j].Jump = len(p.pb.Steps)
	}
	for i := range r.list {
		if r.list[i].Start < 0 {
			r.list[i].Start = len(p.pb.Steps)
		}
	}
	step.Ways, step.Jump = r.list, len(p.pb.Steps)
	p.pb.Steps[at] = step
	return end
}

// wayReader reads the ways of one choose or split.
type wayReader struct {
	p      *playbookReader
	step   *Step
	way    []fork
	branch int
	list   []Way
	jumps  []int
	ends   bool // each way ends the run
}

// actions reads the actions of a way, and tells whether it ends the run.
func (r *wayReader) actions(n *node, w Way, path string, facts []string) bool {
	p := r.p
	w.Start = len(p.pb.Steps)
	ends := p.readWay(n, path, r.way, fork{r.branch, len(r.list)}, facts) != nil
	r.ends = r.ends && ends
	r.jumps = append(r.jumps, p.jump(*r.step))
	r.list = append(r.list, w)
	return ends
}

// choose reads a list of {if, then}, of which the last may be {else}.
func (r *wayReader) choose(list *node) {
	p := r.p
	sc := p.scopeAt(r.way)
	facts := r.step.Guard.holds()
	var behind []string // known of a run that went on: the first ways, which end it, were not taken
	first := r.step.Guard == nil
	defer func() { p.learn(behind) }()
	var otherwise *node
	for i, item := range list.items {
		if otherwise != nil {
			p.error("unreachable", item.pos(), "this way is never taken").label("put it before the `else`").related("this takes what is left", otherwise.pos())
			return
		}
		if !p.mapping(item, "a way of `choose`", "if", "then", "else") {
			r.ends = false
			continue
		}
		path := fmt.Sprintf("%s.choose[%d]", r.step.Path, i)
		w := Way{Name: fmt.Sprintf("way %d", i+1), Path: path, Pos: item.pos()}
		if e := item.get("else"); e != nil {
			otherwise = item.key("else")
			if other := item.get("if"); other != nil || item.get("then") != nil {
				p.error("exclusive-keys", otherwise.pos(), "`else` is a way of its own").label("write `- else: […]` as the last item")
			}
			w.Name, w.Pos = "else", otherwise.pos()
			r.actions(e, w, path+".else", facts)
			continue
		}
		cond := p.require(item, "a way of `choose`", "if", "if: …")
		if cond != nil {
			w.Pos = item.key("if").pos()
		}
		w.If = p.compileIn(cond, sc.knowing(facts), Bool)
		then := p.require(item, "a way of `choose`", "then", "then: […]")
		first = r.actions(then, w, path+".then", slices.Concat(facts, w.If.holds())) && first
		facts = slices.Concat(facts, w.If.fails())
		if first {
			behind = facts
		}
	}
	if otherwise == nil {
		r.list = append(r.list, Way{Name: "none", Start: -1, Path: r.step.Path, Pos: r.step.Pos})
		r.ends = false
	}
}

// hundredths are what weights are counted in.
const hundredths = 100

// split reads a list of {name, weight, then}.
func (r *wayReader) split(list, key *node, guarded bool) {
	p := r.p
	names := map[string]*node{}
	known, sum := true, 0
	result := &Type{Kind: KindString}
	var weights []string
	for _, item := range list.items {
		if item.kind != mappingNode {
			continue
		}
		name, ok := p.wayName(item.get("name"), names)
		if ok {
			result.Enum = append(result.Enum, name)
		}
	}
	r.step.Result = ObjectOf(Field{Name: "name", Type: result, Pos: key.pos()})
	p.splits++
	if r.step.Salt = r.step.ID; r.step.Salt == "" {
		r.step.Salt = fmt.Sprintf("#%d", p.splits)
	}
	p.finished(r.step.ID, r.step.Pos, r.step.Result, r.way, guarded)
	facts := r.step.Guard.holds()
	for i, item := range list.items {
		if !p.mapping(item, "a way of `split`", "name", "weight", "then") {
			known, r.ends = false, false
			continue
		}
		w := Way{Path: fmt.Sprintf("%s.split[%d]", r.step.Path, i), Pos: item.pos()}
		if v := p.require(item, "a way of `split`", "name", "name: a"); v != nil {
			w.Name, w.Pos = v.value, v.pos()
		}
		var ok bool
		if w.Weight, ok = p.weight(p.require(item, "a way of `split`", "weight", "weight: 50")); !ok {
			known = false
		}
		sum += int(math.Round(w.Weight * hundredths))
		weights = append(weights, formatNumber(w.Weight))
		r.actions(p.require(item, "a way of `split`", "then", "then: […]"), w, w.Path+".then", facts)
	}
	if known && sum != 100*hundredths && len(list.items) > 0 {
		p.error("split-weights", key.pos(), "the weights of a split sum to 100").
			label(strings.Join(weights, " + ") + " = " + formatNumber(float64(sum)/hundredths))
	}
}

// wayName reads the name of a way of a split, which no other way has.
func (p *playbookReader) wayName(v *node, names map[string]*node) (string, bool) {
	if v == nil {
		return "", false // reported where the way is read
	}
	name, ok := p.text(v, "the name of a way")
	switch first := names[name]; {
	case !ok:
		return "", false
	case strings.HasPrefix(name, "= "):
		p.error("bad-value", v.pos(), "the name of a way is a literal, not an expression").label("write the name itself, as in name: a")
		return "", false
	case name == "" || len(name) > maxName:
		p.error("bad-value", v.pos(), fmt.Sprintf("the name of a way has 1 to %d bytes", maxName))
		return "", false
	case first != nil:
		p.error("duplicate-id", v.pos(), fmt.Sprintf("there are two ways `%s`", name)).label("choose another name").related("first here", first.pos())
		return "", false
	}
	names[name] = v
	return name, true
}

// weight reads the percentage of a way, with two decimals at most.
func (p *playbookReader) weight(v *node) (float64, bool) {
	if v == nil || v.broken {
		return 0, false
	}
	if m := percent.FindStringSubmatch(v.value); v.kind == scalarNode && m != nil {
		p.error("wrong-type", v.pos(), "weight is a number").label("leave the % out").edit(v.pos(), m[1])
		return 0, false
	}
	lit, ok := p.literal(v, Number, "weight")
	if !ok {
		return 0, false
	}
	w := lit.(float64)
	cents := w * hundredths
	if w <= 0 || w > 100 || math.Abs(cents-math.Round(cents)) > 1e-6 {
		p.error("bad-value", v.pos(), "weight is more than 0, at most 100, and has two decimals at most")
		return 0, false
	}
	return w, true
}
