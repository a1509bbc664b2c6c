package playbook

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// branchChoice is a branch and the way that was taken there.
type branchChoice struct{ point, branch int }

// exclusive reports whether a run that is on way b cannot have passed way a: they part at one
// branch.
func exclusive(a, b []branchChoice) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i].point == b[i].point
		}
	}
	return false
}

// scopeAt returns what an expression on the way may name: what ran before on the same way is there,
// what ran on a way that may not have been taken is optional, and what has not run is known by name
// only.
func (p *reader) scopeAt(way []branchChoice) *scope.Scope {
	sc := p.scope
	sc.Actions, sc.Later = nil, map[string]bool{}
	sc.Known = slices.Concat(p.scope.Known, p.facts)
	seen := map[string]bool{}
	for _, d := range p.done {
		switch {
		case d.id == "":
			if !exclusive(d.path, way) {
				sc.Nameless = append(sc.Nameless, scope.ActionResult{Type: d.result, Pos: d.pos})
			}
			continue
		case len(d.path) <= len(way) && slices.Equal(d.path, way[:len(d.path)]):
			t := d.result
			if d.guarded {
				t = t.AsOptional()
			}
			sc.Actions = append(sc.Actions, scope.ActionResult{ID: d.id, Type: t, Pos: d.pos})
		case exclusive(d.path, way):
			continue // on the other way of a branch: it has not run here
		default:
			sc.Actions = append(sc.Actions, scope.ActionResult{ID: d.id, Type: d.result.AsOptional(), Pos: d.pos})
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

// lasting keeps the facts that stay true while a run waits: what started it and what its actions
// left behind do not change.
func lasting(facts []string) []string {
	var out []string
	for _, f := range facts {
		of := f
		if _, key, ok := strings.Cut(f, ", "); ok && strings.HasPrefix(f, "table(") { // rows are those of the run's revision
			of = key
		}
		if strings.HasPrefix(of, "trigger.") || strings.HasPrefix(of, "actions.") ||
			strings.HasPrefix(of, "vars.") || strings.HasPrefix(of, "params.") {
			out = append(out, f)
		}
	}
	return out
}

// readBranch reads the actions of one way, where facts are known.
func (p *reader) readBranch(n *syntax.Node, path string, way []branchChoice, at branchChoice,
	facts []string,
) (end *syntax.Node) {
	before := p.facts
	p.facts = slices.Concat(before, lasting(facts))
	end = p.readList(n, path, append(slices.Clone(way), at))
	p.facts = before
	return end
}

// addFacts notes what is known from here to the end of the list that is being read, as behind a way
// that ends the run.
func (p *reader) addFacts(facts []string) {
	p.facts = slices.Concat(p.facts, lasting(facts))
}

// ifThenElse reads `if` with `then` and perhaps `else`.
func (p *reader) ifThenElse(n *syntax.Node, step playbooks.Step, way []branchChoice) (end *syntax.Node) {
	then, otherwise := n.Get("then"), n.Get("else")
	var cond *syntax.Node
	if n.Get("if") == nil && then == nil {
		p.Error("missing-key", n.Key("else").Pos(), "this `else` has no `if` and `then` before it").
			Label("put it into the item of its `if`, at the same depth")
	} else {
		cond = p.Require(n, "a branch", "if", "if: …")
	}
	for _, e := range n.Entries {
		if !slices.Contains(itemKeys, e.Key.Value) {
			label := "move it into `then`, or before the branch"
			if slices.Contains([]string{"elif", "elsif", "elseif", "else if"}, e.Key.Value) {
				label = "for more than two ways write `choose`, a list of {if, then} with {else} as the last"
			}
			p.Error("exclusive-keys", e.Key.Pos(), "a branch has no action of its own").Label(label)
		}
	}
	step.Key = "if"
	step.Pos = n.Key("if").Pos()
	step.Guard = p.compileIn(cond, p.scopeAt(way), schema.Bool)
	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	p.finished(step.ID, step.Pos, schema.ObjectOf(), way, false)

	if then == nil && n.Get("if") != nil {
		p.Error("missing-key", n.Key("else").Pos(), "a branch needs `then` before its `else`").
			Label("add `then: […]`, or turn the condition round")
	}
	number := p.nextBranch()
	ways := []playbooks.Branch{
		{Name: "then", If: step.Guard, Start: at + 1, Path: step.Path + ".then", Pos: n.Key("then").Pos()},
		{Name: "else", Path: step.Path + ".else", Pos: n.Key("if").Pos()},
	}
	end = p.readBranch(then, ways[0].Path, way, branchChoice{number, 0}, step.Guard.Holds())
	if otherwise == nil {
		ways[1].Start = len(p.pb.Steps)
		p.pb.Steps[at].Jump, p.pb.Steps[at].Branches = len(p.pb.Steps), ways
		if end != nil {
			p.addFacts(step.Guard.Fails())
		}
		return nil
	}
	jump := p.jump(step)
	ways[1].Start, ways[1].Pos = len(p.pb.Steps), n.Key("else").Pos()
	elseEnd := p.readBranch(otherwise, ways[1].Path, way, branchChoice{number, 1}, step.Guard.Fails())
	p.pb.Steps[at].Jump, p.pb.Steps[at].Branches = ways[1].Start, ways
	p.pb.Steps[jump].Jump = len(p.pb.Steps)
	switch {
	case end != nil && elseEnd != nil:
		return n.Key("if")
	case end != nil:
		p.addFacts(step.Guard.Fails())
	case elseEnd != nil:
		p.addFacts(step.Guard.Holds())
	}
	return nil
}

func (p *reader) nextBranch() int {
	p.branchCount++
	return p.branchCount
}

// jump adds the jump behind a way of the step, to be given its end later.
func (p *reader) jump(step playbooks.Step) int {
	p.pb.Steps = append(p.pb.Steps, playbooks.Step{Key: "jump", Path: step.Path + ".end", Pos: step.Pos})
	return len(p.pb.Steps) - 1
}

// chooseOrSplit reads `choose` or `split`: a list of ways, of which a run takes one.
func (p *reader) chooseOrSplit(n, key *syntax.Node, step playbooks.Step,
	way []branchChoice,
) (end *syntax.Node) {
	list := n.Get(key.Value)
	guarded := n.Get("if") != nil
	ways := "split"
	if key.Value == "split" && !list.Broken && (list.Get("by") != nil || list.Get("ways") != nil) {
		ways = "split.ways"
		if list = p.splitBy(list, &step, way); list == nil {
			p.markUnknownID(step.ID)
			return nil
		}
	}
	switch {
	case list.Broken:
		p.markUnknownID(step.ID)
		return nil
	case list.Kind != syntax.SequenceNode:
		p.WrongType(list, fmt.Sprintf("`%s` must be a list of ways", key.Value)).Label("begin each way with `- `")
		p.markUnknownID(step.ID)
		return nil
	case len(list.Items) == 0:
		p.Error("bad-value", list.Pos(), fmt.Sprintf("`%s` needs at least one way", key.Value))
	}
	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	r := &branchReader{p: p, step: &step, path: way, point: p.nextBranch(), ends: true}
	if key.Value == "choose" {
		p.finished(step.ID, step.Pos, schema.ObjectOf(), way, guarded)
		r.choose(list)
	} else {
		r.split(list, key, ways, guarded)
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
	step.Branches, step.Jump = r.list, len(p.pb.Steps)
	p.pb.Steps[at] = step
	return end
}

// splitBy reads what the dice of a split fall by, beside the member, and returns its ways; nil: there are
// none.
func (p *reader) splitBy(n *syntax.Node, step *playbooks.Step, way []branchChoice) *syntax.Node {
	p.Mapping(n, "`split`", "by", "ways")
	if v := p.Require(n, "`split`", "by", "by: = trigger.…"); v != nil && !v.Broken {
		if val := p.byValue(v, p.scopeAt(way).Knowing(step.Guard.Holds()), "by: = trigger.trial"); val != nil {
			step.Args, step.Fields = map[string]*playbooks.Value{"by": val}, []string{"by"}
		}
	}
	return p.Require(n, "`split`", "ways", "ways: […]")
}

// branchReader reads the ways of one choose or split.
type branchReader struct {
	p     *reader
	step  *playbooks.Step
	path  []branchChoice
	point int
	list  []playbooks.Branch
	jumps []int
	ends  bool // each way ends the run
}

// actions reads the actions of a way, and reports whether it ends the run.
func (r *branchReader) actions(n *syntax.Node, w playbooks.Branch, path string, facts []string) bool {
	p := r.p
	w.Start = len(p.pb.Steps)
	ends := p.readBranch(n, path, r.path, branchChoice{r.point, len(r.list)}, facts) != nil
	r.ends = r.ends && ends
	r.jumps = append(r.jumps, p.jump(*r.step))
	r.list = append(r.list, w)
	return ends
}

// choose reads a list of {if, then}, of which the last may be {else}.
func (r *branchReader) choose(list *syntax.Node) {
	p := r.p
	sc := p.scopeAt(r.path)
	facts := r.step.Guard.Holds()
	var behind []string // known of a run that went on: the first ways, which end it, were not taken
	first := r.step.Guard == nil
	defer func() { p.addFacts(behind) }()
	var otherwise *syntax.Node
	for i, item := range list.Items {
		if otherwise != nil {
			p.Error("unreachable", item.Pos(), "this way is never taken").Label("put it before the `else`").
				Related("this takes what is left", otherwise.Pos())
			return
		}
		if !p.Mapping(item, "a way of `choose`", "if", "then", "else") {
			r.ends = false
			continue
		}
		path := fmt.Sprintf("%s.choose[%d]", r.step.Path, i)
		w := playbooks.Branch{Name: fmt.Sprintf("way %d", i+1), Path: path, Pos: item.Pos()}
		if e := item.Get("else"); e != nil {
			otherwise = item.Key("else")
			if other := item.Get("if"); other != nil || item.Get("then") != nil {
				p.Error("exclusive-keys", otherwise.Pos(), "`else` is a way of its own").
					Label("write `- else: […]` as the last item")
			}
			w.Name, w.Pos = "else", otherwise.Pos()
			r.actions(e, w, path+".else", facts)
			continue
		}
		cond := p.Require(item, "a way of `choose`", "if", "if: …")
		if cond != nil {
			w.Pos = item.Key("if").Pos()
		}
		w.If = p.compileIn(cond, sc.Knowing(facts), schema.Bool)
		then := p.Require(item, "a way of `choose`", "then", "then: […]")
		first = r.actions(then, w, path+".then", slices.Concat(facts, w.If.Holds())) && first
		facts = slices.Concat(facts, w.If.Fails())
		if first {
			behind = facts
		}
	}
	if otherwise == nil {
		r.list = append(r.list, playbooks.Branch{Name: "none", Start: -1, Path: r.step.Path, Pos: r.step.Pos})
		r.ends = false
	}
}

// hundredths are what weights are counted in.
const hundredths = 100

// split reads a list of {name, weight, then}, which stands under a key.
func (r *branchReader) split(list, key *syntax.Node, under string, guarded bool) {
	p := r.p
	names := map[string]*syntax.Node{}
	known, sum := true, 0
	result := &schema.Type{Kind: schema.KindString}
	var weights []string
	for _, item := range list.Items {
		if item.Kind != syntax.MappingNode {
			continue
		}
		name, ok := p.wayName(item.Get("name"), "way", names)
		if ok {
			result.Enum = append(result.Enum, name)
		}
	}
	r.step.Result = schema.ObjectOf(schema.Field{Name: "name", Type: result, Pos: key.Pos()})
	p.splits++
	if r.step.Salt = r.step.ID; r.step.Salt == "" {
		r.step.Salt = fmt.Sprintf("#%d", p.splits)
	}
	p.finished(r.step.ID, r.step.Pos, r.step.Result, r.path, guarded)
	facts := r.step.Guard.Holds()
	for i, item := range list.Items {
		if !p.Mapping(item, "a way of `split`", "name", "weight", "then") {
			known, r.ends = false, false
			continue
		}
		w := playbooks.Branch{Path: fmt.Sprintf("%s.%s[%d]", r.step.Path, under, i), Pos: item.Pos()}
		if v := p.Require(item, "a way of `split`", "name", "name: a"); v != nil {
			w.Name, w.Pos = v.Value, v.Pos()
		}
		var ok bool
		if w.Weight, ok = p.weight(p.Require(item, "a way of `split`", "weight", "weight: 50")); !ok {
			known = false
		}
		sum += int(math.Round(w.Weight * hundredths))
		weights = append(weights, schema.FormatNumber(w.Weight))
		r.actions(p.Require(item, "a way of `split`", "then", "then: […]"), w, w.Path+".then", facts)
	}
	if known && sum != 100*hundredths && len(list.Items) > 0 {
		p.Error("split-weights", key.Pos(), "the weights of a split sum to 100").
			Label(strings.Join(weights, " + ") + " = " + schema.FormatNumber(float64(sum)/hundredths))
	}
}

// wayName reads the name of a way of a split, or of a variant, which no other has.
func (p *reader) wayName(v *syntax.Node, what string, names map[string]*syntax.Node) (string, bool) {
	if v == nil {
		return "", false // reported where the way is read
	}
	name, ok := p.Text(v, "the name of a "+what)
	switch first := names[name]; {
	case !ok:
		return "", false
	case strings.HasPrefix(name, "= "):
		p.Error("bad-value", v.Pos(), "the name of a "+what+" is a literal, not an expression").
			Label("write the name itself, as in name: a")
		return "", false
	case name == "" || len(name) > syntax.MaxName:
		p.Error("bad-value", v.Pos(), fmt.Sprintf("the name of a %s has 1 to %d bytes", what, syntax.MaxName))
		return "", false
	case first != nil:
		p.Error("duplicate-id", v.Pos(), fmt.Sprintf("there are two %ss `%s`", what, name)).Label("choose another name").
			Related("first here", first.Pos())
		return "", false
	}
	names[name] = v
	return name, true
}

// weight reads the percentage of a way, with two decimals at most.
func (p *reader) weight(v *syntax.Node) (float64, bool) {
	if v == nil || v.Broken {
		return 0, false
	}
	if m := percent.FindStringSubmatch(v.Value); v.Kind == syntax.ScalarNode && m != nil {
		p.Error("wrong-type", v.Pos(), "weight is a number").Label("leave the % out").Edit(v.Pos(), m[1])
		return 0, false
	}
	lit, ok := p.Literal(v, schema.Number, "weight")
	if !ok {
		return 0, false
	}
	w := lit.(float64)
	cents := w * hundredths
	if w <= 0 || w > 100 || math.Abs(cents-math.Round(cents)) > 1e-6 {
		p.Error("bad-value", v.Pos(), "weight is more than 0, at most 100, and has two decimals at most")
		return 0, false
	}
	return w, true
}
