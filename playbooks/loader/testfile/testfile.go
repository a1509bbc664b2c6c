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
	t.Member = r.member(r.Require(n, "a test", "member", "member: {id: m1}"))
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

// member reads the member of a test: the id, built-in fields and attributes.
func (r *reader) member(n *syntax.Node) map[string]any {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind != syntax.MappingNode {
		r.WrongType(n, "member must be a mapping").Label("as in {id: m1, nickname: 小王}")
		return nil
	}
	r.Require(n, "member", "id", "id: m1")
	out := map[string]any{}
	for _, e := range n.Entries {
		if t := r.memberField(e.Key); t != nil {
			if v, ok := r.Literal(e.Value, t, e.Key.Value); ok && v != nil {
				out[e.Key.Value] = v
			}
			if e.Key.Value == "tags" {
				r.noteTags(e.Value, playbooks.LabelWritten)
			}
		}
	}
	return out
}

func (r *reader) memberField(key *syntax.Node) *schema.Type {
	if t, ok := schema.ObjectOf(scope.MemberFields()...).Field(key.Value); ok {
		return t
	}
	a := r.Schema.Attribute(key.Value)
	switch {
	case r.SchemaUnreadable:
		return nil
	case a == nil:
		known := schema.ObjectOf(scope.MemberFields()...).FieldNames()
		known = append(known, diag.Names(r.Schema.Attributes, func(a *playbooks.Attribute) string { return a.Name })...)
		r.Unknown("unknown-field", key, "member has no attribute", key.Value, known, r.Schema.In(scope.InMember))
		return nil
	case a.Computed != nil:
		r.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is computed and cannot be set", key.Value)).
			Related("declared here", a.Pos)
		return nil
	}
	return a.Type
}

// event reads what an event of a test is and carries.
func (r *reader) event(n *syntax.Node, known ...string) *playbooks.TestEvent {
	if r.flatProperties(n, known) || !r.Mapping(n, "an event", known...) {
		return nil
	}
	e := &playbooks.TestEvent{Pos: n.Pos()}
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
	if attrs := n.Get("attributes"); attrs != nil && attrs.Kind == syntax.MappingNode {
		e.Attributes = map[string]any{}
		for _, a := range attrs.Entries {
			if t := r.memberField(a.Key); t != nil {
				if got, ok := r.Literal(a.Value, t, a.Key.Value); ok {
					e.Attributes[a.Key.Value] = got
				}
			}
		}
	} else if attrs != nil && !attrs.Broken {
		r.WrongType(attrs, "attributes must be a mapping")
	}
	return e
}

func (r *reader) history(n *syntax.Node) *playbooks.TestEvent {
	e := r.event(n, "event", "at", "properties", "attributes")
	if e == nil {
		return nil
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

func (r *reader) force(n *syntax.Node, t *playbooks.Test) {
	if n == nil || !r.Mapping(n, "force", "holdout", "split", "webhooks", "pools") {
		return
	}
	if v := n.Get("holdout"); v != nil {
		if b, ok := r.Literal(v, schema.Bool, "holdout"); ok {
			held := b.(bool)
			t.Holdout = &held
		}
	}
	if v := n.Get("split"); v != nil && !v.IsNull() {
		t.Split = r.forcedBranches(v)
	}
	if v := n.Get("webhooks"); v != nil && !v.IsNull() {
		t.Webhooks = r.answers(v)
	}
	if v := n.Get("pools"); v != nil && !v.IsNull() {
		t.Pools = r.left(v)
	}
}

// answers reads what webhooks are answered with: `{id: {status: 200, body: …}}`.
func (r *reader) answers(n *syntax.Node) map[string]playbooks.TestAnswer {
	if r.pb == nil || !r.MappingOnly(n, "webhooks") {
		return nil
	}
	var names []string
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; s.Key == "webhook" {
			names = append(names, s.Name())
		}
	}
	out := map[string]playbooks.TestAnswer{}
	for _, e := range n.Entries {
		if !slices.Contains(names, e.Key.Value) {
			r.Unknown("unknown-action-id", e.Key, fmt.Sprintf("the playbook `%s` has no webhook", r.pb.ID), e.Key.Value, names,
				r.pb.StepNamed)
			continue
		}
		if !r.Mapping(e.Value, "the answer of a webhook", "status", "body") {
			continue
		}
		a := playbooks.TestAnswer{Status: 200}
		if v := e.Value.Get("status"); v != nil {
			a.Status, _ = r.Integer(v, "status", 0, 599)
		}
		if v := e.Value.Get("body"); v != nil {
			a.Body, _ = r.AnyLiteral(v)
		}
		out[e.Key.Value] = a
	}
	return out
}

// forcedBranches reads which way a split goes: `{id: name}`, or the name alone where the playbook
// has one split.
func (r *reader) forcedBranches(n *syntax.Node) map[string]string {
	if n.Broken || r.pb == nil {
		return nil
	}
	splits := map[string]*playbooks.Step{}
	var names []string
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; s.Key == "split" {
			splits[s.Name()] = s
			names = append(names, s.Name())
		}
	}
	if n.Kind == syntax.ScalarNode && len(names) == 1 {
		return r.forcedBranch(n, splits[names[0]], map[string]string{})
	}
	if !r.MappingOnly(n, "split") {
		return nil
	}
	out := map[string]string{}
	for _, e := range n.Entries {
		s := splits[e.Key.Value]
		if s == nil {
			r.Unknown("unknown-action-id", e.Key, fmt.Sprintf("the playbook `%s` has no split", r.pb.ID), e.Key.Value, names,
				r.pb.StepNamed)
			continue
		}
		r.forcedBranch(e.Value, s, out)
	}
	return out
}

func (r *reader) forcedBranch(v *syntax.Node, s *playbooks.Step, out map[string]string) map[string]string {
	ways := make([]string, len(s.Branches))
	for i := range s.Branches {
		ways[i] = s.Branches[i].Name
	}
	before := len(r.Diags)
	if name, ok := r.Enum(v, "the way of `"+s.Name()+"`", ways...); ok {
		out[s.Name()] = name
	}
	for i := before; i < len(r.Diags); i++ {
		r.Diags[i].RelateName(v.Value, diag.Closest(v.Value, ways), s.BranchNamed).AssumeName(diag.Closest(v.Value, ways))
	}
	return out
}

func (r *reader) step(n *syntax.Node, t *playbooks.Test) {
	if n.Broken {
		return
	}
	if n.Kind != syntax.MappingNode {
		r.WrongType(n, "a step of a script must be a mapping").Label("one of " + diag.OneOf(shapes.ScriptKeys))
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
		if len(n.Entries) > 0 {
			r.UnknownKey(n.Entries[0].Key, "a step of a script", shapes.ScriptKeys)
		} else {
			r.Error("missing-key", n.Pos(), "this step is empty").Label("one of " + diag.OneOf(shapes.ScriptKeys))
		}
		return
	}
	s := playbooks.TestStep{Pos: kind.Pos()}
	if kind.Value != "event" {
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
	case "expect":
		s.Expect = r.expect(v)
	}
	if s.Event != nil || s.Advance != nil || s.Trigger != nil || s.Expect != nil {
		t.Script = append(t.Script, s)
	}
}

// params reads the parameters with which a test triggers the playbook.
func (r *reader) params(v *syntax.Node) map[string]any {
	if r.pb == nil {
		return nil
	}
	if r.pb.Trigger.Kind != playbooks.TriggerHTTP {
		r.Error("bad-value", v.Pos(), fmt.Sprintf("the playbook `%s` is not started over HTTP", r.pb.ID)).
			Label("send its event instead")
		return nil
	}
	got, ok := r.Literal(v, r.pb.Trigger.Params, "trigger")
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
