//go:build unix

package durability

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// The process is killed again and again, at any moment of the load.
func TestKilled(t *testing.T) {
	t.Parallel()
	kills := short(7, 31)
	s := newServer(t)
	s.start()
	l := newLoad(t, s.url(), short(240, 960), 5, 100*time.Millisecond)
	l.start()
	seed := uint64(time.Now().UnixNano())
	dice := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	during := 0
	for range kills {
		before := l.acknowledged()
		time.Sleep(time.Duration(20+dice.IntN(150)) * time.Millisecond)
		s.kill()
		if l.acknowledged() > before {
			during++
		}
		s.start()
	}
	l.wait()
	t.Logf("%d of %d kills came between acknowledgements", during, kills)
	s.holds("killed", kills, l.now())
}

// The process is stopped for as long as a lease lasts and longer, and goes on.
func TestStopped(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.start()
	l := newLoad(t, s.url(), short(120, 2400), 4, short[time.Duration](30, 100)*time.Millisecond)
	l.start()
	s.untilAcknowledged(l, l.members)
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(short(3*time.Second, 40*time.Second))
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	l.wait()
	s.holds("stopped", 1, l.now())
}
