package playbooks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// testReader reads one _test.yaml.
type testReader struct {
	*checker
	file *TestFile
	pb   *Playbook // nil: not known, or with mistakes
}

// readTests reads the tests of a playbook.
func (c *checker) readTests(n *node) {
	if !c.mapping(n, "a test file", "playbook", "with", "tests") {
		return
	}
	r := &testReader{checker: c, file: &TestFile{File: n.f.name}}
	before := len(c.diags)
	if v := c.require(n, "a test file", "playbook", "playbook: …"); v != nil {
		before := len(c.diags)
		if r.file.Playbook = r.playbookID(v); r.file.Playbook != "" {
			r.pb = r.find(r.file.Playbook)
		}
		for i := before; i < len(c.diags); i++ {
			c.besideTest(&c.diags[i])
		}
	}
	for _, v := range c.list(n.get("with"), "with") {
		if id := r.playbookID(v); id != "" {
			r.file.With = append(r.file.With, id)
		}
	}
	names := map[string]*node{}
	tests := c.require(n, "a test file", "tests", "tests: […]")
	for _, item := range c.list(tests, "tests") {
		r.test(item, names)
	}
	if !hasError(c.diags[before:]) && !c.blind {
		c.ws.Tests = append(c.ws.Tests, r.file)
	}
}

// find is Workspace.Playbook while the list is still being made.
func (r *testReader) find(id string) *Playbook {
	for _, p := range r.ws.Playbooks {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (r *testReader) playbookID(v *node) string {
	id, ok := r.str(v, "a playbook's id")
	if !ok {
		return ""
	}
	if !r.declared[id] {
		if r.lostID {
			return ""
		}
		r.unknown("unknown-playbook", v, "there is no playbook", id, slices.Sorted(maps.Keys(r.declared)), r.playbookNamed)
		return ""
	}
	return id
}

func (r *testReader) test(n *node, names map[string]*node) {
	if !r.mapping(n, "a test", testKeys...) {
		return
	}
	t := Test{Pos: n.pos()}
	if v := r.require(n, "a test", "name", "name: …"); v != nil {
		t.Name, _ = r.text(v, "name")
		t.Pos = v.pos()
		if first := names[t.Name]; first != nil {
			r.error("duplicate-id", v.pos(), fmt.Sprintf("there are two tests `%s`", t.Name)).related("first here", first.pos())
		} else if t.Name != "" {
			names[t.Name] = v
		}
	}
	t.At = defaultTestStart
	if v := n.get("at"); v != nil {
		if at, ok := r.literal(v, Datetime, "at"); ok {
			t.At = at.(time.Time)
		}
	}
	t.Member = r.member(r.require(n, "a test", "member", "member: {id: m1}"))
	for _, item := range r.list(n.get("history"), "history") {
		if e := r.history(item); e != nil {
			t.History = append(t.History, *e)
		}
	}
	r.force(n.get("force"), &t)
	script := r.require(n, "a test", "script", "script: […]")
	for _, item := range r.list(script, "script") {
		r.step(item, &t)
	}
	r.file.Tests = append(r.file.Tests, t)
}

// defaultTestStart is where the virtual clock starts when a test does not say.
var defaultTestStart = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// member reads the member of a test: the id, built-in fields and attributes.
func (r *testReader) member(n *node) map[string]any {
	if n == nil || n.broken {
		return nil
	}
	if n.kind != mappingNode {
		r.wrongType(n, "member must be a mapping").label("as in {id: m1, nickname: 小王}")
		return nil
	}
	r.require(n, "member", "id", "id: m1")
	out := map[string]any{}
	for _, e := range n.entries {
		if t := r.memberField(e.key); t != nil {
			if v, ok := r.literal(e.value, t, e.key.value); ok && v != nil {
				out[e.key.value] = v
			}
			if e.key.value == "tags" {
				r.tagWords(e.value, wordGiven)
			}
		}
	}
	return out
}

func (r *testReader) memberField(key *node) *Type {
	if t, ok := ObjectOf(MemberFields()...).Field(key.value); ok {
		return t
	}
	a := r.schema.Attribute(key.value)
	switch {
	case r.blind:
		return nil
	case a == nil:
		known := ObjectOf(MemberFields()...).FieldNames()
		known = append(known, names(r.schema.Attributes, func(a *Attribute) string { return a.Name })...)
		r.unknown("unknown-field", key, "member has no attribute", key.value, known, r.schema.in(inMember))
		return nil
	case a.Computed != nil:
		r.error("not-settable", key.pos(), fmt.Sprintf("`%s` is computed and cannot be set", key.value)).related("declared here", a.Pos)
		return nil
	}
	return a.Type
}

// event reads what an event of a test is and carries.
func (r *testReader) event(n *node, known ...string) *TestEvent {
	if r.flatProperties(n, known) || !r.mapping(n, "an event", known...) {
		return nil
	}
	e := &TestEvent{Pos: n.pos()}
	v := r.require(n, "an event", "event", "event: …")
	name, ok := r.str(v, "event")
	if !ok {
		return nil
	}
	e.Name = name
	props := n.get("properties")
	if typ := r.knownEvent(v, name); typ != nil {
		if props == nil {
			props = &node{f: n.f, kind: mappingNode, start: v.start, owner: v}
		}
		if got, ok := r.literal(props, typ.Properties, name); ok {
			e.Properties, _ = got.(map[string]any)
		}
	}
	if attrs := n.get("attributes"); attrs != nil && attrs.kind == mappingNode {
		e.Attributes = map[string]any{}
		for _, a := range attrs.entries {
			if t := r.memberField(a.key); t != nil {
				if got, ok := r.literal(a.value, t, a.key.value); ok {
					e.Attributes[a.key.value] = got
				}
			}
		}
	} else if attrs != nil && !attrs.broken {
		r.wrongType(attrs, "attributes must be a mapping")
	}
	return e
}

func (r *testReader) history(n *node) *TestEvent {
	e := r.event(n, "event", "at", "properties", "attributes")
	if e == nil {
		return nil
	}
	if v := r.require(n, "an event of the history", "at", "at: -10d"); v != nil {
		r.past(v, "at", "history lies before the test", e)
	}
	return e
}

// past reads when an event happened: so long ago, as -10d, or at an instant.
func (r *testReader) past(v *node, what, never string, e *TestEvent) {
	if v.broken {
		return
	}
	if d, err := ParseDuration(v.value); err == nil && v.kind == scalarNode {
		if d.Days > 0 || d.Elapsed > 0 {
			r.error("bad-duration", v.pos(), never).label("write -"+v.value).edit(v.pos(), "-"+v.value)
		}
		e.Ago = Duration{Days: -d.Days, Elapsed: -d.Elapsed}
		return
	}
	if at, err := Datetime.Coerce(v.value); err == nil && v.kind == scalarNode {
		e.Time = at.(time.Time)
		return
	}
	if durationMeant(v.value) != (durationHint{}) {
		r.anyDuration(v, what)
		return
	}
	r.error("bad-value", v.pos(), what+" must be a time before now").label("as in -10d or 2026-03-01T09:00:00+08:00")
}

func (r *testReader) force(n *node, t *Test) {
	if n == nil || !r.mapping(n, "force", "holdout", "split", "webhooks", "pools") {
		return
	}
	if v := n.get("holdout"); v != nil {
		if b, ok := r.literal(v, Bool, "holdout"); ok {
			held := b.(bool)
			t.Holdout = &held
		}
	}
	if v := n.get("split"); v != nil && !v.isNull() {
		t.Split = r.forcedWays(v)
	}
	if v := n.get("webhooks"); v != nil && !v.isNull() {
		t.Webhooks = r.answers(v)
	}
	if v := n.get("pools"); v != nil && !v.isNull() {
		t.Pools = r.left(v)
	}
}

// answers reads what webhooks are answered with: `{id: {status: 200, body: …}}`.
func (r *testReader) answers(n *node) map[string]TestAnswer {
	if r.pb == nil || !r.mappingOnly(n, "webhooks") {
		return nil
	}
	var names []string
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; s.Key == "webhook" {
			names = append(names, s.Name())
		}
	}
	out := map[string]TestAnswer{}
	for _, e := range n.entries {
		if !slices.Contains(names, e.key.value) {
			r.unknown("unknown-action-id", e.key, fmt.Sprintf("the playbook `%s` has no webhook", r.pb.ID), e.key.value, names, r.pb.stepNamed)
			continue
		}
		if !r.mapping(e.value, "the answer of a webhook", "status", "body") {
			continue
		}
		a := TestAnswer{Status: 200}
		if v := e.value.get("status"); v != nil {
			a.Status, _ = r.integer(v, "status", 0, 599)
		}
		if v := e.value.get("body"); v != nil {
			a.Body, _ = r.anyLiteral(v)
		}
		out[e.key.value] = a
	}
	return out
}

// forcedWays reads which way a split goes: `{id: name}`, or the name alone where the playbook has one split.
func (r *testReader) forcedWays(n *node) map[string]string {
	if n.broken || r.pb == nil {
		return nil
	}
	splits := map[string]*Step{}
	var names []string
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; s.Key == "split" {
			splits[s.Name()] = s
			names = append(names, s.Name())
		}
	}
	if n.kind == scalarNode && len(names) == 1 {
		return r.forcedWay(n, splits[names[0]], map[string]string{})
	}
	if !r.mappingOnly(n, "split") {
		return nil
	}
	out := map[string]string{}
	for _, e := range n.entries {
		s := splits[e.key.value]
		if s == nil {
			r.unknown("unknown-action-id", e.key, fmt.Sprintf("the playbook `%s` has no split", r.pb.ID), e.key.value, names, r.pb.stepNamed)
			continue
		}
		r.forcedWay(e.value, s, out)
	}
	return out
}

func (r *testReader) forcedWay(v *node, s *Step, out map[string]string) map[string]string {
	ways := make([]string, len(s.Ways))
	for i := range s.Ways {
		ways[i] = s.Ways[i].Name
	}
	before := len(r.diags)
	if name, ok := r.enum(v, "the way of `"+s.Name()+"`", ways...); ok {
		out[s.Name()] = name
	}
	for i := before; i < len(r.diags); i++ {
		r.diags[i].about(v.value, closest(v.value, ways), s.wayNamed).trust(closest(v.value, ways))
	}
	return out
}

// mappingOnly wants a mapping with any keys.
func (c *checker) mappingOnly(n *node, what string) bool {
	if n.broken {
		return false
	}
	if n.kind != mappingNode {
		c.wrongType(n, what+" must be a mapping (`key: value`)")
		return false
	}
	return true
}

func (r *testReader) step(n *node, t *Test) {
	if n.broken {
		return
	}
	if n.kind != mappingNode {
		r.wrongType(n, "a step of a script must be a mapping").label("one of " + oneOf(scriptKeys))
		return
	}
	var kind *node
	for _, e := range n.entries {
		if slices.Contains(scriptKeys, e.key.value) {
			if kind != nil {
				r.error("exclusive-keys", e.key.pos(), "a step is exactly one thing").label("put it in a step of its own").
					related("first here", kind.pos())
				return
			}
			kind = e.key
		}
	}
	if kind == nil {
		if len(n.entries) > 0 {
			r.unknownKey(n.entries[0].key, "a step of a script", scriptKeys)
		} else {
			r.error("missing-key", n.pos(), "this step is empty").label("one of " + oneOf(scriptKeys))
		}
		return
	}
	s := TestStep{Pos: kind.pos()}
	if kind.value != "event" {
		r.mapping(n, "a step of a script", kind.value)
	}
	v := n.get(kind.value)
	switch kind.value {
	case "event":
		s.Event = r.event(n, eventStepKeys...)
		if v := n.get("time"); v != nil && s.Event != nil {
			r.past(v, "time", "an event cannot happen after it arrives", s.Event)
		}
	case "advance":
		if d, ok := r.duration(v, "advance"); ok {
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
func (r *testReader) params(v *node) map[string]any {
	if r.pb == nil {
		return nil
	}
	if r.pb.Trigger.Kind != TriggerHTTP {
		r.error("bad-value", v.pos(), fmt.Sprintf("the playbook `%s` is not started over HTTP", r.pb.ID)).label("send its event instead")
		return nil
	}
	got, ok := r.literal(v, r.pb.Trigger.Params, "trigger")
	if params, isMap := got.(map[string]any); ok && isMap {
		return params
	}
	return nil
}

// playbookNamed finds playbooks by their ids.
func (c *checker) playbookNamed(id string) Pos {
	if v := c.playbookNodes[id]; v != nil {
		return v.pos()
	}
	return Pos{}
}

// besideTest shows the playbook in the file that a test stands beside, where no other is near.
func (c *checker) besideTest(d *Diagnostic) {
	if d.Code != "unknown-playbook" || len(d.Related) > 0 {
		return
	}
	file := strings.TrimSuffix(d.File, testSuffix) + yamlSuffix
	for _, id := range slices.Sorted(maps.Keys(c.playbookNodes)) {
		if v := c.playbookNodes[id]; v.f.name == file {
			d.beside("the playbook beside this test is `"+id+"`", v.pos())
		}
	}
}
