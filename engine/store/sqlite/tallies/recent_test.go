package tallies

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/migrations"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/tally"
)

// file returns two connections to an empty database.
func file(t *testing.T) (writes, reads *sqlconn.Conn) {
	t.Helper()
	dsn, err := sqlconn.DSN(filepath.Join(t.TempDir(), "usher.db"))
	if err == nil {
		err = migrations.Up(context.Background(), dsn)
	}
	if err != nil {
		t.Fatal(err)
	}
	var conns [2]*sqlconn.Conn
	for i := range conns {
		c, err := sqlconn.Dial(dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		conns[i] = c
	}
	return conns[0], conns[1]
}

type fataler interface{ Fatal(args ...any) }

func run(t fataler, c *sqlconn.Conn, sql string) {
	if _, err := c.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

func stats(t fataler, r *Recent, c *sqlconn.Conn, playbook string) *tally.Stats {
	s, err := r.Stats(c, playbook)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A row is read once, however often and for however many playbooks is asked, and what comes later is
// added to it.
func TestRowsAreReadOnce(t *testing.T) {
	writes, reads := file(t)
	var rows Rows
	var asked Recent
	put := func(n int64) {
		counts := map[engine.TallyKey]int{}
		for p := range 20 {
			counts[engine.TallyKey{Playbook: fmt.Sprint("p", p), What: tally.Entered}] = p
		}
		if err := rows.Put(writes, n, counts, func(err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
	for n := range int64(100) {
		put(n + 1)
	}
	stats(t, &asked, reads, "nobody")
	run(t, writes, "UPDATE tallies SET deltas = x'ff'")
	put(101)
	for p := range 20 {
		if n := stats(t, &asked, reads, fmt.Sprint("p", p)); n.Entered != 101*p {
			t.Errorf("playbook %d entered %d times, want %d", p, n.Entered, 101*p)
		}
	}
}

// Counts are exact at any moment: whenever rows are summed up, transactions fail or a process begins
// anew, and whoever has asked before.
func TestCountsAreExact(t *testing.T) {
	writes, reads := file(t)
	rapid.Check(t, func(t *rapid.T) {
		run(t, writes, "DELETE FROM tallies")
		run(t, writes, "DELETE FROM counts")
		var rows Rows
		asked := make([]Recent, 2)
		want := map[engine.TallyKey]int{}
		last := int64(0)
		texts := rapid.SampledFrom([]string{"", "a", "b", "é\x00\n", "a b"})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				rows = Rows{} // sums up
			case 1:
				i := rapid.IntRange(0, 1).Draw(t, "who")
				playbook := texts.Draw(t, "of")
				exp := tally.NewStats()
				for k, n := range want {
					if k.Playbook == playbook {
						exp.Add(k.What, k.Key, n)
					}
				}
				if got := stats(t, &asked[i], reads, playbook); !reflect.DeepEqual(got, exp) {
					t.Fatalf("of %q\n%+v, want\n%+v", playbook, got, exp)
				}
			default:
				counts := map[engine.TallyKey]int{}
				for range rapid.IntRange(0, 4).Draw(t, "counts") {
					k := engine.TallyKey{Playbook: texts.Draw(t, "playbook"), What: tally.TagsAdded, Key: texts.Draw(t, "key")}
					counts[k] = rapid.IntRange(-1000, 1000).Draw(t, "n")
				}
				run(t, writes, "BEGIN IMMEDIATE")
				if err := rows.Put(writes, last+1, counts, func(err error) error { return err }); err != nil {
					t.Fatal(err)
				}
				if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
					run(t, writes, "ROLLBACK")
					continue
				}
				run(t, writes, "COMMIT")
				last++
				for k, n := range counts {
					want[k] += n
				}
			}
		}
	})
}

// What is not as it was written is told, and counts nothing.
func TestWhatIsDamagedIsTold(t *testing.T) {
	whole := encode(map[engine.TallyKey]int{{Playbook: "p", What: tally.Entered}: 3, {Playbook: "q", What: tally.Done}: -1})
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 4
		for _, damaged := range [][]byte{whole[:i], changed} {
			if err := decode(damaged, func(k engine.TallyKey, n int) { t.Errorf("%x counts %v %d", damaged, k, n) }); err == nil {
				t.Errorf("nothing is said of %x", damaged)
			}
		}
	}
}
