package playbook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// SnippetKeys are those of a snippet.
var SnippetKeys = []string{"params", "actions"}

// ReadSnippet reads what a snippet takes, and keeps its actions: they are read where it is used.
func ReadSnippet(c *reading.Reader, name string, n *syntax.Node) {
	s := &reading.Snippet{Name: name, Node: n}
	c.Snippets[name] = s
	if n == nil || !c.Mapping(n, "a snippet", SnippetKeys...) {
		s.Broken = true
		return
	}
	if params := n.Get("params"); params != nil && !params.IsNull() {
		if !c.MappingOnly(params, "params") {
			s.Broken = true
		}
		for _, e := range params.Entries {
			if c.IsName(e.Key, "a param", e.Key.Value, values.PropertyName, "letters, digits and `_`, not beginning with a digit",
				syntax.SnakeOf) {
				s.Params = append(s.Params, param(c, e))
			} else {
				s.Broken = true
			}
		}
	}
	s.Actions = c.Require(n, "a snippet", "actions", "actions: […]")
	s.Broken = s.Broken || n.Broken || s.Actions == nil
}

// param reads the type of one param.
func param(c *reading.Reader, e syntax.Entry) reading.Param {
	out := reading.Param{Name: e.Key.Value, Pos: e.Key.Pos()}
	n := e.Value
	if n.Kind == syntax.MappingNode && n.Get("type") != nil {
		c.Mapping(n, "a param", "type", "default")
		out.Default, n = n.Get("default"), n.Get("type")
	} else if n.Kind == syntax.MappingNode && n.Get("enum") != nil {
		out.Default = n.Get("default")
	}
	word, optional := "", false
	if around := n.Get("optional"); n.Kind == syntax.ScalarNode {
		word, optional = strings.CutPrefix(n.Value, "optional ")
	} else if around != nil && len(n.Entries) == 1 {
		word, optional = around.Value, true
	}
	if word = strings.TrimSpace(word); !n.Broken && slices.Contains(shapes.ParamKinds, word) {
		out.Kind, out.Optional = word, optional
		return out
	}
	out.Type = c.TypeOf(n)
	out.Optional = out.Type.Optional
	return out
}

// given is what a snippet is given where it is used.
type given struct {
	snippet *reading.Snippet
	texts   map[string]*playbooks.Value // of its params that are texts
	absent  map[string]bool             // params that are neither given nor have a default
	outer   *given                      // of the snippet in which this one is used; nil: a playbook
}

// uses returns whether the snippet is being read already.
func (g *given) uses(name string) bool {
	return g != nil && (g.snippet.Name == name || g.outer.uses(name))
}

// use reads the use of a snippet, and its actions in place of it. It gives the key when the run surely ends
// there.
func (p *reader) use(n, key *syntax.Node, step playbooks.Step, way []branchChoice) (end *syntax.Node) {
	name, ok := p.Str(n.Get("use"), "use")
	if !ok {
		p.markUnknownID(step.ID)
		return nil
	}
	s := p.snippet(n.Get("use"), name)
	if s == nil {
		p.markUnknownID(step.ID)
		return nil
	}
	step.Snippet = name
	inner := p.inside(s)
	p.hand(n, &step, s, inner, way)

	at := len(p.pb.Steps)
	p.pb.Steps = append(p.pb.Steps, step)
	before := len(p.Diags)
	end = inner.actions(s.Actions)
	p.tellBoth(before, key, s)
	p.exprs, p.emits, p.items = inner.exprs, inner.emits, inner.items
	p.dropped = p.dropped || inner.dropped
	p.frame(at, step.Name())
	p.pb.Steps[at].Jump = len(p.pb.Steps)
	p.finished(step.ID, step.Pos, inner.results(), way, n.Get("if") != nil)
	if end == nil {
		return nil
	}
	if n.Get("if") == nil {
		return key
	}
	p.addFacts(step.Guard.Fails())
	return nil
}

// inside returns a reader of the actions of a snippet, which was given nothing yet.
func (p *reader) inside(s *reading.Snippet) *reader {
	inner := *p
	inner.given = &given{snippet: s, texts: map[string]*playbooks.Value{}, absent: map[string]bool{}, outer: p.given}
	inner.scope.Trigger, inner.scope.Vars = nil, nil
	inner.scope.Params, inner.scope.Names = schema.ObjectOf().DeclaredAt(s.Node.Pos()), map[string]string{}
	inner.scope.Whole = map[string]string{}
	inner.scope.Known, inner.facts, inner.done, inner.ids = nil, nil, nil, map[string]*syntax.Node{}
	inner.branchCount, inner.splits, inner.varied, inner.unknownNames = 0, 0, 0, map[string]bool{}
	return &inner
}

// alone returns a reader of a snippet that no playbook uses here; nil when what it takes is not known.
func alone(c *reading.Reader, s *reading.Snippet) *reader {
	if s.Broken || c.SchemaUnreadable {
		return nil
	}
	p := &reader{Reader: c, from: len(c.Diags), templates: map[string]*playbooks.Template{}, pb: &playbooks.Playbook{}}
	p.scope.Schema, p.scope.Running = c.Schema, c.Running
	return p.inside(s)
}

// CheckSnippet finds the mistakes of a snippet that nothing uses, as far as they do not depend on what it
// would be given.
func CheckSnippet(c *reading.Reader, s *reading.Snippet) {
	inner := alone(c, s)
	if inner == nil {
		return
	}
	for i := range s.Params {
		q := &s.Params[i]
		if q.Kind == "" {
			inner.known(q, q.Type)
		} else {
			inner.unknownNames["params."+q.Name] = true
		}
	}
	inner.unused = true
	inner.actions(s.Actions)
}

// CheckDefaults finds the mistakes of the defaults of a snippet's params, whether they are relied on or not.
func CheckDefaults(c *reading.Reader, s *reading.Snippet) {
	inner := alone(c, s)
	if inner == nil {
		return
	}
	step := playbooks.Step{Args: map[string]*playbooks.Value{}}
	for i := range s.Params {
		if q := &s.Params[i]; q.Default != nil {
			inner.handOne(q.Default, q, &step, inner, &inner.scope)
		}
	}
}

// snippet returns the snippet of a name that may be used here; nil after a mistake.
func (p *reader) snippet(v *syntax.Node, name string) *reading.Snippet {
	p.Use("snippet", name)
	s := p.Snippets[name]
	switch {
	case s == nil:
		known := make([]string, 0, len(p.Snippets))
		for name := range p.Snippets {
			known = append(known, name)
		}
		slices.Sort(known)
		if len(known) == 0 {
			p.Error("unknown-snippet", v.Pos(), "there is no snippet `"+name+"`").
				Label("write it: " + playbooks.SnippetDir + "/" + name + playbooks.YamlSuffix)
			return nil
		}
		p.Unknown("unknown-snippet", v, "there is no snippet", name, known, diag.NoDeclaration)
		return nil
	case s.Broken:
		p.dropped = true // which is reported there
		return nil
	case p.given.uses(name):
		p.Error("reference-cycle", v.Pos(), fmt.Sprintf("the snippet `%s` uses itself", name)).
			Label("leave it out: a snippet ends after all of its actions")
		return nil
	}
	return s
}

// hand reads what a snippet is given. Values are the caller's: they are evaluated where it is used. Names are
// constants, and texts stand where the snippet puts them.
func (p *reader) hand(n *syntax.Node, step *playbooks.Step, s *reading.Snippet, inner *reader, way []branchChoice) {
	with := n.Get("with")
	if with != nil && !p.MappingOnly(with, "with") {
		with = nil
	}
	step.Args = map[string]*playbooks.Value{}
	sc := p.scopeAt(way).Knowing(step.Guard.Holds())
	slip := false
	if with != nil {
		for _, e := range with.Entries {
			if s.Param(e.Key.Value) == nil {
				known := diag.Names(s.Params, func(q *reading.Param) string { return q.Name })
				p.Unknown("unknown-field", e.Key, "the snippet `"+s.Name+"` takes no param", e.Key.Value, known,
					func(name string) diag.Pos {
						if q := s.Param(name); q != nil {
							return q.Pos
						}
						return s.Node.Key("params").Pos()
					})
				slip = true
			}
		}
	}
	for i := range s.Params {
		q := &s.Params[i]
		var v *syntax.Node
		if with != nil {
			v = with.Get(q.Name)
		}
		if p.absentParam(v) { // one of the snippet around, which may be left out
			v = nil
		}
		from, at := p, sc
		if v == nil && q.Default != nil {
			v, from, at = q.Default, inner, &inner.scope
		}
		if v == nil {
			if handNothing(q, inner) && !slip {
				p.missingParam(n, with, q, s)
			}
			continue
		}
		from.handOne(v, q, step, inner, at)
	}
	if step.Fields = written(cmp.Or(with, n), step.Args); len(step.Args) > 0 {
		step.Params = schema.ObjectOf()
		for _, f := range inner.scope.Params.Fields {
			if step.Args[f.Name] != nil {
				step.Params.Fields = append(step.Params.Fields, f)
			}
		}
	}
}

// handNothing is for a param that is not given, and reports whether it has to be.
func handNothing(q *reading.Param, inner *reader) bool {
	switch {
	case !q.Optional:
		inner.unknownNames["params."+q.Name] = true
		return true
	case q.Kind == "":
		inner.known(q, q.Type)
	default:
		inner.given.absent[q.Name] = true
		inner.scope.Whole[q.Name] = "optional " + q.Kind
	}
	return false
}

// missingParam reports a param that a use of a snippet does not give, at its `with` where it has one.
func (p *reader) missingParam(use, with *syntax.Node, q *reading.Param, s *reading.Snippet) {
	at, label := use.Key("use").Pos(), "add `with: {"+q.Name+": …}`"
	if with != nil {
		at, label = use.Key("with").Pos(), "add `"+q.Name+": …`"
	}
	p.Error("missing-key", at, fmt.Sprintf("the snippet `%s` needs the param `%s`", s.Name, q.Name)).
		Label(label).Related("declared here", q.Pos)
}

// known makes a value of a param known to the actions of the snippet.
func (p *reader) known(q *reading.Param, t *schema.Type) {
	p.scope.Params.Fields = append(p.scope.Params.Fields, schema.Field{Name: q.Name, Type: t, Pos: q.Pos})
}

// handOne reads the value of one param.
func (p *reader) handOne(v *syntax.Node, q *reading.Param, step *playbooks.Step, inner *reader, sc *scope.Scope) {
	switch q.Kind {
	case "":
		if val := p.typed(v, q.Type, q.Name, sc); val != nil {
			step.Args[q.Name] = val
			inner.known(q, q.Type)
			return
		}
	case "text":
		val := p.inlineText(v, q.Name, sc)
		if val != nil {
			if p != inner { // written further out
				up := *val
				up.Up++
				val = &up
			}
			inner.given.texts[q.Name], inner.scope.Whole[q.Name] = val, "text"
			return
		}
	default:
		p.handName(v, q, step, inner, sc)
		return
	}
	inner.unknownNames["params."+q.Name] = true
}

// handName reads the name of a pool, say: one that is written out, or an expression of known ones.
func (p *reader) handName(v *syntax.Node, q *reading.Param, step *playbooks.Step, inner *reader, sc *scope.Scope) {
	kind := schema.FieldKind(q.Kind)
	if _, constant := p.constParam(v); isExpression(v) && !constant {
		if q.Kind == "event" || q.Kind == "segment" {
			p.Error("bad-value", v.Pos(), "the name of "+articled(q.Kind)+" is written out, not computed")
			inner.unknownNames["params."+q.Name] = true
			return
		}
		if val := p.named(v, &schema.FieldSpec{Name: q.Name, Kind: kind}, sc); val != nil && val.Expr != nil {
			val = &playbooks.Value{Expr: val.Expr} // a template's text is that of the snippet
			step.Args[q.Name] = val
			inner.known(q, &schema.Type{Kind: schema.KindString, Enum: val.Names()})
			return
		}
		inner.unknownNames["params."+q.Name] = true
		return
	}
	name, ok := p.Str(v, q.Name)
	if ok && !p.SchemaUnreadable {
		switch q.Kind {
		case "pool":
			ok = p.KnownPool(v, name)
		case "channel":
			p.Use("channel", name)
			ok = p.KnownChannel(v, name)
		case "template":
			p.Use("template", name)
			ok = p.KnownTemplate(v, name)
		case "event":
			ok = p.KnownEvent(v, name) != nil
		case "segment":
			ok = p.KnownSegment(v, name)
		}
	}
	if !ok {
		inner.unknownNames["params."+q.Name] = true
		return
	}
	inner.scope.Names[q.Name], inner.scope.Whole[q.Name] = name, q.Kind
}

func articled(kind string) string {
	if kind == "event" {
		return "an event"
	}
	return "a " + kind
}

// tellBoth adds to the mistakes of a snippet's actions where it is used, through all snippets around to the
// playbook. Each is told once: for the first playbook.
func (p *reader) tellBoth(from int, key *syntax.Node, s *reading.Snippet) {
	kept := p.Diags[:from]
	for _, d := range p.Diags[from:] {
		if d.Severity == diag.Error {
			p.dropped = true
		}
		if strings.HasPrefix(d.File, playbooks.SnippetDir+"/") {
			place := fmt.Sprint(d.File, d.Line, d.Column, d.Code, d.Message)
			if p.given == nil {
				if p.Told[place] {
					continue
				}
				p.Told[place] = true
			}
			d.Related = append(slices.Clip(d.Related), diag.Related{Message: "used here", Pos: key.Pos()})
		}
		kept = append(kept, d)
	}
	p.Diags = kept
}

// frame names the actions of a snippet by its use, which stands at a place of the steps before them.
func (p *reader) frame(at int, name string) {
	for i := at + 1; i < len(p.pb.Steps); i++ {
		s := &p.pb.Steps[i]
		if s.ID != "" {
			s.ID = name + "." + s.ID
		}
		s.Path = name + "." + s.Path
		if s.Salt != "" {
			s.Salt = name + "." + s.Salt
		}
		if s.Frame = strings.TrimSuffix(name+"."+s.Frame, "."); s.Branches != nil {
			s.Branches = slices.Clone(s.Branches)
			for j := range s.Branches {
				s.Branches[j].Path = name + "." + s.Branches[j].Path
			}
		}
	}
}

// results returns the type of what the actions of a snippet leave, by their ids.
func (p *reader) results() *schema.Type {
	t := schema.ObjectOf()
	for _, d := range p.done {
		if d.id == "" {
			continue
		}
		of := d.result
		if d.guarded || len(d.path) > 0 {
			of = of.AsOptional()
		}
		t.Fields = append(t.Fields, schema.Field{Name: d.id, Type: of, Pos: d.pos})
	}
	return t
}
