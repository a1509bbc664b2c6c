// Package index says what of an active workspace concerns an input: its playbooks, compiled, by the events, segments,
// dates and fields that start them, and what is watched for them. Pure.
package index

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Index is what of a workspace concerns an input, for members or for the objects of a kind. It is immutable.
type Index struct {
	WS       *playbooks.Workspace // as members, or the objects of the kind, see it
	opt      Options
	Active   map[string]*Book      // by playbook id
	Books    map[string]*Book      // by revision, active and pinned
	Handed   map[string]*Book      // by revision: whose runs hand messages to these objects, as they see it
	Unusable map[string]string     // revisions that cannot be had, with the reason
	events   map[string]*Listening // who wants to know of an event, by its name
	Dated    []*Dated              // playbooks that dates of the member start, by id
	Watching []*Watched            // segments that triggers are about, by name
	Ending   []*Ending             // playbooks whose open runs exit at an instant, by id
	Changed  view.Fields           // fields of the member whose changes start playbooks
	OnChange [][]Start             // which, of each of them, by playbook id

	Levels      *Levels           // the attribute that follows a number; nil: none does
	Expiring    *Expiring         // when coupons expire; nil: nobody asks
	Makes       map[string]bool   // events that usher makes itself and that the workspace names
	Looks       bool              // some playbook has a condition that is looked at
	Marks       bool              // something is noted of members whatever comes
	Prioritized bool              // some playbook has a priority
	Address     map[string]string // channel name -> the member's attribute that holds its address
	Types       *view.Types       // of the active workspace
}

// Options is what an index needs beside the workspace.
type Options struct {
	Registry *schema.Registry     // what actions and channels declare
	Paused   map[string]bool      // playbooks paused from outside
	Watched  map[string]time.Time // since when it is watched what triggers are about; missing: always
}

// Book is a playbook with what it was compiled against.
type Book struct {
	*playbooks.Playbook
	*outline.Outline
	WS     *playbooks.Workspace
	Types  *view.Types      // of WS
	Today  playbooks.Status // of an active playbook: also a pause from outside counts
	Shared bool             // an active playbook whose condition another has too
}

// New makes the index of a workspace as members, or the objects of a kind, see it.
func New(ws *playbooks.Workspace, o Options) *Index {
	x := &Index{
		WS: ws, opt: o, Active: map[string]*Book{}, Books: map[string]*Book{}, events: map[string]*Listening{},
		Types: view.TypesOf(ws.Schema), Address: map[string]string{},
	}
	for i := range ws.Schema.Channels {
		ch := &ws.Schema.Channels[i]
		if spec := o.Registry.Channel(ch.Type); spec != nil {
			if attribute, reaches := ch.AddressOf(ws.Schema.Subject(), spec); attribute != "" || spec.NeedsTo || !reaches {
				x.Address[ch.Name] = attribute
			}
		}
	}
	computed := outline.Computed(ws.Schema)
	for _, g := range ws.Schema.Segments {
		if g.Expr != nil {
			x.track(g.Expr.Slots)
			x.take(g.Expr.Aggregates, ws.Schema)
		}
	}
	for _, c := range computed {
		x.take(c.Aggregates, ws.Schema)
	}
	for _, p := range ws.Playbooks {
		b := compile(ws, x.Types, p, computed)
		x.Active[p.ID] = b
		x.Books[p.Revision] = b
		x.Looks = x.Looks || b.Looks
		x.track(b.Reads)
		x.take(b.Aggregates, b.WS.Schema)
		for _, t := range p.Trigger.Items() {
			if t.Kind != playbooks.TriggerEvent || p.Status == playbooks.Draft {
				continue
			}
			if l := x.listen(t.Event.Name); !slices.Contains(l.Books, b) {
				l.Books = append(l.Books, b)
			}
		}
	}
	x.watch()
	x.levels()
	x.dates()
	x.ends()
	x.changes()
	x.settle()
	x.making()
	x.Marks = len(x.Watching)+len(x.Dated)+len(x.Ending)+len(x.Changed) > 0 || x.Levels != nil || x.Expiring != nil ||
		x.Expiry().Rule != nil
	return x
}

// settle works out what depends on all active playbooks.
func (x *Index) settle() {
	texts := map[string]int{}
	for _, b := range x.Active {
		x.Prioritized = x.Prioritized || b.Priority != 0
		if b.Today = x.Status(b.ID); b.Condition != nil {
			texts[b.Condition.Text]++
		}
	}
	for _, b := range x.Active {
		b.Shared = b.Condition != nil && texts[b.Condition.Text] > 1 && len(b.Vars) == 0 &&
			b.Trigger.Kind != playbooks.TriggerAny
	}
}

// compile prepares a playbook against the workspace that holds it.
func compile(
	ws *playbooks.Workspace, t *view.Types, p *playbooks.Playbook, computed map[string]*expression.Expr,
) *Book {
	b := &Book{Playbook: p, Outline: outline.Of(p, ws.Schema, computed), WS: ws, Types: t}
	b.Results[effects.ShadowKey] = inShadow
	return b
}

var inShadow = schema.ObjectOf(schema.Field{Name: "on", Type: schema.Bool.AsOptional()})

// Among returns the id under which entries of the playbook count now: those in shadow count among themselves.
func (b *Book) Among() string {
	if b.Today == playbooks.Shadow {
		return naming.ShadowOf(b.ID)
	}
	return b.ID
}

// WithRevision returns an index that knows a further revision. ws is the workspace that holds it.
func (x *Index) WithRevision(ws *playbooks.Workspace, p *playbooks.Playbook) *Index {
	c := *x
	c.Books, c.events = maps.Clone(x.Books), maps.Clone(x.events)
	b := compile(ws, view.TypesOf(ws.Schema), p, outline.Computed(ws.Schema))
	c.Books[p.Revision] = b
	c.Looks = c.Looks || b.Looks
	c.track(b.Reads)
	c.take(b.Aggregates, b.WS.Schema)
	for _, computed := range b.Computed {
		c.take(computed.Aggregates, b.WS.Schema)
	}
	return &c
}

// WithoutRevision returns an index that knows why it cannot have a revision.
func (x *Index) WithoutRevision(revision, reason string) *Index {
	c := *x
	c.Unusable = maps.Clone(x.Unusable)
	if c.Unusable == nil {
		c.Unusable = map[string]string{}
	}
	c.Unusable[revision] = reason
	return &c
}

// Status is today's status of a playbook: one that is not in the workspace any more is paused.
func (x *Index) Status(playbook string) playbooks.Status {
	b := x.Active[playbook]
	switch {
	case b == nil:
		return playbooks.Paused
	case b.Status.Enters() && x.opt.Paused[playbook]:
		return playbooks.Paused
	}
	return b.Status
}

// Priority is today's priority of a playbook; 0 of one that is gone.
func (x *Index) Priority(playbook string) int {
	if b := x.Active[playbook]; b != nil {
		return b.Priority
	}
	return 0
}

// CompareTurns orders playbooks of which several act at once: by priority, higher first, then by id.
func (x *Index) CompareTurns(a, b string) int {
	if !x.Prioritized {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(x.Priority(b), x.Priority(a)), cmp.Compare(a, b))
}
