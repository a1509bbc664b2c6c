package testfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// reader reads one _test.yaml.
type reader struct {
	*reading.Reader
	file *playbooks.TestFile
	pb   *playbooks.Playbook // nil: not known, or with mistakes

	// ids are those of the members of the test that is read, in their order; nil: not all are known
	ids []*syntax.Node
}

// Read reads the tests of a playbook.
func Read(c *reading.Reader, n *syntax.Node) {
	if !c.Mapping(n, "a test file", "playbook", "with", "tests") {
		return
	}
	r := &reader{Reader: c, file: &playbooks.TestFile{File: n.F.Name}}
	before := len(c.Diags)
	if v := c.Require(n, "a test file", "playbook", "playbook: …"); v != nil {
		before := len(c.Diags)
		if r.file.Playbook = r.playbookID(v); r.file.Playbook != "" {
			r.pb = r.find(r.file.Playbook)
		}
		for i := before; i < len(c.Diags); i++ {
			r.playbookOfTest(&c.Diags[i])
		}
	}
	for _, v := range c.List(n.Get("with"), "with") {
		if id := r.playbookID(v); id != "" {
			r.file.With = append(r.file.With, id)
		}
	}
	names := map[string]*syntax.Node{}
	tests := c.Require(n, "a test file", "tests", "tests: […]")
	for _, item := range c.List(tests, "tests") {
		r.test(item, names)
	}
	if !diag.HasError(c.Diags[before:]) && !c.SchemaUnreadable {
		c.Workspace.Tests = append(c.Workspace.Tests, r.file)
	}
}

// find is Workspace.Playbook while the list is still being made.
func (r *reader) find(id string) *playbooks.Playbook {
	for _, p := range r.Workspace.Playbooks {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (r *reader) playbookID(v *syntax.Node) string {
	id, ok := r.Str(v, "a playbook's id")
	if !ok {
		return ""
	}
	if !r.Declared[id] {
		if r.PlaybookIDUnread {
			return ""
		}
		r.Unknown("unknown-playbook", v, "there is no playbook", id, slices.Sorted(maps.Keys(r.Declared)), r.PlaybookNamed)
		return ""
	}
	return id
}

func (r *reader) test(n *syntax.Node, names map[string]*syntax.Node) {
	if !r.Mapping(n, "a test", shapes.TestKeys...) {
		return
	}
	t := playbooks.Test{Pos: n.Pos()}
	if v := r.Require(n, "a test", "name", "name: …"); v != nil {
		t.Name, _ = r.Text(v, "name")
		t.Pos = v.Pos()
		if first := names[t.Name]; first != nil {
			r.Error("duplicate-id", v.Pos(), fmt.Sprintf("there are two tests `%s`", t.Name)).Related("first here", first.Pos())
		} else if t.Name != "" {
			names[t.Name] = v
		}
	}
	t.At = defaultTestStart
	if v := n.Get("at"); v != nil {
		if at, ok := r.Literal(v, schema.Datetime, "at"); ok {
			t.At = at.(time.Time)
		}
	}
	r.members(n, &t)
	r.objects(n.Get("objects"), &t)
	for _, item := range r.List(n.Get("history"), "history") {
		if e := r.history(item); e != nil {
			t.History = append(t.History, *e)
		}
	}
	r.force(n.Get("force"), &t)
	script := r.Require(n, "a test", "script", "script: […]")
	for _, item := range r.List(script, "script") {
		r.step(item, &t)
	}
	r.file.Tests = append(r.file.Tests, t)
}

// defaultTestStart is where the virtual clock starts when a test does not say.
var defaultTestStart = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// event reads what an event of a test is and carries.
func (r *reader) event(n *syntax.Node, known ...string) *playbooks.TestEvent {
	if r.flatProperties(n, known) || !r.Mapping(n, "an event", known...) {
		return nil
	}
	e := &playbooks.TestEvent{Pos: n.Pos(), Times: 1}
	e.Member, e.Object = r.subject(n)
	v := r.Require(n, "an event", "event", "event: …")
	name, ok := r.Str(v, "event")
	if !ok {
		return nil
	}
	e.Name = name
	props := n.Get("properties")
	if typ := r.KnownEvent(v, name); typ != nil {
		if props == nil {
			props = &syntax.Node{F: n.F, Kind: syntax.MappingNode, Start: v.Start, Owner: v}
		}
		if got, ok := r.Literal(props, typ.Properties, name); ok {
			e.Properties, _ = got.(map[string]any)
		}
	}
	if e.Object.Kind != "" && n.Get("attributes") != nil {
		r.Error("exclusive-keys", n.Key("attributes").Pos(), "attributes that come with an event are those of its member, and it has none").
			Label("write them in a step of their own").Related("it is the object's alone", n.Key("object").Pos())
	} else if attrs := n.Get("attributes"); attrs != nil {
		e.Attributes = r.attributes(attrs, playbooks.ObjectRef{})
	}
	return e
}

// attributes reads attributes that come with an event or are written from outside; nil: they are no
// mapping.
func (r *reader) attributes(n *syntax.Node, of playbooks.ObjectRef) map[string]any {
	if n.Broken {
		return nil
	}
	if n.Kind != syntax.MappingNode {
		r.WrongType(n, "attributes must be a mapping")
		return nil
	}
	out := map[string]any{}
	s := r.schemaOf(of.Kind)
	for _, a := range n.Entries {
		if name := a.Key.Value; !r.SchemaUnreadable && scope.IsKept(s.Subject(), name) {
			r.Error("not-settable", a.Key.Pos(), fmt.Sprintf("`%s` is built in: it cannot be written as an attribute", name)).
				Label("it can be given at the beginning of the test, beside the id")
			continue
		}
		if t := r.given(a.Key, s); t != nil {
			if got, ok := r.Literal(a.Value, t, a.Key.Value); ok {
				out[a.Key.Value] = got
			}
		}
	}
	return out
}

// mostTimes is how many events a line of history may stand for.
const mostTimes = 10_000

func (r *reader) history(n *syntax.Node) *playbooks.TestEvent {
	e := r.event(n, shapes.PastEventKeys...)
	if e == nil {
		return nil
	}
	if v := n.Get("times"); v != nil {
		if times, ok := r.Integer(v, "times", 1, mostTimes); ok {
			e.Times = times
		}
	}
	if v := r.Require(n, "an event of the history", "at", "at: -10d"); v != nil {
		r.past(v, "at", "history lies before the test", e)
	}
	return e
}

// past reads when an event happened: so long ago, as -10d, or at an instant.
func (r *reader) past(v *syntax.Node, what, never string, e *playbooks.TestEvent) {
	if v.Broken {
		return
	}
	if d, err := schema.ParseDuration(v.Value); err == nil && v.Kind == syntax.ScalarNode {
		if d.Days > 0 || d.Elapsed > 0 {
			r.Error("bad-duration", v.Pos(), never).Label("write -"+v.Value).Edit(v.Pos(), "-"+v.Value)
		}
		e.Ago = schema.Duration{Days: -d.Days, Elapsed: -d.Elapsed}
		return
	}
	if at, err := schema.Datetime.Coerce(v.Value); err == nil && v.Kind == syntax.ScalarNode {
		e.Time = at.(time.Time)
		return
	}
	if schema.SuggestDuration(v.Value) != (schema.DurationHint{}) {
		r.AnyDuration(v, what)
		return
	}
	r.Error("bad-value", v.Pos(), what+" must be a time before now").Label("as in -10d or 2026-03-01T09:00:00+08:00")
}

func (r *reader) step(n *syntax.Node, t *playbooks.Test) {
	if n.Broken {
		return
	}
	if n.Kind != syntax.MappingNode {
		r.WrongType(n, "a step of a script must be a mapping").Label("one of " + diag.OneOf(shapes.ScriptKeys))
		return
	}
	if n.Get("event") == nil && n.Get("attributes") != nil {
		r.update(n, t)
		return
	}
	var kind *syntax.Node
	for _, e := range n.Entries {
		if slices.Contains(shapes.ScriptKeys, e.Key.Value) {
			if kind != nil {
				r.Error("exclusive-keys", e.Key.Pos(), "a step is exactly one thing").Label("put it in a step of its own").
					Related("first here", kind.Pos())
				return
			}
			kind = e.Key
		}
	}
	if kind == nil {
		if strange := slices.IndexFunc(n.Entries, func(e syntax.Entry) bool { return e.Key.Value != "member" && e.Key.Value != "object" }); strange >= 0 {
			r.UnknownKey(n.Entries[strange].Key, "a step of a script", shapes.ScriptKeys)
		} else if len(n.Entries) > 0 {
			r.Error("missing-key", n.Pos(), "nothing is said of the "+n.Entries[0].Key.Value).Label("add event, trigger, redeem or attributes")
		} else {
			r.Error("missing-key", n.Pos(), "this step is empty").Label("one of " + diag.OneOf(shapes.ScriptKeys))
		}
		return
	}
	s := playbooks.TestStep{Pos: kind.Pos()}
	switch kind.Value {
	case "event":
		if times := n.Get("times"); times != nil && !slices.Contains(shapes.EventStepKeys, "times") {
			r.Error("unknown-key", n.Key("times").Pos(), "a step happens once: `times` stands in a line of the history").
				Label("write the step as often as it happens, or move it to `history`")
			n = n.Without("times")
		}
	case "trigger":
		r.Mapping(n, "a step of a script", kind.Value, "member", "object")
		s.Member, s.Object = r.subject(n)
	case "redeem":
		r.Mapping(n, "a step of a script", kind.Value, "member")
		s.Member = r.whose(n.Get("member"))
	default:
		r.Mapping(n, "a step of a script", kind.Value)
	}
	v := n.Get(kind.Value)
	switch kind.Value {
	case "event":
		s.Event = r.event(n, shapes.EventStepKeys...)
		if v := n.Get("time"); v != nil && s.Event != nil {
			r.past(v, "time", "an event cannot happen after it arrives", s.Event)
		}
	case "advance":
		if d, ok := r.Duration(v, "advance"); ok {
			s.Advance = &d
		}
	case "trigger":
		s.Trigger = r.params(v)
	case "redeem":
		s.Redeem = r.redeemed(v)
	case "expect":
		s.Expect = r.expect(v)
	}
	if s.Event != nil || s.Advance != nil || s.Trigger != nil || s.Redeem != "" || s.Expect != nil {
		t.Script = append(t.Script, s)
	}
}

// update reads a step that writes attributes of a member.
func (r *reader) update(n *syntax.Node, t *playbooks.Test) {
	if !r.Mapping(n, "a step of a script", shapes.UpdateStepKeys...) {
		return
	}
	s := playbooks.TestStep{Pos: n.Key("attributes").Pos()}
	s.Member, s.Object = r.subject(n)
	if s.Attributes = r.attributes(n.Get("attributes"), s.Object); s.Attributes != nil {
		t.Script = append(t.Script, s)
	}
}

// redeemed reads the action whose coupon is redeemed; "" when there is none of the name.
func (r *reader) redeemed(v *syntax.Node) string {
	name, ok := r.Str(v, "redeem")
	if !ok || r.pb == nil {
		return ""
	}
	names := r.stepsOf("coupon")
	if !slices.Contains(names, name) {
		r.Unknown("unknown-action-id", v, fmt.Sprintf("the playbook `%s` has no coupon", r.pb.ID), name, names, r.pb.StepNamed)
		return ""
	}
	return name
}

// params reads the parameters with which a test triggers the playbook.
func (r *reader) params(v *syntax.Node) map[string]any {
	if r.pb == nil {
		return nil
	}
	http := r.pb.Trigger.HTTP()
	if http == nil {
		r.Error("bad-value", v.Pos(), fmt.Sprintf("the playbook `%s` is not started over HTTP", r.pb.ID)).
			Label("send its event instead")
		return nil
	}
	got, ok := r.Literal(v, http.Params, "trigger")
	if params, isMap := got.(map[string]any); ok && isMap {
		return params
	}
	return nil
}

// playbookOfTest shows the playbook in the file that a test stands beside, where no other is near.
func (r *reader) playbookOfTest(d *diag.Diagnostic) {
	if d.Code != "unknown-playbook" || len(d.Related) > 0 {
		return
	}
	file := strings.TrimSuffix(d.File, playbooks.TestSuffix) + playbooks.YamlSuffix
	for _, id := range slices.Sorted(maps.Keys(r.PlaybookIDs)) {
		if v := r.PlaybookIDs[id]; v.F.Name == file {
			d.Relate("the playbook beside this test is `"+id+"`", v.Pos())
		}
	}
}

// flatProperties reports properties of an event that stand beside its name, in a test, instead of
// under `properties`.
func (r *reader) flatProperties(n *syntax.Node, known []string) bool {
	v := n.Get("event")
	if n.Kind != syntax.MappingNode || n.Broken || v == nil || n.Get("properties") != nil {
		return false
	}
	e := r.Schema.Event(v.Value)
	if e == nil || e.Properties == nil {
		return false
	}
	var flat []string
	first := (*syntax.Node)(nil)
	for _, x := range n.Entries {
		if _, ok := e.Properties.Field(x.Key.Value); !ok || slices.Contains(known, x.Key.Value) {
			continue
		}
		if first == nil {
			first = x.Key
		}
		end := x.Value.End()
		if x.Value.Kind != syntax.ScalarNode {
			flat = append(flat, x.Key.Value+": …")
			continue
		}
		flat = append(flat, n.F.Text[x.Key.Start:end])
	}
	if first == nil {
		return false
	}
	r.Error("unknown-key", first.Pos(), fmt.Sprintf("the properties of `%s` stand under `properties`", v.Value)).
		Label("write `properties: {" + strings.Join(flat, ", ") + "}`")
	return true
}
