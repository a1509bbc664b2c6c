package playbook

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// notTooLong holds a duration against what its field allows.
func (p *reader) notTooLong(v *syntax.Node, d schema.Duration, f *schema.FieldSpec) bool {
	if f.Longest.IsZero() || d.Longest() <= f.Longest.Longest() {
		return true
	}
	p.Error("bad-duration", v.Pos(), fmt.Sprintf("%s is at most %s", f.Name, f.Longest))
	return false
}

// url reads an address, or an expression of one.
func (p *reader) url(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	val := p.value(v, schema.String, what, sc)
	if val == nil || val.Expr != nil {
		return val
	}
	text, _ := val.Literal.(string)
	if p.secret(v) {
		return nil
	}
	switch u, err := url.Parse(text); {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.Error("bad-value", v.Pos(), "a url begins with https:// or http:// and a host").
			Label("as in https://crm.example.com/members")
		return nil
	case u.User != nil:
		p.Error("bad-value", v.Pos(), "a url in a playbook holds no password").
			Label("declare a channel of the type webhook with the secret")
		return nil
	}
	return val
}

// secret reports a ${NAME} where none is read from the environment.
func (p *reader) secret(v *syntax.Node) bool {
	if v.Kind != syntax.ScalarNode || !strings.Contains(v.Value, "${") {
		return false
	}
	p.Error("bad-value", v.Pos(), "${NAME} is read in the channels of usher.yaml only").
		Label("declare a channel of the type webhook for this url: it adds the secret")
	return true
}

// ownHeaders are those that usher itself writes.
var ownHeaders = []string{
	"host", "content-length", "connection", "transfer-encoding", "idempotency-key",
	"user-agent", "accept-encoding",
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// headers reads name: value, each a text or an expression of one.
func (p *reader) headers(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	if !p.MappingOnly(v, what) {
		return nil
	}
	out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
	for _, e := range v.Entries {
		name := e.Key.Value
		switch {
		case !headerName.MatchString(name):
			p.Error("bad-name", e.Key.Pos(), fmt.Sprintf("`%s` is not the name of a header", name)).Label("as in X-Source")
			continue
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			p.Error("reserved-name", e.Key.Pos(), fmt.Sprintf("usher itself writes the header `%s`", name))
			continue
		case p.secret(e.Value):
			continue
		}
		if val := p.value(e.Value, schema.String, name, sc); val != nil {
			out.Put(name, val)
		}
	}
	return out
}

// anything reads any value; each part of it may be an expression.
func (p *reader) anything(v *syntax.Node, what string, sc *scope.Scope) *playbooks.Value {
	switch {
	case v.Broken:
		return nil
	case v.Kind == syntax.MappingNode:
		out := &playbooks.Value{Map: map[string]*playbooks.Value{}}
		for _, e := range v.Entries {
			if val := p.anything(e.Value, what+"."+e.Key.Value, sc); val != nil {
				out.Put(e.Key.Value, val)
			}
		}
		return out
	case v.Kind == syntax.SequenceNode:
		out := &playbooks.Value{List: []*playbooks.Value{}}
		for i, item := range v.Items {
			if val := p.anything(item, fmt.Sprintf("%s[%d]", what, i), sc); val != nil {
				out.List = append(out.List, val)
			}
		}
		return out
	case p.secret(v):
		return nil
	}
	return p.value(v, schema.Any, what, sc)
}

// returns reads name: type.
func (p *reader) returns(v *syntax.Node, what string) *playbooks.Value {
	if v.Kind != syntax.MappingNode {
		p.WrongType(v, what+" must be a mapping of names and types").Label("as in {score: int, note: optional string}")
		return nil
	}
	t := p.TypeOf(v)
	if t.Kind != schema.KindObject {
		p.Error("bad-value", v.Pos(), what+" must be a mapping of names and types").
			Label("as in {score: int, note: optional string}")
		return nil
	}
	return &playbooks.Value{Literal: t}
}

// returned gives the type of what an action leaves: what it says to return is the type of its field
// body.
func (p *reader) returned(step *playbooks.Step, spec *schema.ActionSpec, fields []schema.Field) *schema.Type {
	i := slices.IndexFunc(spec.Fields, func(f schema.FieldSpec) bool { return f.Kind == schema.FieldReturns })
	if i < 0 {
		return schema.ObjectOf(fields...)
	}
	body := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == "body" })
	if v := step.Args[spec.Fields[i].Name]; v != nil {
		fields[body].Type = v.Literal.(*schema.Type).AsOptional()
	} else {
		fields = slices.Delete(fields, body, body+1)
	}
	delete(step.Args, spec.Fields[i].Name) // it is in the type now
	return schema.ObjectOf(fields...)
}

// speaking reports a message to a channel that carries none.
func (p *reader) speaking(at diag.Pos, name string) {
	ch := p.Schema.Channel(name)
	if ch == nil {
		return
	}
	if spec := p.Registry.Channel(ch.Type); spec != nil && spec.Mute {
		p.Error("bad-value", at, fmt.Sprintf("the channel `%s` carries no messages", name)).
			Label("it is for webhooks: write `webhook: {url: …}`").Related("declared here", ch.Pos)
	}
}
