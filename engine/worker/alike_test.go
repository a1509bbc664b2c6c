package worker_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/enginetest"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
)

// senderOf returns what sends over a channel: webhooks are answered by a receiver, all else is remembered.
func (o *outbox) senderOf(ch playbooks.Channel, r *receiver) (channel.Sender, error) {
	if ch.Type == "webhook" {
		ch.Config = map[string]any{"url": r.URL}
		return channel.New(ch, nil, channel.Deps{})
	}
	return o, nil
}

// admit looks up whom an input names and accepts it, as it comes in over HTTP; one that names nobody where somebody
// has to be named is rejected.
func (w *poisonedWorld) admit(t *rapid.T, ws *playbooks.Workspace, in engine.Input) {
	find := func(name string) (engine.Found, bool, error) { return w.Find(w.ctx, name) }
	rej, err := intake.Resolve(ws.Schema, &in, find)
	switch {
	case err != nil:
		t.Fatal(err)
	case rej == nil:
		w.accept(in)
	}
}

// redeem redeems a coupon that somebody has, if there is one.
func (w *poisonedWorld) redeem(t *rapid.T, member string) {
	list, _, err := w.MemberCoupons(w.ctx, member, "", 5)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return
	}
	code := rapid.SampledFrom(list).Draw(t, "coupon").Code
	if _, err := w.Redeem(w.ctx, code, code); err != nil && !errors.Is(err, store.ErrExpired) {
		t.Fatal(err)
	}
}

// pastOf returns all that was decided on subjects, and how: another run of the test may decide in other batches.
func (w *poisonedWorld) pastOf(subjects []string) string {
	var out strings.Builder
	slices.Sort(subjects)
	for _, s := range subjects {
		lane := w.Lanes().OfMember(s)
		fmt.Fprintf(&out, "%q\n", s)
		for in, err := range w.Decided(w.ctx, lane, s) {
			fmt.Fprintf(&out, "  %d %s %s %s at %v of %v: %s %v\n", in.Seq, in.Kind, in.ID, in.Name, in.At, in.Time, in.Data, err)
		}
		for r, err := range w.Records(w.ctx, lane, s) {
			fmt.Fprintf(&out, "  by %d at %v: %s %v\n", r.Seq, r.At, r.Data, err)
		}
	}
	return out.String()
}

// Whatever playbooks for members and objects do with whatever words of the language, on however many lanes, in whatever
// batches, with a journal and without: nothing is set aside, and a replay decides all of it again, byte for byte.
func TestRandomWorkspacesAreReplayed(t *testing.T) {
	redis := embedded(t)
	r := newReceiver(t)
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue { // a database and a worker each
		if err := flag.Set("rapid.checks", "10"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", checks.DefValue) }()
	}
	rapid.Check(t, func(rt *rapid.T) {
		files := enginetest.Workspace(rt)
		for name, text := range files {
			files[name] = strings.ReplaceAll(text, "https://crm.test", r.URL)
		}
		ws, err := load(enginetest.FilesOf(files))
		if err != nil {
			if strings.Contains(err.Error(), "never reached") {
				rt.SkipNow()
			}
			rt.Fatal(err)
		}
		keys := engine.New(ws, engine.Options{Secret: knownSecret, Registry: actions.Registry(), Effects: actions.Effects()})
		inputs := enginetest.Histories(rt, ws, keys.ReferralCode)
		limits := rapid.SliceOfN(rapid.IntRange(1, 8), 1, 6).Draw(rt, "batches")
		var options []sqlite.Option
		if rapid.Bool().Draw(rt, "journal") {
			options = []sqlite.Option{sqlite.WithRoom(), sqlite.WithJournal()}
		}
		sent := &outbox{n: map[string]int{}}
		w := newWorldOf(t, rapid.SampledFrom([]int{1, 4}).Draw(rt, "lanes"), redis,
			&limited{limits: limits, blind: rapid.Bool().Draw(rt, "blind")}, ws,
			func(c *worker.Config) {
				c.Sender = func(ch playbooks.Channel) (channel.Sender, error) { return sent.senderOf(ch, r) }
			}, options...)
		defer w.close()
		subjects := map[string]bool{}
		wake := func() (list []string) {
			for s := range subjects {
				list = append(list, s)
			}
			return list
		}
		for _, in := range inputs {
			if at := in.At.Add(time.Minute); at.UnixMilli() > w.at.Load() {
				w.at.Store(at.UnixMilli())
			}
			for _, s := range in.Subjects() {
				subjects[s] = true
			}
			w.admit(rt, ws, in)
			if rapid.IntRange(0, 3).Draw(rt, "drain") == 0 {
				w.drained(wake())
				if rapid.IntRange(0, 3).Draw(rt, "redeems") == 0 {
					w.redeem(rt, in.Member)
				}
			}
		}
		for range 12 {
			w.drained(wake())
			w.at.Add((24 * time.Hour).Milliseconds())
		}
		w.drained(wake())
		w.end()
		w.end = func() {}
		failures, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 100})
		failures = slices.DeleteFunc(failures, func(f store.Failure) bool { return f.What == store.FailedRun })
		if err != nil || len(failures) > 0 {
			rt.Fatalf("%s\nset aside: %+v, %v", files, failures, err)
		}
		if differences := w.replayed(""); len(differences) > 0 {
			rt.Fatalf("%s\ndecided again:\n%s\nwas:\n%s", files, strings.Join(differences, "\n"), w.pastOf(wake()))
		}
	})
}
