// Package tally counts what playbooks did.
package tally

import "github.com/usher-run/usher/engine"

// What is tallied: effects and ends of runs, not members.
const (
	Entered          = "entered" // with the holdout
	Holdout          = "holdout"
	Done             = "done"
	Exited           = "exited"
	Failed           = "failed"
	Converted        = "converted" // without the holdout
	HoldoutConverted = "holdout_converted"
	Skipped          = "skipped"
	Messages         = "messages"
	Coupons          = "coupons"
	TagsAdded        = "tags_added"
	TagsRemoved      = "tags_removed"
	Points           = "points" // really added, less what was taken away
	Shadow           = "shadow" // by what: of the runs in shadow, which count nowhere else
)

// Of counts what changes did, by playbook: see [Each].
func Of(c *engine.Changes) map[engine.TallyKey]int {
	n := map[engine.TallyKey]int{}
	Each(c, func(k engine.TallyKey, by int) { n[k] += by })
	return n
}

// Each calls count with all that changes add to the counts of playbooks: the one definition that
// production, simulation and tests share.
func Each(c *engine.Changes, count func(k engine.TallyKey, by int)) {
	for _, r := range c.Runs {
		if r.New && r.Shadow() {
			count(engine.TallyKey{Playbook: r.Playbook, What: Shadow, Key: Entered}, 1)
		} else if r.New {
			count(engine.TallyKey{Playbook: r.Playbook, What: Entered}, 1)
		}
	}
	for i := range c.Records {
		for j := range c.Records[i].Entries {
			tallyEntry(count, &c.Records[i].Entries[j])
		}
	}
	for i := range c.Deliveries {
		if c.Deliveries[i].Message.Webhook != nil || c.Deliveries[i].ReleasedAt.IsZero() {
			continue // a message counts when it goes out
		}
		count(engine.TallyKey{Playbook: c.Deliveries[i].Playbook, What: Messages, Key: c.Deliveries[i].Channel}, 1)
	}
	for i := range c.Releases {
		tallyRelease(count, &c.Releases[i])
	}
	for i := range c.Coupons {
		count(engine.TallyKey{Playbook: c.Coupons[i].Playbook, What: Coupons, Key: c.Coupons[i].Pool}, 1)
	}
	for _, p := range c.Poisoned {
		if p.Run != "" {
			count(engine.TallyKey{Playbook: p.Playbook, What: Failed}, 1)
		}
	}
}

func tallyRelease(count func(engine.TallyKey, int), r *engine.Release) {
	messages := engine.TallyKey{Playbook: r.Playbook, What: Messages, Key: r.Channel}
	if r.Again {
		if r.State != engine.DeliveryPending { // it did not go out after all
			count(messages, -1)
		}
	} else if r.State == engine.DeliveryPending {
		count(messages, 1)
	}
	if r.State == engine.DeliveryDropped && r.Reason != engine.ReasonExited {
		count(engine.TallyKey{Playbook: r.Playbook, What: Skipped, Key: r.Reason}, 1)
	}
}

func tallyEntry(add func(engine.TallyKey, int), e *engine.Entry) {
	if e.IsOfMember() {
		return
	}
	if e.Run == nil {
		add(engine.TallyKey{Playbook: e.Playbook, What: Skipped, Key: e.Reason}, 1)
		return
	}
	if e.Run.Shadow() {
		tallyShadow(add, e)
		return
	}
	count := func(what, key string) { add(engine.TallyKey{Playbook: e.Run.Playbook, What: what, Key: key}, 1) }
	switch e.What {
	case string(engine.RunHoldout), string(engine.RunDone), string(engine.RunExited), string(engine.RunFailed):
		count(e.What, "")
	case "goal":
		if e.Run.State == engine.RunHoldout {
			count(HoldoutConverted, "")
		} else {
			count(Converted, "")
		}
	case "tag":
		for _, tag := range stringsOf(e.Detail["added"]) {
			count(TagsAdded, tag)
		}
		for _, tag := range stringsOf(e.Detail["removed"]) {
			count(TagsRemoved, tag)
		}
	case "points":
		added, _ := e.Detail["added"].(int)
		add(engine.TallyKey{Playbook: e.Run.Playbook, What: Points}, added)
	case "message", "coupon":
		if e.Reason != "" && e.Reason != engine.ReasonDeferred {
			count(Skipped, e.Reason)
		}
	}
}

// tallyShadow counts what a run in shadow came to, and the actions that it would have carried out, by their keys.
func tallyShadow(add func(engine.TallyKey, int), e *engine.Entry) {
	key := e.What
	switch e.What {
	case string(engine.RunHoldout), string(engine.RunDone), string(engine.RunExited), string(engine.RunFailed):
	case "tag", "points", "message", "coupon", "raffle", "emit", "set":
		if e.Reason != "" {
			key = Skipped
		}
	case "webhook": // called in any case: a reason is about the answer
	case "goal":
		if key = Converted; e.Run.State == engine.RunHoldout {
			key = HoldoutConverted
		}
	default:
		return
	}
	add(engine.TallyKey{Playbook: e.Run.Playbook, What: Shadow, Key: key}, 1)
}

func stringsOf(v any) []string {
	list, _ := v.([]string)
	return list
}

// Stats is the sum of tallies for one playbook; its JSON is that of `usher simulate --format json`
// and of /stats.
type Stats struct {
	Entered          int            `json:"entered" doc:"with the holdout"`
	Holdout          int            `json:"holdout"`
	Waiting          int            `json:"waiting"`
	Done             int            `json:"done"`
	Exited           int            `json:"exited"`
	Failed           int            `json:"failed"`
	Converted        int            `json:"converted" doc:"without the holdout"`
	HoldoutConverted int            `json:"holdout_converted"`
	Skipped          map[string]int `json:"skipped" doc:"refused entries, and messages and coupons that were not given, by reason"`
	Messages         map[string]int `json:"messages" doc:"by channel"`
	Coupons          map[string]int `json:"coupons" doc:"by pool"`
	Tags             TagStats       `json:"tags"`
	Points           int            `json:"points" doc:"added, less what was taken away"`
	Shadow           map[string]int `json:"shadow,omitempty" doc:"of the runs in shadow, which count nowhere else: entered, done, …, and actions by their keys, of which nothing left"`
}

// TagStats counts changes of tags, by tag.
type TagStats struct {
	Added   map[string]int `json:"added"`
	Removed map[string]int `json:"removed"`
}

// NewStats returns the stats of a playbook that did nothing.
func NewStats() *Stats {
	return &Stats{
		Skipped: map[string]int{}, Messages: map[string]int{}, Coupons: map[string]int{},
		Tags: TagStats{Added: map[string]int{}, Removed: map[string]int{}},
	}
}

// Add adds one count of a tally, and keeps Waiting right.
func (s *Stats) Add(what, key string, n int) {
	switch what {
	case Entered:
		s.Entered += n
	case Holdout:
		s.Holdout += n
	case Done:
		s.Done += n
	case Exited:
		s.Exited += n
	case Failed:
		s.Failed += n
	case Converted:
		s.Converted += n
	case HoldoutConverted:
		s.HoldoutConverted += n
	case Skipped:
		s.Skipped[key] += n
	case Messages:
		s.Messages[key] += n
	case Coupons:
		s.Coupons[key] += n
	case TagsAdded:
		s.Tags.Added[key] += n
	case TagsRemoved:
		s.Tags.Removed[key] += n
	case Points:
		s.Points += n
	case Shadow:
		if s.Shadow == nil {
			s.Shadow = map[string]int{}
		}
		s.Shadow[key] += n
	}
	s.Waiting = s.Entered - s.Holdout - s.Done - s.Exited - s.Failed
}
