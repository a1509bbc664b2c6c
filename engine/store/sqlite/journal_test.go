package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/store"
)

func take(t *testing.T, s store.Store, ids ...string) []bool {
	t.Helper()
	var in []engine.Input
	for _, id := range ids {
		in = append(in, engine.Input{
			Kind: engine.InputEvent, ID: id, Member: "m", Name: "x",
			Data: []byte(`{"p":{"amount":1}}`),
		})
	}
	list, err := s.Take(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	duplicates := make([]bool, len(list))
	for i, known := range list {
		duplicates[i] = known.Duplicate
	}
	return duplicates
}

func owed(t *testing.T, s store.Store) []engine.Input {
	t.Helper()
	b, err := s.Pending(context.Background(), s.Lanes().OfMember("m"), time.Now(), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	return b.Inputs
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// crashed makes a database as a crash leaves it: with taken inputs in its journal that are not in
// its inbox.
func crashed(t *testing.T, at time.Time, ids ...string) (path string) {
	t.Helper()
	clock := WithClock(clocktest.Follow(func() time.Time { return at }))
	alive, dead := filepath.Join(t.TempDir(), "usher.db"), filepath.Join(t.TempDir(), "usher.db")
	if err := open(t, alive, clock).Close(); err != nil {
		t.Fatal(err)
	}
	copyFile(t, alive, dead)
	s := open(t, alive, clock, WithJournal())
	for _, id := range ids {
		take(t, s, id)
	}
	copyFile(t, alive+"-inbox", dead+"-inbox")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dead
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What was taken keeps its order and its instant over a crash, whoever opens the database next; a
// stop leaves nothing beside it.
func TestJournalAfterCrash(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, next := range []struct {
		name    string
		options []Option
	}{{"a server", []Option{WithJournal()}}, {"a command", nil}} {
		t.Run(next.name, func(t *testing.T) {
			path := crashed(t, at, "a", "b", "c")
			earlier := clocktest.Follow(func() time.Time { return at.Add(-time.Hour) })
			s := open(t, path, append(next.options, WithClock(earlier))...)
			if got := take(t, s, "b", "d"); !reflect.DeepEqual(got, []bool{true, false}) {
				t.Errorf("duplicates %v", got)
			}
			var got []string
			for _, in := range owed(t, s) {
				got = append(got, in.ID)
				if !in.At.Equal(at) {
					t.Errorf("%s was taken at %v and came in at %v", in.ID, at, in.At)
				}
				if string(in.Data) != `{"p":{"amount":1}}` {
					t.Errorf("%s came in with %s", in.ID, in.Data)
				}
			}
			if strings.Join(got, " ") != "a b c d" {
				t.Errorf("owed are %v", got)
			}
			if exists(t, path+"-inbox") != (next.options != nil) {
				t.Errorf("there is a journal: %v", exists(t, path+"-inbox"))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if exists(t, path+"-inbox") {
				t.Error("a stop leaves a journal")
			}
		})
	}
}

// The file is used again and again, and nothing is lost when it begins anew.
func TestJournalStartsOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path, WithJournal())
	const n, size = 40, 500_000 // two rounds and a half
	data := []byte(`{"p":{"note":"` + strings.Repeat("长", size/3) + `"}}`)
	for i := range n {
		in := []engine.Input{{Kind: engine.InputEvent, ID: fmt.Sprint(i), Member: "m", Name: "x", Data: data}}
		if d, err := s.Take(context.Background(), in); err != nil || d[0].Duplicate {
			t.Fatal(d, err)
		}
	}
	info, err := os.Stat(path + "-inbox")
	if err != nil || info.Size() != 8<<20 {
		t.Errorf("the journal has %d bytes: %v", info.Size(), err)
	}
	for i, in := range owed(t, s) {
		if in.ID != fmt.Sprint(i) || !bytes.Equal(in.Data, data) {
			t.Fatalf("input %d is %s with %d bytes", i, in.ID, len(in.Data))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if got := len(owed(t, s)); got != n {
		t.Errorf("%d of %d are left", got, n)
	}
}

// A fault of the disk has damaged the first record of a round: what is behind it counts. What was
// of that round does not follow on what has been written over its beginning, when the server has
// crashed again.
func TestJournalAfterTwoCrashes(t *testing.T) {
	path := crashed(t, time.Now(), "a", "b", "c")
	overwrite(t, path+"-inbox", firstRecord, "torn")
	s := open(t, path, WithJournal())
	take(t, s, "d")
	copyFile(t, path+"-inbox", path+"-copy")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"-copy", path+"-inbox"); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if got := idsOf(owed(t, s)); got != "b c d" {
		t.Errorf("owed are %s", got)
	}
}

// firstRecord is where the first record of a journal begins.
const firstRecord = 512

func overwrite(t *testing.T, path string, at int64, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte(text), at)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func idsOf(list []engine.Input) string {
	ids := make([]string, len(list))
	for i, in := range list {
		ids[i] = in.ID
	}
	return strings.Join(ids, " ")
}

// A record that a fault of the disk has damaged, wherever in it, is lost alone, and whoever opens
// the database is told of it.
func TestJournalTellsWhatIsLost(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	sample := crashed(t, at, "a", "b", "c")
	data, err := os.ReadFile(sample + "-inbox")
	if err != nil {
		t.Fatal(err)
	}
	const recordHead = 8                                                       // a length, and a checksum
	size := recordHead + int64(binary.LittleEndian.Uint32(data[firstRecord:])) // all are of one length
	for i, want := range []struct{ owed, told string }{
		{"b c", fmt.Sprintf("%d bytes at %d: before \"b\", taken 2026-03-01T12:00:00Z", size, firstRecord)},
		{"a c", fmt.Sprintf("%d bytes at %d: after \"a\", taken 2026-03-01T12:00:00Z, and before \"c\"", size, firstRecord+
			size)},
		{"a b", fmt.Sprintf("%d bytes at %d: after \"b\"", size, firstRecord+2*size)},
	} {
		for _, at := range []int64{4, recordHead + 8, size - 1} { // the checksum, a field, the data
			path := filepath.Join(t.TempDir(), "usher.db")
			copyFile(t, sample, path)
			copyFile(t, sample+"-inbox", path+"-inbox")
			overwrite(t, path+"-inbox", firstRecord+int64(i)*size+at, "\x07")
			var told []string
			s := open(t, path, WithLost(func(what string) { told = append(told, what) }))
			if got := idsOf(owed(t, s)); got != want.owed {
				t.Errorf("record %d damaged at %d: owed are %s, want %s", i, at, got, want.owed)
			}
			if len(told) != 1 || !strings.Contains(told[0], want.told) {
				t.Errorf("record %d damaged at %d: told %q, want %s", i, at, told, want.told)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	s := open(t, sample, WithLost(func(what string) { t.Errorf("nothing was lost, and it is told: %s", what) }))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What has no room in the journal goes past it.
func TestTakeTooMuchForTheJournal(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usher.db"), WithJournal())
	defer s.Close()
	data := []byte(`"` + strings.Repeat("x", 8<<20) + `"`)
	take(t, s, "before")
	in := []engine.Input{
		{Kind: engine.InputEvent, ID: "large", Member: "m", Name: "x", Data: data},
		{Kind: engine.InputEvent, ID: "before", Member: "m"},
	}
	d, err := s.Take(context.Background(), in)
	if err != nil || !reflect.DeepEqual(d, []store.Known{{}, {Duplicate: true, Differs: true}}) {
		t.Fatal(d, err)
	}
	if got := owed(t, s); len(got) != 2 || len(got[1].Data) != len(data) {
		t.Errorf("%d are owed", len(got))
	}
}

// A journal beside a database that it is not of is not touched.
func TestJournalOfAnotherDatabase(t *testing.T) {
	path := crashed(t, time.Now(), "a")
	other := filepath.Join(t.TempDir(), "usher.db")
	copyFile(t, path+"-inbox", other+"-inbox")
	for range 2 {
		if _, err := Open(context.Background(), other, WithJournal()); err == nil ||
			!strings.Contains(err.Error(), "move it away") {
			t.Fatalf("opened: %v", err)
		}
	}
	if err := os.Remove(other + "-inbox"); err != nil {
		t.Fatal(err)
	}
	s := open(t, other, WithJournal())
	defer s.Close()
	if got := owed(t, s); len(got) != 0 {
		t.Errorf("%d are owed", len(got))
	}
}

func TestTakeAfterClose(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usher.db"), WithJournal())
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Take(context.Background(), []engine.Input{{Kind: engine.InputEvent, ID: "a"}}); err == nil {
		t.Error("taken after Close")
	}
}

// When the disk has failed, nothing is acknowledged any more, and the health check says so.
func TestJournalOnABrokenDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, f := onFailingDisk(t, path)
	take(t, s, "a")
	f.set(os.ErrClosed, nil, 0)
	for _, id := range []string{"b", "c"} {
		if _, err := s.Take(context.Background(),
			[]engine.Input{{Kind: engine.InputEvent, ID: id, Member: "m"}}); err == nil {
			t.Errorf("%s was taken", id)
		}
	}
	if err := s.Ping(context.Background()); err == nil {
		t.Error("all is well")
	}
	if err := s.Close(); err == nil {
		t.Error("a close without an error")
	}
	s = open(t, path)
	if got := owed(t, s); len(got) != 1 || got[0].ID != "a" {
		t.Errorf("owed are %d", len(got))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// While others raise the clock as fast as they can, an input comes into the inbox with the instant
// that is in the journal: after a power cut it would come in with that one again, and decisions on
// it be made under the same ids.
func TestJournalKeepsInstants(t *testing.T) {
	path, before := filepath.Join(t.TempDir(), "usher.db"), filepath.Join(t.TempDir(), "usher.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	copyFile(t, path, before)
	s := open(t, path, WithJournal())
	defer s.Close()
	const callers, each = 4, 200
	var wg sync.WaitGroup
	var left atomic.Int32
	left.Store(callers)
	for c := range callers {
		wg.Go(func() {
			defer left.Add(-1)
			for i := range each {
				in := []engine.Input{{Kind: engine.InputEvent, ID: fmt.Sprint(c, "-", i), Member: "m", Name: "x"}}
				if _, err := s.Take(context.Background(), in); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for left.Load() > 0 {
		if err := s.(*db).writeAgain(context.Background(), 1,
			func(t *tx) error { return t.raise(time.Now().UnixMilli()) }); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	copyFile(t, path+"-inbox", before+"-inbox")
	cut := open(t, before)
	defer cut.Close()
	written := owed(t, cut)
	at := map[string]time.Time{}
	for _, in := range written {
		at[in.ID] = in.At
	}
	list := owed(t, s)
	for _, in := range list {
		if !in.At.Equal(at[in.ID]) {
			t.Errorf("%s was taken at %v and came in at %v", in.ID, at[in.ID], in.At)
		}
	}
	if len(list) != callers*each || len(written) != len(list) {
		t.Errorf("%d are in the journal, %d in the inbox", len(written), len(list))
	}
}
