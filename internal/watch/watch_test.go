package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatchRunsAgainAfterAChange(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticks, looked := make(chan time.Time), make(chan bool)
	state, runs := "a", 0
	done := make(chan error, 1)
	look := func() string {
		s := state
		looked <- true
		return s
	}
	go func() {
		done <- Run(ctx, ticks, look, func() error { runs++; return nil })
	}()
	tick := func() { ticks <- time.Time{}; <-looked }
	<-looked // the first
	tick()   // nothing changed
	state = "b"
	tick()
	tick()
	tick()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if runs != 2 {
		t.Errorf("it ran %d times, want 2", runs)
	}
}

func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	last := Fingerprint(dir)
	for _, name := range []string{"usher.yaml", "playbooks/a/b.yaml", "templates/c.txt"} {
		write(name, "x")
		now := Fingerprint(dir)
		if now == last {
			t.Errorf("%s is new, and nothing changed", name)
		}
		last = now
	}
	write(".usher/usher.db", "x")
	if Fingerprint(dir) != last {
		t.Error("a file of no interest is a change")
	}
	if err := os.Remove(filepath.Join(dir, "templates/c.txt")); err != nil {
		t.Fatal(err)
	}
	if Fingerprint(dir) == last {
		t.Error("a file is gone, and nothing changed")
	}
}
