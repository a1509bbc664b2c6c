package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

const (
	couponSchema = "usher: 1\ntimezone: America/New_York\nevents: {go: {}, own: {}}\n" +
		"coupons: {milk: {prefix: M, expires: 2d}, tea: {}}\nsegments: {held: len(member.coupons) > 0}\n"
	couponGives = "id: gives\nstage: activation\ntrigger: {event: go}\nmode: parallel\nactions:\n" +
		"  - {id: gift, coupon: {pool: milk}}\n  - wait: 1d\n  - {if: actions.gift.redeemed_at != nil, tag: used}\n"
	couponLapsed = "id: lapsed\nstage: activation\ntrigger: {event: coupon.expired}\nmode: parallel\nactions:\n  - points: 1\n"
	couponLeft   = "id: left\nstage: activation\ntrigger: {segment_exit: held}\nactions:\n  - tag: left\n"
)

func couponShell(t *testing.T, since map[string]time.Time, books ...string) *shell {
	t.Helper()
	files := map[string]string{"usher.yaml": couponSchema, "playbooks/gives.yaml": couponGives}
	for i, b := range books {
		files[fmt.Sprintf("playbooks/b%d.yaml", i)] = b
	}
	return newShell(t, engine.New(load(t, files), engine.Options{
		Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(), Watched: since,
	}))
}

// redeem is the input that a coupon of the member was redeemed.
func (s *shell) redeem(seq int64, i int, at time.Time) engine.Input {
	in := engine.RedemptionOf(&s.coupons[i])
	in.Seq, in.Time, in.At = seq, at, at
	return in
}

// A coupon expires at its instant, before a wait and an event of that instant, once, unless it was redeemed.
func TestCouponsExpire(t *testing.T) {
	s := couponShell(t, nil, couponLapsed)
	end := memoryStart.Add(48 * time.Hour) // two local days
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{}), happened(2, "go", time.Hour, engine.Payload{})}, memoryStart.Add(time.Hour))
	if due := s.state().Member.DueAt(); !due.Equal(end) {
		t.Errorf("the member is due at %s, want %s", due, end)
	}
	s.decide([]engine.Input{s.redeem(3, 1, memoryStart.Add(2*time.Hour))}, memoryStart.Add(2*time.Hour))
	s.decide(nil, end.Add(-time.Millisecond))
	if n := s.state().Member.Points; n != 0 {
		t.Fatalf("%d have expired before their time", n)
	}
	s.decide([]engine.Input{happened(4, "own", 48*time.Hour, engine.Payload{})}, end)
	s.decide(nil, end.Add(72*time.Hour))
	m := s.state().Member
	if want := []string{"coupon.expired map[code:" + s.coupons[0].Code + " pool:milk]"}; m.Points != 1 || !slices.Equal(s.echoed(), want) {
		t.Errorf("%d have expired: %q, want %q", m.Points, s.echoed(), want)
	}
	if !slices.Equal(m.Tags, []string{"used"}) || !m.DueAt().IsZero() {
		t.Errorf("the member has the tags %v and is due at %s", m.Tags, m.DueAt())
	}
}

// Where nobody asks, the member is not due when a coupon expires. Who begins to ask is told of what expires from then
// on, also of coupons that were given before.
func TestExpiryIsToldFromWhenItIsAskedFor(t *testing.T) {
	s := couponShell(t, nil)
	give := happened(1, "go", 0, engine.Payload{})
	later := happened(2, "go", 24*time.Hour, engine.Payload{})
	s.decide([]engine.Input{give}, give.At)
	s.decide([]engine.Input{later}, memoryStart.Add(49*time.Hour)) // the first has expired by then
	if due := s.state().Member.DueAt(); !due.IsZero() {
		t.Errorf("nobody asks, and the member is due at %s", due)
	}
	since := memoryStart.Add(50 * time.Hour)
	s.e = couponShell(t, map[string]time.Time{":coupons": since}, couponLapsed).e
	if got := s.e.Unrecorded(s.state().Member); !got.Equal(since) || !s.e.Watches(since) {
		t.Errorf("the member is to be looked at for a watch since %s", got)
	}
	look := engine.Input{Seq: 3, Kind: engine.InputSchedule, ID: "look", Member: "m", Name: engine.SegmentReevaluation, Time: since, At: since}
	s.decide([]engine.Input{look}, since)
	want := memoryStart.Add(72*time.Hour - time.Hour) // daylight saving began in between
	if due := s.state().Member.DueAt(); !due.Equal(want) || !s.e.Unrecorded(s.state().Member).IsZero() {
		t.Errorf("the member is due at %s, want %s", due, want)
	}
	s.decide(nil, memoryStart.Add(200*time.Hour))
	if n := s.state().Member.Points; n != 1 {
		t.Errorf("%d were told to have expired", n)
	}
}

// What is shown of a coupon that has ended is shown for 90 days, to the instant; what holds is shown as long as it does.
func TestEndedCouponsAreShownFor90Days(t *testing.T) {
	s := couponShell(t, nil, couponLeft)
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
	if !s.in("held") {
		t.Fatal("the coupon is not shown")
	}
	end := s.coupons[0].ExpiresAt
	last := end.AddDate(0, 0, 90).Add(-time.Hour) // at the same time of the clock: daylight saving has begun
	s.decide(nil, last)
	if !s.in("held") || len(s.state().Member.Tags) > 0 {
		t.Error("it is shown no more on its last day")
	}
	if due := s.state().Member.ReevaluateAt; !due.Equal(last.Add(time.Millisecond)) {
		t.Errorf("the member is looked at at %s, want %s", due, last)
	}
	s.decide(nil, last.Add(time.Millisecond))
	if s.in("held") || !slices.Equal(s.state().Member.Tags, []string{"left"}) {
		t.Error("it is shown after 90 days")
	}
}

func (s *shell) in(segment string) bool { return s.state().Member.Segments[segment].In }

// The run that gave a coupon knows when it was redeemed, also when it has ended; a line that knows nothing of the coupon is not
// held up.
func TestRunsKnowOfRedemptions(t *testing.T) {
	s := couponShell(t, nil, "id: told\nstage: activation\ntrigger: {event: coupon.redeemed, if: event.pool == \"milk\"}\nactions:\n  - points: 5\n")
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
	at := memoryStart.Add(time.Hour)
	s.decide([]engine.Input{s.redeem(2, 0, at)}, memoryStart.Add(30*time.Hour))
	r := s.runs[s.order[0]]
	said := fmt.Sprint(r.Actions["gift"]["redeemed_at"])
	if got, err := time.Parse(time.RFC3339, said); err != nil || !got.Equal(at) {
		t.Errorf("the run knows %s, want %s", said, at)
	}
	if m := s.state().Member; !slices.Equal(m.Tags, []string{"used"}) || m.Points != 5 {
		t.Errorf("%+v", m)
	}
	stranger := engine.RedemptionOf(&engine.Coupon{Code: "X", Pool: "milk", Member: "m", Run: "gone", Step: "gift"})
	stranger.Seq, stranger.Time, stranger.At = 3, at.Add(40*time.Hour), at.Add(40*time.Hour)
	s.decide([]engine.Input{stranger}, stranger.At)
	if m := s.state().Member; m.Points != 10 {
		t.Errorf("an unknown coupon: %d points", m.Points)
	}
}

// What is kept of coupons has a bound: of many the oldest are forgotten, first those that have ended.
func TestKeptCouponsAreBounded(t *testing.T) {
	s := couponShell(t, nil, couponLapsed)
	var all []engine.Input
	for i := range int64(450) {
		all = append(all, happened(i+1, "go", time.Duration(i)*time.Second, engine.Payload{}))
	}
	s.decide(all[:1], memoryStart)
	s.decide([]engine.Input{s.redeem(1000, 0, memoryStart)}, memoryStart)
	for i := 1; i < len(all); i += 50 {
		part := all[i:min(i+50, len(all))]
		s.decide(part, part[len(part)-1].At)
		for _, r := range s.runs { // parallel runs have a bound of their own
			if r.State == engine.RunWaiting {
				r.State = engine.RunDone
			}
		}
	}
	k := s.state().Member.Rarely().Coupons
	if len(k.List) != 200 || k.List[199].Code != s.coupons[449].Code {
		t.Errorf("%d coupons are kept of %d", len(k.List), len(s.coupons))
	}
}
