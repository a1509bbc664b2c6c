package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var playbookKeys = []string{
	"id", "name", "stage", "owner", "status", "trigger", "condition", "reentry", "mode", "holdout", "goal", "exit", "actions",
}

// playbookReader reads one playbook.
type playbookReader struct {
	*checker
	pb        *Playbook
	scope     Scope           // what a condition and the actions may name
	poison    map[string]bool // names whose type is unknown because of a mistake: what uses them is not judged
	from      int             // how many diagnostics there were before this playbook
	dropped   bool            // an expression that is given was not compiled
	exprs     []*Expr
	templates map[string]*Template
	ids       map[string]*node // all action ids
	done      []doneAction
	branches  int      // so far, to number them
	splits    int      // so far
	items     int      // actions, so far
	emits     []string // events that actions emit
	known     []string // facts that hold on the way that is being read
}

// readPlaybook reads a playbook and adds it to the workspace when it has no mistake.
func (c *checker) readPlaybook(n *node) {
	before := len(c.diags)
	if !c.mapping(n, "a playbook", playbookKeys...) {
		c.lostID = true
		return
	}
	p := &playbookReader{
		checker: c, from: before, poison: map[string]bool{}, templates: map[string]*Template{}, ids: map[string]*node{},
		pb: &Playbook{File: n.f.name, Status: Live, Mode: Single, Pos: n.pos()},
	}
	p.scope.Schema, p.scope.Running = c.schema, c.running
	p.head(n)
	p.trigger(c.require(n, "a playbook", "trigger", "trigger: {event: …}"))
	p.pb.Condition = p.compileIn(n.get("condition"), &p.scope, Bool)
	p.scope.Known = append(p.scope.Known, lasting(p.pb.Condition.holds())...)
	p.entry(n)
	p.goal(n.get("goal"))
	p.exits(n.get("exit"))
	p.actions(c.require(n, "a playbook", "actions", "actions: […]"))
	if c.stops(c.diags[before:]) || p.dropped || c.blind || n.broken {
		return
	}
	p.idleExit(n)
	p.finish(n)
	c.ws.Playbooks = append(c.ws.Playbooks, p.pb)
}

// head reads what names a playbook.
func (p *playbookReader) head(n *node) {
	name := strings.TrimSuffix(n.f.name[strings.LastIndexByte(n.f.name, '/')+1:], yamlSuffix)
	require := p.requireLine
	if !kebab.MatchString(name) || p.declared[name] { // the file's name is no id, or another's
		require = p.require
	}
	if v := require(n, "a playbook", "id", "id: "+name); v != nil {
		p.pb.Pos = v.pos()
		if id, ok := p.kebabCase(v, "a playbook"); ok {
			p.pb.ID = id
			p.declare(id, v)
		} else {
			p.declared[v.value] = true
			p.lostID = true
		}
	} else {
		p.lostID = true
	}
	if v := n.get("name"); v != nil {
		p.pb.Name, _ = p.text(v, "name")
	}
	if v := n.get("owner"); v != nil {
		p.pb.Owner, _ = p.text(v, "owner")
		p.word(ownerWord, p.pb.Owner, wordGiven, v)
	}
	p.pb.Stage, _ = p.enum(p.require(n, "a playbook", "stage", "stage: activation"), "stage", stages...)
	if s, ok := p.enum(n.get("status"), "status", string(Live), string(Paused), string(Draft)); ok {
		p.pb.Status = Status(s)
	}
}

func (c *checker) declare(id string, v *node) {
	c.declared[id] = true
	if first := c.playbookNodes[id]; first != nil {
		c.error("duplicate-id", v.pos(), fmt.Sprintf("there are two playbooks `%s`", id)).
			label("choose another id").related("first here", first.pos())
		return
	}
	c.playbookNodes[id] = v
}

// entry reads how often and by whom a playbook is entered.
func (p *playbookReader) entry(n *node) {
	if v := n.get("reentry"); v != nil && !v.broken {
		switch {
		case v.kind == scalarNode && v.value == "always":
		case v.kind == scalarNode && v.value == "never":
			p.pb.Reentry = &Reentry{Never: true}
		case v.kind == scalarNode && closest(v.value, []string{"always", "never"}) != "":
			p.enum(v, "reentry", "always", "never")
		default:
			if v.kind == scalarNode && (v.tag == "str" || v.tag == "bool") && durationMeant(v.value) == (durationHint{}) {
				if _, err := ParseDuration(v.value); err != nil {
					r := p.error("bad-value", v.pos(), fmt.Sprintf("reentry cannot be `%s`", v.value)).label("write always, never or a duration as in 14d")
					if meant := reentryMeant(v.value); meant != "" {
						r.label("write `"+meant+"`: "+map[string]string{"never": "a member enters once", "always": "a member may enter each time"}[meant]).
							edit(v.pos(), meant).doubt(v.value == "once")
					}
					break
				}
			}
			if d, ok := p.duration(v, "reentry"); ok {
				p.pb.Reentry = &Reentry{After: d}
			}
		}
	}
	if s, ok := p.enum(n.get("mode"), "mode", string(Single), string(Restart), string(Parallel)); ok {
		p.pb.Mode = Mode(s)
		if p.pb.Mode != Single && p.pb.Reentry != nil && p.pb.Reentry.Never {
			p.warn("exclusive-keys", n.get("mode").pos(), fmt.Sprintf("`mode: %s` never comes about: nobody enters a second time", s)).
				label("leave it out, or allow `reentry`").related("this allows one entry", n.get("reentry").pos())
		}
	}
	p.holdout(n.get("holdout"))
}

var percent = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)%$`)

func (p *playbookReader) holdout(n *node) {
	if n == nil || n.broken {
		return
	}
	m := percent.FindStringSubmatch(n.value)
	if n.kind == scalarNode && m != nil {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil && v <= 100 {
			p.pb.Holdout = v
			return
		}
		p.error("bad-value", n.pos(), "holdout is at most 100%")
		return
	}
	r := p.wrongType(n, "holdout must be a percentage").label("as in 10%")
	if plain := narrowed(n.value); n.kind == scalarNode && plain != n.value && percent.MatchString(plain) {
		r.label("it holds full-width characters: write `"+plain+"`").edit(n.pos(), plain)
		return
	}
	if meant := percentMeant(n.value); n.kind == scalarNode && meant != "" {
		r.label("write "+meant).edit(n.pos(), meant).doubt(false)
		return
	}
	if n.kind == scalarNode && percent.MatchString(n.value+"%") {
		if v, err := strconv.ParseFloat(n.value, 64); err == nil && v < 1 {
			r.label(fmt.Sprintf("write %g%% when a share of %s is meant", v*100, n.value))
			return
		}
		r.label("write "+n.value+"%").edit(n.pos(), n.value+"%").doubt(false)
	}
}

func (p *playbookReader) goal(n *node) {
	if n == nil || !p.mapping(n, "goal", "event", "if", "within") {
		return
	}
	g := &Goal{EventMatch: p.eventMatch(n, "goal", &p.scope)}
	g.Within, _ = p.duration(p.require(n, "goal", "within", "within: 7d"), "within")
	p.pb.Goal = g
}

func (p *playbookReader) exits(n *node) {
	if n != nil && !n.broken && n.kind != sequenceNode && !n.isNull() {
		p.oneExit(n)
		return
	}
	for _, item := range p.list(n, "exit") {
		if p.mapping(item, "an exit", "event", "if") {
			p.pb.Exits = append(p.pb.Exits, p.eventMatch(item, "an exit", &p.scope))
		}
	}
}

// idleExit warns of exits where no run is ever open between two events.
func (p *playbookReader) idleExit(n *node) {
	holds := func(s Step) bool {
		spec := p.reg.Action(s.Key)
		return s.Wait != nil || spec != nil && slices.ContainsFunc(spec.Fields, func(f FieldSpec) bool { return f.Kind == FieldReturns })
	}
	if len(p.pb.Exits) > 0 && !slices.ContainsFunc(p.pb.Steps, holds) {
		p.warn("unreachable", n.key("exit").pos(), "this exit ends no run: nothing here waits, so a run is over at once").
			label("leave it out, or put a `wait` where members may still leave")
	}
}

// oneExit reports an exit that is given without its list.
func (p *playbookReader) oneExit(n *node) {
	r := p.wrongType(n, "exit must be a list").label("as in [{event: member.left}]")
	switch {
	case n.kind == scalarNode && p.schema.Event(n.value) != nil:
		text := "[{event: " + n.value + "}]"
		r.label("write `"+text+"`").edit(n.pos(), text)
	case n.flow:
		end := closingBracket(n.f.text[n.start:min(len(n.f.text), n.start+maxSlip)])
		if end < 0 {
			return
		}
		at := n.start + end + 1
		r.label("put brackets around it: `["+n.f.text[n.start:at]+"]`").
			edit(n.f.pos(n.start, n.start), "[").edit(n.f.pos(at, at), "]")
	}
}

// eventMatch reads an `event` with the `if` beside it. The scope is what else the `if` may name.
func (p *playbookReader) eventMatch(n *node, what string, sc *Scope) EventMatch {
	m := EventMatch{}
	v := p.require(n, what, "event", "event: …")
	name, ok := p.str(v, "event")
	if !ok {
		return m
	}
	m.Name, m.Pos = name, v.pos()
	e := p.knownEvent(v, name)
	cond := n.get("if")
	if e == nil || cond == nil {
		return m
	}
	inner := *sc
	inner.Event = p.schema.EventRecord(name)
	m.If = p.compileIn(cond, &inner, Bool)
	return m
}

// compileIn compiles an expression of the playbook, unless it uses something that is unknown because of another mistake.
func (p *playbookReader) compileIn(n *node, sc *Scope, want *Type) *Expr {
	if n == nil || n.broken {
		return nil
	}
	p.place(n, sc, want)
	if n.kind == scalarNode && p.poisoned(n.value) {
		return p.keep(nil)
	}
	return p.keep(p.expression(n, sc, want))
}

// keep notes what became of an expression that is given: a playbook that lost one is not fit to run.
func (p *playbookReader) keep(e *Expr) *Expr {
	if e == nil {
		p.dropped = true
		return nil
	}
	p.exprs = append(p.exprs, e)
	return e
}

var dottedWords = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?`)

// poisoned tells whether the text names something unknown because of a mistake. What has no mistake before it is judged whatever it
// names: nothing is passed over in silence.
func (p *playbookReader) poisoned(text string) bool {
	if len(p.poison) == 0 || !p.blind && !hasError(p.diags[p.from:]) {
		return false
	}
	for name := range p.poison {
		if strings.ContainsAny(name, "- ") && strings.Contains(text, name) {
			return true
		}
	}
	for _, w := range dottedWords.FindAllString(text, -1) {
		if head, _, _ := strings.Cut(w, "."); p.poison[w] || p.poison[head] {
			return true
		}
	}
	return false
}
