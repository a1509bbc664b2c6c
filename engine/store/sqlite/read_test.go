package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/store"
)

// endless finds a first row at once and never a second one.
const endless = `WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x = 1`

// Questions that would take for ever are cut, wherever in their answer the time goes, and while
// they take every connection there is for them decisions are read and stored.
func TestQuestionsAreCutAndHoldUpNoDecision(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := s.(*db)
	d.askTime = 300 * time.Millisecond
	const questions = 3 * askers
	asked, answers := make(chan struct{}, questions), make(chan error, questions)
	for range questions {
		go func() {
			answers <- d.read(store.Asked(ctx), func(c *conn) error {
				asked <- struct{}{}
				return c.query(endless, nil, func(row) error { return nil })
			})
		}()
	}
	for range askers {
		<-asked
	}
	for range readers {
		if _, err := s.Undecided(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if fence, err := s.Claim(ctx, 0); err != nil || fence != 1 {
		t.Fatalf("fence %d, %v", fence, err)
	}
	for range questions {
		if err := <-answers; !errors.Is(err, store.ErrSlow) {
			t.Errorf("an endless question: %v", err)
		}
	}
	late := store.Asked(ctx)
	time.Sleep(d.askTime) // as by the reads before
	if _, _, err := s.Runs(late, store.RunFilter{Limit: 1}); !errors.Is(err, store.ErrSlow) {
		t.Errorf("the next read of a question whose time is over: %v", err)
	}
	d.askTime = store.AskTime
	for range askers {
		if _, _, err := s.Runs(store.Asked(ctx), store.RunFilter{Limit: 1}); err != nil {
			t.Errorf("the connection after a cut: %v", err)
		}
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	if _, _, err := s.Runs(store.Asked(gone), store.RunFilter{Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("of who has gone: %v", err)
	}
}
