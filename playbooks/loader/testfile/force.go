package testfile

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

func (r *reader) force(n *syntax.Node, t *playbooks.Test) {
	if n == nil || !r.Mapping(n, "force", "holdout", "split", "webhooks", "messages", "pools", "raffles", "quota") {
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
	if v := n.Get("messages"); v != nil && !v.IsNull() {
		t.Messages = r.outcomes(v)
	}
	if v := n.Get("pools"); v != nil && !v.IsNull() {
		t.Pools = r.left(v)
	}
	if v := n.Get("raffles"); v != nil && !v.IsNull() {
		t.Raffles = r.drawn(v)
	}
	if v := n.Get("quota"); v != nil && !v.IsNull() {
		t.Quota = r.quota(n.Key("quota"), v)
	}
}

// drawn reads what the tickets of raffles draw: `{spring: 一等奖}`, or none.
func (r *reader) drawn(n *syntax.Node) map[string]string {
	if !r.MappingOnly(n, "raffles") {
		return nil
	}
	out := map[string]string{}
	for _, e := range n.Entries {
		of := r.Schema.Raffle(e.Key.Value)
		if of == nil {
			r.KnownRaffle(e.Key, e.Key.Value)
			continue
		}
		names := []string{"none"}
		for i := range of.Prizes {
			names = append(names, of.Prizes[i].Name)
		}
		if prize, ok := r.DeclaredEnum(e.Value, "the prize of `"+of.Name+"`", names...); ok {
			out[of.Name] = prize
		}
	}
	return out
}

// quota reads what is left of the playbook's quota: `{left: 0}`.
func (r *reader) quota(key, n *syntax.Node) *int {
	if !r.Mapping(n, "quota", "left") || r.pb == nil {
		return nil
	}
	if r.pb.Quota == nil {
		r.Error("bad-value", key.Pos(), "the playbook `"+r.pb.ID+"` has no quota: nobody is refused by it").Label("leave it out").
			Diagnostic().Relate("declared here without `quota`", r.pb.Pos)
		return nil
	}
	left, ok := r.Integer(r.Require(n, "quota", "left", "left: 0"), "left", 0, r.pb.Quota.Max)
	if !ok {
		return nil
	}
	return &left
}

// answers reads what webhooks are answered with: `{id: {status: 200, body: …}}`.
func (r *reader) answers(n *syntax.Node) map[string]playbooks.TestAnswer {
	out := map[string]playbooks.TestAnswer{}
	for _, e := range r.bySteps(n, "webhook", "webhooks") {
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

// outcomes reads what becomes of messages: `{id: {status: failed, reason: …}}`.
func (r *reader) outcomes(n *syntax.Node) map[string]playbooks.TestOutcome {
	out := map[string]playbooks.TestOutcome{}
	for _, e := range r.bySteps(n, "message", "messages") {
		if !r.Mapping(e.Value, "the outcome of a message", "status", "reason") {
			continue
		}
		var o playbooks.TestOutcome
		if v := r.Require(e.Value, "the outcome of a message", "status", "status: failed"); v != nil {
			o.Status, _ = r.Enum(v, "status", shapes.MessageOutcomes...)
		}
		if v := e.Value.Get("reason"); v != nil {
			o.Reason, _ = r.Text(v, "reason")
		}
		out[e.Key.Value] = o
	}
	return out
}

// bySteps returns the entries of a mapping whose keys name actions of a kind of the playbook.
func (r *reader) bySteps(n *syntax.Node, kind, what string) (out []syntax.Entry) {
	if r.pb == nil || !r.MappingOnly(n, what) {
		return nil
	}
	names := r.stepsOf(kind)
	for _, e := range n.Entries {
		if slices.Contains(names, e.Key.Value) {
			out = append(out, e)
			continue
		}
		r.Unknown("unknown-action-id", e.Key, fmt.Sprintf("the playbook `%s` has no %s", r.pb.ID, kind), e.Key.Value, names,
			r.pb.StepNamed)
	}
	return out
}

// stepsOf returns the names of the actions of a kind that the playbook has.
func (r *reader) stepsOf(kind string) (names []string) {
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; s.Key == kind {
			names = append(names, s.Name())
		}
	}
	return names
}

// forcedBranches reads which way a split goes, and which variant an action takes: `{id: name}`, or the name alone where the playbook
// has one split.
func (r *reader) forcedBranches(n *syntax.Node) map[string]string {
	if n.Broken || r.pb == nil {
		return nil
	}
	splits := map[string]*playbooks.Step{}
	var names []string
	for i := range r.pb.Steps {
		if s := &r.pb.Steps[i]; len(s.Throws()) > 0 {
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
	ways := s.Throws()
	before := len(r.Diags)
	if name, ok := r.DeclaredEnum(v, "the way of `"+s.Name()+"`", ways...); ok {
		out[s.Name()] = name
	}
	for i := before; i < len(r.Diags); i++ {
		r.Diags[i].RelateName(v.Value, diag.Closest(v.Value, ways), s.BranchNamed)
	}
	return out
}

// left reads how many coupons there still are: `{pool: 0}`. A pool without a budget is never empty.
func (r *reader) left(n *syntax.Node) map[string]int {
	if !r.MappingOnly(n, "pools") {
		return nil
	}
	out := map[string]int{}
	for _, e := range n.Entries {
		pool := r.Schema.Pool(e.Key.Value)
		switch {
		case pool == nil:
			r.KnownPool(e.Key, e.Key.Value)
		case !pool.IsLimited() && pool.Quota == nil:
			r.Error("bad-value", e.Key.Pos(), "the pool `"+pool.Name+"` has no budget and no quota: it is never empty").
				Label("leave it out").Diagnostic().Relate("declared here without `budget` and `quota`", pool.Pos)
		default:
			most := pool.Budget
			switch {
			case pool.Imported:
				most = 1_000_000
			case !pool.IsLimited():
				most = pool.Quota.Max
			}
			if left, ok := r.Integer(e.Value, "what is left of a pool", 0, most); ok {
				out[pool.Name] = left
			}
		}
	}
	return out
}
