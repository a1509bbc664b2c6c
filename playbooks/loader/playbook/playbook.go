package playbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Keys are those of a playbook.
var Keys = []string{
	"id", "name", "stage", "for", "owner", "status", "active", "priority", "trigger", "vars", "condition", "reentry", "mode",
	"quota", "holdout", "goal", "exit", "actions",
}

// maxPriority is the highest priority: enough to put playbooks in an order.
const maxPriority = 1000

// reader reads one playbook.
type reader struct {
	*reading.Reader
	pb           *playbooks.Playbook
	scope        scope.Scope     // what a condition and the actions may name
	unknownNames map[string]bool // names whose type is unknown because of a mistake: what uses them is not judged
	from         int             // how many diagnostics there were before this file
	dropped      bool            // an expression that is given was not compiled
	exprs        []*expression.Expr
	templates    map[string]*playbooks.Template
	ids          map[string]*syntax.Node // all action ids
	done         []doneAction
	branchCount  int      // so far, to number them
	splits       int      // so far
	varied       int      // actions with variants so far
	items        int      // actions, so far
	emits        []string // events that actions emit
	facts        []string // facts that hold on the way that is being read
	unused       bool     // it is a snippet that nothing uses: what it would be given is not known
	side         *side    // of a message for an object, while its fields are read
	handedTexts  []handedText
	given        *given // what the snippet that is being read was given; nil: it is a playbook
}

// Read reads a playbook and adds it to the workspace when it has no mistake.
func Read(c *reading.Reader, n *syntax.Node) {
	before := len(c.Diags)
	if !c.Mapping(n, "a playbook", Keys...) {
		c.PlaybookIDUnread = true
		return
	}
	from := before // what YAML cannot read was reported already
	for from > 0 && c.Diags[from-1].Pos.File == n.F.Name {
		from--
	}
	p := &reader{
		Reader: c, from: from, unknownNames: map[string]bool{}, templates: map[string]*playbooks.Template{},
		ids: map[string]*syntax.Node{},
		pb:  &playbooks.Playbook{File: n.F.Name, Status: playbooks.Live, Mode: playbooks.Single, Pos: n.Pos()},
	}
	all := c.Schema
	defer func() { c.Schema = all }()
	known := p.subject(n.Get("for"))
	p.scope.Schema, p.scope.Running = c.Schema, c.Running
	p.head(n)
	if !known {
		return // whom it is about is unknown: nothing that it names is judged
	}
	p.pb.Active = p.Active(n.Get("active"), true)
	p.pb.Priority, _ = p.Integer(n.Get("priority"), "priority", -maxPriority, maxPriority)
	p.trigger(c.Require(n, "a playbook", "trigger", "trigger: {event: …}"))
	p.vars(n.Get("vars"))
	p.pb.Condition = p.compileIn(n.Get("condition"), &p.scope, schema.Bool)
	p.scope.Known = append(p.scope.Known, lasting(p.pb.Condition.Holds())...)
	p.entry(n)
	if v := n.Get("quota"); v != nil {
		p.quota(v)
	}
	p.actions(c.Require(n, "a playbook", "actions", "actions: […]"))
	anytime := p.anytime()
	p.goals(n.Get("goal"), anytime)
	p.exits(n.Get("exit"), anytime)
	if c.Stops(c.Diags[before:]) || p.dropped || c.SchemaUnreadable || n.Broken {
		return
	}
	p.idleExit(n)
	p.idleSchedule(n)
	p.finish(n)
	c.Workspace.Playbooks = append(c.Workspace.Playbooks, p.pb)
}

// subject reads for whom the playbook is. From there on the schema is as they see it. It reports false when that is
// not known.
func (p *reader) subject(n *syntax.Node) bool {
	if n == nil || p.SchemaUnreadable {
		return true
	}
	kind, ok := p.Str(n, "for")
	switch {
	case !ok:
		return false
	case kind == scope.Member && p.Schema.Object(kind) == nil:
		p.Error("bad-value", n.Pos(), "a playbook is for members when it does not say for whom").Label("leave `for` out")
		return false
	case !p.KnownKind(n, kind) || p.Schema.Of(kind) == nil:
		return false
	}
	p.pb.For, p.Reader.Schema = kind, p.Schema.Of(kind)
	return true
}

// withMembers lets a part of an action be read by the events of members, when it is about one.
func (p *reader) withMembers(about bool, read func()) {
	if p.pb.For != "" && about {
		view := p.Reader.Schema
		defer func() { p.Reader.Schema = view }()
		p.Reader.Schema = p.Workspace.Schema
	}
	read()
}

// head reads what names a playbook.
func (p *reader) head(n *syntax.Node) {
	name := strings.TrimSuffix(n.F.Name[strings.LastIndexByte(n.F.Name, '/')+1:], playbooks.YamlSuffix)
	require := p.RequireLine
	if !syntax.Kebab.MatchString(name) || p.Declared[name] { // the file's name is no id, or another's
		require = p.Require
	}
	if v := require(n, "a playbook", "id", "id: "+name); v != nil {
		p.pb.Pos = v.Pos()
		if id, ok := p.KebabCase(v, "a playbook"); ok {
			p.pb.ID = id
			p.declare(id, v)
		} else {
			p.Declared[v.Value] = true
			p.PlaybookIDUnread = true
		}
	} else {
		p.PlaybookIDUnread = true
	}
	if v := n.Get("name"); v != nil {
		p.pb.Name, _ = p.Text(v, "name")
	}
	if v := n.Get("owner"); v != nil {
		p.pb.Owner, _ = p.Text(v, "owner")
		p.NoteLabel(playbooks.OwnerLabel, p.pb.Owner, playbooks.LabelWritten, v)
	}
	p.pb.Stage, _ = p.Enum(p.Require(n, "a playbook", "stage", "stage: activation"), "stage", shapes.Stages...)
	if s, ok := p.Enum(n.Get("status"), "status", playbooks.Statuses...); ok {
		p.pb.Status = playbooks.Status(s)
	}
}

func (p *reader) declare(id string, v *syntax.Node) {
	p.Declared[id] = true
	if first := p.PlaybookIDs[id]; first != nil {
		p.Error("duplicate-id", v.Pos(), fmt.Sprintf("there are two playbooks `%s`", id)).
			Label("choose another id").Related("first here", first.Pos())
		return
	}
	p.PlaybookIDs[id] = v
}

// entry reads how often and by whom a playbook is entered.
func (p *reader) entry(n *syntax.Node) {
	if v := n.Get("reentry"); v != nil && !v.Broken {
		switch {
		case v.Kind == syntax.ScalarNode && v.Value == "always":
		case v.Kind == syntax.ScalarNode && v.Value == "never":
			p.pb.Reentry = &playbooks.Reentry{Never: true}
		case v.Kind == syntax.ScalarNode && diag.Closest(v.Value, []string{"always", "never"}) != "":
			p.Enum(v, "reentry", "always", "never")
		default:
			if v.Kind == syntax.ScalarNode && (v.Tag == "str" || v.Tag == "bool") &&
				schema.SuggestDuration(v.Value) == (schema.DurationHint{}) {
				if _, err := schema.ParseDuration(v.Value); err != nil {
					r := p.Error("bad-value", v.Pos(), fmt.Sprintf("reentry cannot be `%s`", v.Value)).
						Label("write always, never or a duration as in 14d")
					if meant := schema.SuggestReentry(v.Value); meant != "" {
						r.Label("write `"+meant+"`: "+map[string]string{
							"never":  "a member enters once",
							"always": "a member may enter each time",
						}[meant]).
							Edit(v.Pos(), meant).UnsureUnless(v.Value == "once")
					}
					break
				}
			}
			if d, ok := p.Duration(v, "reentry"); ok {
				p.pb.Reentry = &playbooks.Reentry{After: d}
			}
		}
	}
	if s, ok := p.Enum(n.Get("mode"), "mode", string(playbooks.Single), string(playbooks.Restart),
		string(playbooks.Parallel)); ok {
		p.pb.Mode = playbooks.Mode(s)
		if p.pb.Mode != playbooks.Single && p.pb.Reentry != nil && p.pb.Reentry.Never {
			p.Warn("exclusive-keys", n.Get("mode").Pos(),
				fmt.Sprintf("`mode: %s` never comes about: nobody enters a second time", s)).
				Label("leave it out, or allow `reentry`").Related("this allows one entry", n.Get("reentry").Pos())
		}
	}
	p.holdout(n.Get("holdout"))
}

var percent = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)%$`)

func (p *reader) holdout(n *syntax.Node) {
	if n == nil || n.Broken {
		return
	}
	m := percent.FindStringSubmatch(n.Value)
	if n.Kind == syntax.ScalarNode && m != nil {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil && v <= 100 {
			p.pb.Holdout = v
			return
		}
		p.Error("bad-value", n.Pos(), "holdout is at most 100%")
		return
	}
	r := p.WrongType(n, "holdout must be a percentage").Label("as in 10%")
	if plain := diag.HalfWidth(n.Value); n.Kind == syntax.ScalarNode && plain != n.Value && percent.MatchString(plain) {
		r.Label("it holds full-width characters: write `"+plain+"`").Edit(n.Pos(), plain)
		return
	}
	if meant := schema.SuggestPercent(n.Value); n.Kind == syntax.ScalarNode && meant != "" {
		r.Label("write "+meant).Edit(n.Pos(), meant).UnsureUnless(false)
		return
	}
	if n.Kind == syntax.ScalarNode && percent.MatchString(n.Value+"%") {
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil && v < 1 {
			r.Label(fmt.Sprintf("write %g%% when a share of %s is meant", v*100, n.Value))
			return
		}
		r.Label("write "+n.Value+"%").Edit(n.Pos(), n.Value+"%").UnsureUnless(false)
	}
}

// eventMatch reads an `event` with the `if` beside it. The scope is what else the `if` may name.
func (p *reader) eventMatch(n *syntax.Node, what string, sc *scope.Scope) playbooks.Condition {
	m := playbooks.Condition{}
	v := p.Require(n, what, "event", "event: …")
	if p.severalEvents(v, what) {
		return m
	}
	name, ok := p.Str(v, "event")
	if !ok {
		return m
	}
	m.Name, m.Pos = name, v.Pos()
	e := p.KnownEvent(v, name)
	cond := n.Get("if")
	if e == nil || cond == nil {
		return m
	}
	inner := *sc
	inner.Event = p.Schema.EventRecord(name)
	m.If = p.compileIn(cond, &inner, schema.Bool)
	return m
}

// compileIn compiles an expression of the playbook, unless it uses something that is unknown
// because of another mistake.
func (p *reader) compileIn(n *syntax.Node, sc *scope.Scope, want *schema.Type) *expression.Expr {
	if n == nil || n.Broken {
		return nil
	}
	p.NoteSite(n, sc, want)
	if n.Kind == syntax.ScalarNode && p.dependsOnUnknown(n.Value) {
		return p.keep(nil)
	}
	return p.keep(p.Expression(n, sc, want))
}

// keep notes what became of an expression that is given: a playbook that lost one is not fit to
// run.
func (p *reader) keep(e *expression.Expr) *expression.Expr {
	if e == nil {
		p.dropped = true
		return nil
	}
	p.exprs = append(p.exprs, e)
	return e
}

var dottedNames = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)?`)

// dependsOnUnknown reports whether the text names something unknown because of a mistake. What has
// no mistake before it is judged whatever it names: nothing is passed over in silence.
func (p *reader) dependsOnUnknown(text string) bool {
	if len(p.unknownNames) == 0 || !p.unused && !p.SchemaUnreadable && !diag.HasError(p.Diags[p.from:]) {
		return false
	}
	for name := range p.unknownNames {
		if strings.ContainsAny(name, "- ") && strings.Contains(text, name) {
			return true
		}
	}
	for _, w := range dottedNames.FindAllString(text, -1) {
		if head, _, _ := strings.Cut(w, "."); p.unknownNames[w] || p.unknownNames[head] {
			return true
		}
	}
	return false
}
