package playbooks

import (
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// TestFile is one _test.yaml.
type TestFile struct {
	File     string
	Playbook string
	With     []string
	Tests    []Test
}

// Test is one test of a playbook on the virtual clock.
type Test struct {
	Name     string
	At       time.Time
	Members  []map[string]any // of each id and attributes, coerced; one at least, unless there are objects
	Objects  []TestObject
	History  []TestEvent // before At, in the order written
	Holdout  *bool       // force.holdout
	Split    map[string]string
	Webhooks map[string]TestAnswer  // force.webhooks, by the name of the step
	Messages map[string]TestOutcome // force.messages, by the name of the step
	Pools    map[string]int         // force.pools: coupons left, by pool
	Raffles  map[string]string      // force.raffles: what tickets draw, by raffle; empty: none
	Quota    *int                   // force.quota.left; nil: all of it
	Script   []TestStep
	Pos      diag.Pos
}

// TestObject is an object that is there before a test, with its id and attributes, coerced.
type TestObject struct {
	Kind   string
	Fields map[string]any
}

// ObjectRef names an object, by its kind and its id; the zero one: none.
type ObjectRef struct{ Kind, ID string }

// TestAnswer is what a webhook is answered with in a test.
type TestAnswer struct {
	Status int // 0: no attempt had an answer
	Body   any // as JSON holds it
}

// TestOutcome is what becomes of a message in a test.
type TestOutcome struct {
	Status string // sent or failed
	Reason string // why it failed
}

// TestEvent is an event of a test. Ago counts back from the clock's present instant.
type TestEvent struct {
	Name       string
	Member     string          // as the test writes their id; "": the first
	Object     ObjectRef       // whose it is alone, without a member
	Times      int             // of history: so many, all alike
	Ago        schema.Duration // At of history, as -200d
	Time       time.Time       // or an instant
	Properties map[string]any
	Attributes map[string]any
	Pos        diag.Pos
}

// TestStep is one step of a script: of Event, Advance, Trigger, Attributes, Redeem and Expect exactly
// one is set.
type TestStep struct {
	Event      *TestEvent
	Advance    *schema.Duration
	Trigger    map[string]any // http trigger: params, never nil when set
	Attributes map[string]any // written from outside, never nil when set
	Redeem     string         // the action whose newest coupon is redeemed
	Expect     *Expect
	Member     string    // of Trigger, Attributes and Redeem, as the test writes their id; "": the first
	Object     ObjectRef // of Trigger and Attributes: in place of a member
	Pos        diag.Pos
}

// Expect is what must have happened since the last expect. A nil field says: nothing of the kind.
type Expect struct {
	Member   string       // whom alone it speaks of, as the test writes their id; "": of all
	Object   ObjectRef    // of which object alone it speaks
	Messages []ExpectItem // that went out, or were skipped
	Deferred []ExpectItem // that were put off; nil: nothing is said of them
	Coupons  []ExpectItem
	Webhooks []ExpectItem
	Events   []ExpectItem
	Added    []string
	Removed  []string
	Points   *int
	Set      map[string]any
	Run      string // none, waiting, done, exited, failed; "": not said
	Reason   string
	Pos      diag.Pos
}

// ExpectItem is one listed effect: it matches when each of its fields does. The field `contains`
// matches a part of the text.
type ExpectItem struct {
	Fields map[string]any
	Pos    diag.Pos
}
