package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const childEnv = "USHER_TEST_STORE_CHILD"

// TestChild is the process that TestKilled kills. It takes, accepts and commits for ever, and says
// so only afterwards.
func TestChild(t *testing.T) {
	path := os.Getenv(childEnv)
	if path == "" {
		return // an ordinary run of the tests
	}
	s := open(t, path, WithRoom(), WithJournal())
	ctx := context.Background()
	lane := s.Lanes().OfMember("m")
	fence, err := s.Claim(ctx, lane)
	if err != nil {
		t.Fatal(err)
	}
	for caller := range 3 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("taken-%d-%d-%d", os.Getpid(), caller, i)
				if _, err := s.Take(ctx, []engine.Input{{Kind: engine.InputEvent, ID: id, Member: "m", Name: "x"}}); err != nil {
					panic(err)
				}
				fmt.Printf("taken %s\n", id)
			}
		}()
	}
	for i := 0; ; i++ {
		in := accept(t, s, fmt.Sprintf("%d-%d", os.Getpid(), i))
		fmt.Printf("accepted %s\n", in.ID)
		c := &engine.Changes{Members: []*engine.Member{{ID: "m", Points: i}}}
		for k := range 50 { // enough for a commit of many pages
			id := fmt.Sprintf("%s-%d", in.ID, k)
			r := &engine.Run{ID: id, Playbook: "p", Member: "m", State: engine.RunWaiting, New: true, StartedAt: in.At}
			c.Runs = append(c.Runs, r)
			c.Records = append(c.Records, engine.Record{Member: "m", At: in.At, Entries: []engine.Entry{
				{TraceEntry: engine.TraceEntry{What: engine.ReasonEntered}, Run: r},
				{TraceEntry: engine.TraceEntry{What: "message"}, Run: r, Effect: id},
			}})
			c.Deliveries = append(c.Deliveries, engine.Delivery{
				Key: id, Run: id, Member: "m", Playbook: "p", Channel: "c",
				At: in.At,
			})
		}
		if err := s.Commit(ctx, lane, fence, in.Seq, c); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("committed %s\n", in.ID)
	}
}

// A process is killed at any moment, and what it had acknowledged is there, nothing by halves.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	for round := range 5 {
		taken, accepted, committed := killed(t, path, 150*time.Millisecond+time.Duration(round)*37*time.Millisecond)
		s := open(t, path, WithRoom(), WithJournal())
		for _, id := range accepted {
			r, err := s.Accept(context.Background(), []engine.Input{{Kind: engine.InputEvent, ID: id, Member: "m"}})
			if err != nil || !r[0].Duplicate {
				t.Fatalf("round %d: input %s was acknowledged and is gone (%v)", round, id, err)
			}
		}
		for _, id := range taken {
			d, err := s.Take(context.Background(), []engine.Input{{Kind: engine.InputEvent, ID: id, Member: "m"}})
			if err != nil || !d[0].Duplicate {
				t.Fatalf("round %d: input %s was acknowledged and is gone (%v)", round, id, err)
			}
		}
		for _, id := range accepted {
			checkWhole(t, s, id, strings.Contains(strings.Join(committed, " ")+" ", id+" "))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if len(committed) == 0 || len(taken) == 0 {
			t.Errorf("round %d: %d batches committed, %d inputs taken before the kill", round, len(committed), len(taken))
		}
	}
}

// checkWhole tells that a batch is there with all of its runs and deliveries, or with none.
func checkWhole(t *testing.T, s store.Store, id string, must bool) {
	t.Helper()
	there := 0
	for k := range 50 {
		r, err := s.Run(context.Background(), fmt.Sprintf("%s-%d", id, k))
		if err == nil {
			there += len(r.Deliveries)
		}
	}
	if there != 50 && (must || there != 0) {
		t.Fatalf("batch %s (acknowledged: %v) has %d of 50 runs with their deliveries", id, must, there)
	}
}

// killed runs the child until it has done one of each, and for a while after that; it gives what
// the child had said by then.
func killed(t *testing.T, path string, after time.Duration) (taken, accepted, committed []string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		what, id, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "taken":
			taken = append(taken, id)
		case "accepted":
			accepted = append(accepted, id)
		case "committed":
			committed = append(committed, id)
		}
		if kill == nil && len(taken) > 0 && len(committed) > 0 {
			kill = time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it runs for ever otherwise
		}
	}
	_ = cmd.Wait() // killed, as it says
	return taken, accepted, committed
}
