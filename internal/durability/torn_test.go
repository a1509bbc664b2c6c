//go:build unix

package durability

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A file is shorter than what was written to it, as after a copy that broke off or a file system
// that was mended: the server refuses with a sentence, or starts and holds what it says.
func TestTornFiles(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.start()
	l := newLoad(t, s.url(), short(40, 120), 4, 20*time.Millisecond)
	l.start()
	s.untilAcknowledged(l, l.members*l.each*2/3)
	s.kill()
	l.stop()
	whole := s.dir
	seed := uint64(time.Now().UnixNano())
	dice := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	refused, started := 0, 0
	for i := range short(2, 10) {
		for _, end := range []string{"-wal", "-inbox"} {
			s.dir = t.TempDir()
			if err := os.CopyFS(s.dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			path := s.database() + end
			used, err := usedOf(path)
			if err != nil {
				t.Fatal(err)
			}
			left := dice.Int64N(used)
			if i == 0 {
				left = dice.Int64N(100) // hardly a head
			}
			if err := os.Truncate(path, left); err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("torn %s: ", end[1:])
			if !s.startsOrRefuses() {
				refused++
				hold(t, what+"refused with a sentence", s.noSentence()...)
				s.log = lockedBuffer{}
				continue
			}
			started++
			orders := l.now()
			if end == "-inbox" { // what is cut off was acknowledged, and may be nowhere else
				for i := range orders {
					orders[i].acknowledged = 0
				}
			}
			v := s.verdict(orders, patience)
			for _, claim := range []string{allDecided, once, effects, codesUnique} {
				hold(t, what+claim, v.against(claim)...)
			}
			s.kill()
		}
	}
	t.Logf("%d times started, %d times refused", started, refused)
}

// usedOf returns the size of a file without the zeros at its end.
func usedOf(path string) (int64, error) {
	data, err := os.ReadFile(path)
	return int64(len(strings.TrimRight(string(data), "\x00"))), err
}

// startsOrRefuses reports whether the server answers; else it has ended.
func (s *server) startsOrRefuses() bool {
	s.t.Helper()
	s.launch()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.ended:
			s.cmd = nil
			return false
		default:
		}
		if resp, err := http.Get(s.url() + "/healthz"); err == nil {
			resp.Body.Close()
			return true
		}
	}
	s.t.Fatal("the server neither answers nor ends")
	return false
}

// noSentence returns what speaks against the last line of the log being a sentence of usher.
func (s *server) noSentence() []string {
	log := strings.TrimSpace(s.log.String())
	last := log[strings.LastIndexByte(log, '\n')+1:]
	if strings.HasPrefix(last, "usher: ") && !strings.Contains(log, "goroutine ") {
		return nil
	}
	return []string{log}
}
