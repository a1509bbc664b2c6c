package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/eval"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/needs"
	"github.com/usher-run/usher/playbooks"
)

// objects makes the engines that decide for objects: one a kind, and one for those whose kind is declared no more, for
// whom nothing is left to decide but what they have begun.
func (e *Engine) objects(ws *playbooks.Workspace) {
	e.kinds = map[string]*Engine{gone: decidesFor(ws.Of(gone), e.o, e.shared)}
	for _, kind := range ws.Schema.ObjectNames() {
		e.kinds[kind] = decidesFor(ws.Of(kind), e.o, e.shared)
	}
	for _, p := range ws.Playbooks {
		e.hand(ws, p)
	}
}

// hand lets the objects that runs of a playbook hand messages to know it. ws is the workspace that holds it.
func (e *Engine) hand(ws *playbooks.Workspace, p *playbooks.Playbook) {
	for _, kind := range p.HandsTo() {
		of := e.ofKind(kind)
		e.kinds[kind] = of.withIndex(of.index.WithHanded(ws.Of(kind), p))
	}
}

// gone stands for the kinds that are declared no more. No kind has such a name.
const gone = "?"

// of returns the engine that decides for a subject.
func (e *Engine) of(subject string) *Engine {
	if !naming.IsObject(subject) {
		return e
	}
	kind, _, _ := naming.CutObject(subject)
	return e.ofKind(kind)
}

// ofKind returns the engine that decides for the objects of a kind; of the empty kind, that for members.
func (e *Engine) ofKind(kind string) *Engine {
	switch k := e.kinds[kind]; {
	case kind == "":
		return e
	case k != nil:
		return k
	}
	return e.kinds[gone]
}

// each changes the engine, which is a copy, and those of all kinds.
func (e *Engine) each(change func(*Engine) *Engine) *Engine {
	c := change(e)
	c.kinds = make(map[string]*Engine, len(e.kinds))
	for kind, of := range e.kinds {
		c.kinds[kind] = change(of)
	}
	return c
}

// withIndex returns the engine with another index.
func (e *Engine) withIndex(x *index.Index) *Engine {
	c := *e
	c.index = x
	c.world = eval.World{Index: x, Zones: e.zones, Keys: e.keys, Brief: e.o.Brief, Observer: e.o.Observer}
	return &c
}

// Knows reports whether the engine has the revision of a playbook, active or pinned.
func (e *Engine) Knows(revision string) bool {
	if e.index.Books[revision] != nil {
		return true
	}
	for _, of := range e.kinds {
		if of.index.Books[revision] != nil {
			return true
		}
	}
	return false
}

// WithRevision returns an engine that knows a further revision, for runs that keep it. ws is the
// workspace that holds it.
func (e *Engine) WithRevision(ws *playbooks.Workspace, p *playbooks.Playbook) *Engine {
	c := *e
	if p.For == "" {
		c = *e.withIndex(e.index.WithRevision(ws.Of(""), p))
		c.kinds = maps.Clone(e.kinds)
	} else {
		of := e.ofKind(p.For)
		c.kinds = maps.Clone(e.kinds)
		c.kinds[p.For] = of.withIndex(of.index.WithRevision(ws.Of(p.For), p))
	}
	c.hand(ws, p)
	return &c
}

// WithoutRevision returns an engine that knows why it cannot have a revision: runs that keep it are
// parked.
func (e *Engine) WithoutRevision(revision, reason string) *Engine {
	return e.each(func(of *Engine) *Engine { return of.withIndex(of.index.WithoutRevision(revision, reason)) })
}

// NeedsOf returns what deciding these inputs, and the due waits of these runs, may read.
func (e *Engine) NeedsOf(inputs []Input, states map[string]*State) Needs {
	objects := map[*Engine]map[string]*State{}
	for subject, st := range states {
		if !naming.IsObject(subject) {
			continue
		}
		of := e.of(subject)
		if objects[of] == nil {
			objects[of] = map[string]*State{}
		}
		objects[of][subject] = st
	}
	if len(objects) == 0 {
		return e.index.NeedsOf(inputs, states)
	}
	members := make(map[string]*State, len(states))
	for subject, st := range states {
		if !naming.IsObject(subject) {
			members[subject] = st
		}
	}
	if len(members) > 0 {
		objects[e] = members
	}
	var all needs.List
	for of, their := range objects {
		own := slices.DeleteFunc(slices.Clone(inputs), func(in Input) bool { return e.of(in.Member) != of })
		all.Add(slices.Sorted(maps.Keys(their)), of.index.NeedsOf(own, their))
	}
	return all.Result().Sorted()
}

// SegmentNeeds returns what InSegment may read of the history.
func (e *Engine) SegmentNeeds(segment string) []HistoryNeed {
	if g := e.index.WS.Schema.Segment(segment); g != nil {
		return e.index.SegmentNeeds(g)
	}
	for _, of := range e.kinds {
		if g := of.index.WS.Schema.Segment(segment); g != nil {
			return of.index.SegmentNeeds(g)
		}
	}
	return nil
}

// Unrecorded returns when the earliest watch began of which nothing is recorded about the subject;
// zero when all is.
func (e *Engine) Unrecorded(m *Member) time.Time {
	if m != nil {
		e = e.of(m.ID)
	}
	return e.index.Unrecorded(m)
}

// Watches reports whether a segment is watched since that instant.
func (e *Engine) Watches(since time.Time) bool {
	_, is := e.Watched(since)
	return is
}

// Watched returns of whom a segment is watched since that instant: of the objects of a kind, of members (""), or of
// several of these ("*"); false when none is.
func (e *Engine) Watched(since time.Time) (whose string, is bool) {
	whose, is = "", e.index.Watches(since)
	for kind, of := range e.kinds {
		switch {
		case !of.index.Watches(since):
		case is:
			return "*", true
		default:
			whose, is = kind, true
		}
	}
	return whose, is
}
