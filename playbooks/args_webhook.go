package playbooks

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// notTooLong holds a duration against what its field allows.
func (p *playbookReader) notTooLong(v *node, d Duration, f *FieldSpec) bool {
	if f.Longest.IsZero() || d.Longest() <= f.Longest.Longest() {
		return true
	}
	p.error("bad-duration", v.pos(), fmt.Sprintf("%s is at most %s", f.Name, f.Longest))
	return false
}

// url reads an address, or an expression of one.
func (p *playbookReader) url(v *node, what string, sc *Scope) *Value {
	val := p.value(v, String, what, sc)
	if val == nil || val.Expr != nil {
		return val
	}
	text, _ := val.Literal.(string)
	if p.secret(v) {
		return nil
	}
	switch u, err := url.Parse(text); {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.error("bad-value", v.pos(), "a url begins with https:// or http:// and a host").label("as in https://crm.example.com/members")
		return nil
	case u.User != nil:
		p.error("bad-value", v.pos(), "a url in a playbook holds no password").label("declare a channel of the type webhook with the secret")
		return nil
	}
	return val
}

// secret reports a ${NAME} where none is read from the environment.
func (p *playbookReader) secret(v *node) bool {
	if v.kind != scalarNode || !strings.Contains(v.value, "${") {
		return false
	}
	p.error("bad-value", v.pos(), "${NAME} is read in the channels of usher.yaml only").
		label("declare a channel of the type webhook for this url: it adds the secret")
	return true
}

// ownHeaders are those that usher itself writes.
var ownHeaders = []string{"host", "content-length", "connection", "transfer-encoding", "idempotency-key", "user-agent", "accept-encoding"}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// headers reads name: value, each a text or an expression of one.
func (p *playbookReader) headers(v *node, what string, sc *Scope) *Value {
	if !p.mappingOnly(v, what) {
		return nil
	}
	out := &Value{Map: map[string]*Value{}}
	for _, e := range v.entries {
		name := e.key.value
		switch {
		case !headerName.MatchString(name):
			p.error("bad-name", e.key.pos(), fmt.Sprintf("`%s` is not the name of a header", name)).label("as in X-Source")
			continue
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			p.error("reserved-name", e.key.pos(), fmt.Sprintf("usher itself writes the header `%s`", name))
			continue
		case p.secret(e.value):
			continue
		}
		if val := p.value(e.value, String, name, sc); val != nil {
			out.put(name, val)
		}
	}
	return out
}

// anything reads any value; each part of it may be an expression.
func (p *playbookReader) anything(v *node, what string, sc *Scope) *Value {
	switch {
	case v.broken:
		return nil
	case v.kind == mappingNode:
		out := &Value{Map: map[string]*Value{}}
		for _, e := range v.entries {
			if val := p.anything(e.value, what+"."+e.key.value, sc); val != nil {
				out.put(e.key.value, val)
			}
		}
		return out
	case v.kind == sequenceNode:
		out := &Value{List: []*Value{}}
		for i, item := range v.items {
			if val := p.anything(item, fmt.Sprintf("%s[%d]", what, i), sc); val != nil {
				out.List = append(out.List, val)
			}
		}
		return out
	case p.secret(v):
		return nil
	}
	return p.value(v, Any, what, sc)
}

// returns reads name: type.
func (p *playbookReader) returns(v *node, what string) *Value {
	if v.kind != mappingNode {
		p.wrongType(v, what+" must be a mapping of names and types").label("as in {score: int, note: optional string}")
		return nil
	}
	t := p.typeOf(v)
	if t.Kind != KindObject {
		p.error("bad-value", v.pos(), what+" must be a mapping of names and types").label("as in {score: int, note: optional string}")
		return nil
	}
	return &Value{Literal: t}
}

// returned gives the type of what an action leaves: what it says to return is the type of its field body.
func (p *playbookReader) returned(step *Step, spec *ActionSpec, fields []Field) *Type {
	i := slices.IndexFunc(spec.Fields, func(f FieldSpec) bool { return f.Kind == FieldReturns })
	if i < 0 {
		return ObjectOf(fields...)
	}
	body := slices.IndexFunc(fields, func(f Field) bool { return f.Name == "body" })
	if v := step.Args[spec.Fields[i].Name]; v != nil {
		fields[body].Type = v.Literal.(*Type).AsOptional()
	} else {
		fields = slices.Delete(fields, body, body+1)
	}
	delete(step.Args, spec.Fields[i].Name) // it is in the type now
	return ObjectOf(fields...)
}

// speaking reports a message to a channel that carries none.
func (p *playbookReader) speaking(v *node, name string) {
	ch := p.schema.Channel(name)
	if ch == nil {
		return
	}
	if spec := p.reg.Channel(ch.Type); spec != nil && spec.Mute {
		p.error("bad-value", v.pos(), fmt.Sprintf("the channel `%s` carries no messages", name)).
			label("it is for webhooks: write `webhook: {url: …}`").related("declared here", ch.Pos)
	}
}
