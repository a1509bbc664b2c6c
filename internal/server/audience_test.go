package server

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

func TestAudienceIsTheSegment(t *testing.T) {
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"), sqlite.WithClock(clock))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ws, diags := loader.Load(folder.Files{"usher.yaml": []byte(`usher: 1
timezone: Asia/Shanghai
member: {level: string}
events:
  order.paid: {amount: number}
segments:
  loyal: len(events("order.paid", "30d")) >= 2
`)}.FS(), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatal(d)
		}
	}
	// More members than a page; every hundredth has bought twice.
	const members = audiencePage + 200
	var want []string
	changes := map[int]*engine.Changes{}
	var inputs []engine.Input
	for i := range members {
		id := fmt.Sprintf("m%04d", i)
		shard := store.ShardOf(id)
		if changes[shard] == nil {
			changes[shard] = &engine.Changes{}
		}
		changes[shard].Members = append(changes[shard].Members, &engine.Member{ID: id, CreatedAt: now})
		if i%100 == 0 {
			want = append(want, id)
			for n := range 2 {
				inputs = append(inputs, engine.Input{
					Kind: engine.InputEvent, ID: fmt.Sprintf("%s-%d", id, n), Member: id, Name: "order.paid",
					Payload: &engine.Payload{Properties: map[string]any{"amount": 1.0}},
				})
			}
		}
	}
	if _, err := db.Accept(t.Context(), inputs); err != nil {
		t.Fatal(err)
	}
	for shard, c := range changes {
		epoch, err := db.Claim(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Commit(t.Context(), shard, epoch, int64(len(inputs)), c); err != nil {
			t.Fatal(err)
		}
	}
	a := &audience{
		store: db, registry: actions.Registry(), now: clock,
		workspace: func() (*playbooks.Workspace, string) { return ws, "" },
	}
	var got []string
	pages := 0
	for cursor := ""; ; pages++ {
		page, next, err := a.page(t.Context(), "loyal", cursor)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if cursor = next; next == "" {
			break
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || pages != 1 {
		t.Errorf("got %v after %d further pages, want %v", got, pages, want)
	}
}
