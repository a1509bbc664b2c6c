// Package engine is usher's core: it decides. State and an input go in; changes come out, each with
// its reason.
//
// The core is pure. It does no I/O, starts no goroutine, reads no clock, rolls no dice and writes
// no log. Instants are part of the inputs, dice are hashes of stable ids, and what a pool can grant
// is part of the state. A long history it asks for part by part: see [Archive]. Production, playbook
// tests, simulation and backtests are shells around this one package.
//
// # How an event becomes a coupon
//
// A shell admits the event (package intake), asks what a decision on it may read ([Engine.NeedsOf]),
// loads that into a [State], and calls [Engine.Decide] once for the member. Everything after that
// happens on one page, decide.go. It decides what is due before the event, then the event, then
// what the event brought about. Each of these is one input, and passes through these stages:
//
//  1. Next due (due.go). The ends of playbooks (active.go), of tags and of levels, the waits of open runs and the
//     re-evaluations of segments that are due come first, one by one, by their time. Each is an input of its own.
//  2. Apply (apply.go, backfill.go). ensureMember makes a member of somebody new. Attributes, tags,
//     last_seen_at and the history take in the event, and the level follows (levels.go), as it does after runs acted.
//  3. Goals and exits (goals.go). The event counts as a conversion of earlier entries, and ends
//     open runs whose playbook says so.
//  4. Resume waits (resume.go, park.go). Open runs that waited for the event are put behind their
//     wait. So are runs whose time is over, and runs that held for the answer of a webhook. A run
//     whose revision cannot be had is parked.
//  5. Judge (judge.go, trigger.go, vars.go, grants.go). Every playbook that the event triggers passes its gates:
//     trigger, status, active, condition, reentry, mode, quota, holdout. The first gate that fails refuses,
//     with its reason. What passes is an entry.
//  6. Act (run.go, branch.go, wait.go, snippet.go, act*.go). Resumed runs and entries act by the priority of their
//     playbooks, then by their ids, each until it waits or ends. A step's fields are evaluated, and its [Effect]
//     is carried out: `coupon` calls [Act.IssueCoupon], which draws from the pool and adds a
//     [Coupon] to the [Changes]. `message` calls [Act.Send], which asks consent, quiet hours and
//     frequency caps, and adds a [Delivery].
//  7. Segments (segment.go, date.go, look.go). Segment re-evaluation finds which watched segments the member
//     has come into or left, and which dates have come. Exits, goals and waits that are about no event are looked at.
//     It notes when time may change that again.
//  8. Cascade (cascade.go, made.go, changed.go). Events that runs emitted or that usher makes itself, changes of what
//     triggers name, dates and crossings of segments join a work list. The page takes them first in, first out, through
//     the same stages. A chain has at most 16 links.
//
// The shell commits the [Changes] in one transaction with the input. A [NeedPool] is no failure: it
// says what the decision needs of pools, of coupons or of places under quotas, and asks for it to be made again.
//
// # What the stages share
//
// evaluator.go evaluates expressions and texts for the member at the instant. Packages view, input
// and history are what it reads, memory.go is what a run remembers. decider.go holds one decision.
// Package index is what is compiled of a workspace, once, and engine.go holds it; objects.go gives each kind of
// objects an engine of its own. package
// member keeps the member's document in its bounds, sending.go judges late messages again, record.go
// writes down what was decided and why, observe.go tells tests what was decided.
package engine
