package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
)

// A file that was overwritten anywhere gives all that is whole of the last round, before that place
// and behind it, and never anything that was not written. What is not whole is told; nothing else
// is.
func TestJournalFileIsReadAroundItsFaults(t *testing.T) {
	dir := t.TempDir()
	files := 0
	rapid.Check(t, func(t *rapid.T) {
		files++
		path := filepath.Join(dir, fmt.Sprint(files))
		f, err := openFile(path, []byte("secret"), true)
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		defer f.Close()
		f.end, f.round = fileHead, 1_770_000_000_000
		var want, before []*Entry // of the last round, and of the one before
		var ends []int64
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			before, want, ends = want, nil, nil
			f.startOver()
			for range rapid.IntRange(1, 4).Draw(t, "groups") {
				group := rapid.SliceOfN(rapid.Custom(drawEntry), 1, 4).Draw(t, "group")
				if err := f.append(group); err != nil {
					t.Fatal(err)
				}
				want = append(want, group...)
			}
			at := int64(fileHead)
			for _, in := range want {
				at += int64(len(appendRecord(nil, in, f.round)))
				ends = append(ends, at)
			}
		}
		damaged := 0
		if rapid.Bool().Draw(t, "damaged") {
			damaged = 1
			at := rapid.Int64Range(fileHead, f.end-1).Draw(t, "at")
			was := make([]byte, 1)
			if _, err := f.ReadAt(was, at); err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte{was[0] ^ byte(rapid.IntRange(1, 255).Draw(t, "bits"))}, at); err != nil {
				t.Fatal(err)
			}
			hit, _ := slices.BinarySearch(ends, at+1)
			if len(want) == 1 { // the round before it counts: it is in the inbox
				got, err := f.read()
				if err != nil || len(got) > len(before) {
					t.Fatal(len(got), err)
				}
				return
			}
			if hit == len(want)-1 && at >= ends[hit-1]+recordHead && at < ends[hit-1]+recordHead+6 {
				damaged = -1 // the round itself: nothing tells the record from what was there before
			}
			want = slices.Delete(want, hit, hit+1)
		}
		got, err := f.read()
		if err != nil {
			t.Fatal(err)
		}
		if damaged >= 0 && len(f.lost) != damaged {
			t.Fatalf("%d records damaged, told %v", damaged, f.lost)
		}
		if len(got) != len(want) {
			t.Fatalf("%d records, %d are whole", len(got), len(want))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("record %d: got %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}

// What a write that failed has left behind is not read, although it is whole: nobody was told that
// it was taken.
func TestJournalLeavesOutWhatFailed(t *testing.T) {
	f, err := openFile(filepath.Join(t.TempDir(), "inbox"), []byte("secret"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.end, f.round = fileHead, 1
	record := func(id string) *Entry {
		return &Entry{Input: engine.Input{Kind: engine.InputEvent, ID: id, Member: "m"}, Data: []byte("{}")}
	}
	f.disk = shortDisk{osDisk{f.File}}
	if err := f.append([]*Entry{record("a"), record("b"), record("c")}); err == nil {
		t.Fatal("written")
	}
	f.disk = osDisk{f.File}
	if err := f.append([]*Entry{record("d")}); err != nil {
		t.Fatal(err)
	}
	got, err := f.read()
	if err != nil || len(got) != 1 || got[0].ID != "d" || len(f.lost) > 0 {
		t.Errorf("read %d records, %v, %v", len(got), f.lost, err)
	}
}

// shortDisk writes all and says that it has not.
type shortDisk struct{ osDisk }

func (d shortDisk) WriteAt(b []byte, at int64) (int, error) {
	if _, err := d.osDisk.WriteAt(b, at); err != nil {
		return 0, err
	}
	return 0, syscall.ENOSPC
}

func drawEntry(t *rapid.T) *Entry {
	in := &Entry{Data: []byte(rapid.String().Draw(t, "data"))}
	in.Kind, in.ID = engine.InputEvent, rapid.String().Draw(t, "id")
	in.Member, in.Name = rapid.String().Draw(t, "member"), rapid.StringN(0, 8, -1).Draw(t, "name")
	in.At = instant(rapid.Int64Range(1, 1<<45).Draw(t, "at"))
	in.Time = instant(rapid.Int64Range(1, in.At.UnixMilli()).Draw(t, "time"))
	return in
}
