package engine

// TallyKey names one count of what a playbook did.
type TallyKey struct {
	Playbook string
	What     string // one of the Tally constants
	Key      string // pool, channel, tag or reason; empty where there is only one count
}

// What is tallied: effects and ends of runs, not members.
const (
	TallyEntered          = "entered" // with the holdout
	TallyHoldout          = "holdout"
	TallyDone             = "done"
	TallyExited           = "exited"
	TallyFailed           = "failed"
	TallyConverted        = "converted" // without the holdout
	TallyHoldoutConverted = "holdout_converted"
	TallySkipped          = "skipped"
	TallyMessages         = "messages"
	TallyCoupons          = "coupons"
	TallyTagsAdded        = "tags_added"
	TallyTagsRemoved      = "tags_removed"
	TallyPoints           = "points" // really added, less what was taken away
)

// tallied are the actions whose traces' details are counted.
var tallied = map[string]bool{"tag": true, "points": true}

// Tally counts what changes did, by playbook: see [EachTally].
func Tally(c *Changes) map[TallyKey]int {
	n := map[TallyKey]int{}
	EachTally(c, func(k TallyKey, by int) { n[k] += by })
	return n
}

// EachTally gives count all that changes add to the counts of playbooks: the one definition that
// production, simulation and tests share.
func EachTally(c *Changes, count func(k TallyKey, by int)) {
	for _, r := range c.Runs {
		if r.New {
			count(TallyKey{r.Playbook, TallyEntered, ""}, 1)
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
		count(TallyKey{c.Deliveries[i].Playbook, TallyMessages, c.Deliveries[i].Channel}, 1)
	}
	for i := range c.Releases {
		tallyRelease(count, &c.Releases[i])
	}
	for i := range c.Coupons {
		count(TallyKey{c.Coupons[i].Playbook, TallyCoupons, c.Coupons[i].Pool}, 1)
	}
	for _, p := range c.Poisoned {
		if p.Run != "" {
			count(TallyKey{p.Playbook, TallyFailed, ""}, 1)
		}
	}
}

func tallyRelease(count func(TallyKey, int), r *Release) {
	messages := TallyKey{r.Playbook, TallyMessages, r.Channel}
	if r.Again {
		if r.State != DeliveryPending { // it did not go out after all
			count(messages, -1)
		}
	} else if r.State == DeliveryPending {
		count(messages, 1)
	}
	if r.State == DeliveryDropped && r.Reason != ReasonExited {
		count(TallyKey{r.Playbook, TallySkipped, r.Reason}, 1)
	}
}

func tallyEntry(add func(TallyKey, int), e *Entry) {
	if e.Run == nil {
		add(TallyKey{e.Playbook, TallySkipped, e.Reason}, 1)
		return
	}
	count := func(what, key string) { add(TallyKey{e.Run.Playbook, what, key}, 1) }
	switch e.What {
	case string(RunHoldout), string(RunDone), string(RunExited), string(RunFailed):
		count(e.What, "")
	case "goal":
		if e.Run.State == RunHoldout {
			count(TallyHoldoutConverted, "")
		} else {
			count(TallyConverted, "")
		}
	case "tag":
		for _, tag := range stringsOf(e.Detail["added"]) {
			count(TallyTagsAdded, tag)
		}
		for _, tag := range stringsOf(e.Detail["removed"]) {
			count(TallyTagsRemoved, tag)
		}
	case "points":
		added, _ := e.Detail["added"].(int)
		add(TallyKey{e.Run.Playbook, TallyPoints, ""}, added)
	case "message", "coupon":
		if e.Reason != "" && e.Reason != ReasonDeferred {
			count(TallySkipped, e.Reason)
		}
	}
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
	case TallyEntered:
		s.Entered += n
	case TallyHoldout:
		s.Holdout += n
	case TallyDone:
		s.Done += n
	case TallyExited:
		s.Exited += n
	case TallyFailed:
		s.Failed += n
	case TallyConverted:
		s.Converted += n
	case TallyHoldoutConverted:
		s.HoldoutConverted += n
	case TallySkipped:
		s.Skipped[key] += n
	case TallyMessages:
		s.Messages[key] += n
	case TallyCoupons:
		s.Coupons[key] += n
	case TallyTagsAdded:
		s.Tags.Added[key] += n
	case TallyTagsRemoved:
		s.Tags.Removed[key] += n
	case TallyPoints:
		s.Points += n
	}
	s.Waiting = s.Entered - s.Holdout - s.Done - s.Exited - s.Failed
}
