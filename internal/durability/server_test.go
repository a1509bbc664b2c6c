package durability

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const key = "durability-key-0123456789"

// server is an `usher serve` of its own, which can be killed and started again on its database.
type server struct {
	t     *testing.T
	sink  *sink
	shop  string // the workspace
	dir   string // of the database
	addr  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	log   lockedBuffer

	// The process may run on the disk of disk_linux_amd64_test.go, which takes commands.
	wrap func(t *testing.T, dir string, args []string) (*exec.Cmd, io.WriteCloser)
	disk io.WriteCloser
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, sink: startSink(t), dir: t.TempDir(), addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.shop = copyShop(t, s.sink)
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			log := s.log.String()
			t.Logf("the server said:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

// copyShop returns the folder of the workspace with the sink's address in it, and a time zone in which it is noon: no day
// ends within a test.
func copyShop(t *testing.T, s *sink) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/shop")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"usher.yaml", "playbooks/asks.yaml"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("http://hook.test"), []byte(s.hook.URL))
		zone := fmt.Sprintf("timezone: Etc/GMT%+d", time.Now().UTC().Hour()-12)
		text = bytes.ReplaceAll(text, []byte("timezone: UTC"), []byte(zone))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (s *server) url() string { return "http://" + s.addr }

func (s *server) database() string { return filepath.Join(s.dir, "usher.db") }

func (s *server) arguments() []string {
	return []string{binary, "serve", s.shop, "--addr", s.addr, "--db", "sqlite:" + s.database()}
}

func (s *server) environment() []string {
	return append(os.Environ(), "USHER_API_KEYS=admin:"+key, "SMTP_URL=smtp://"+s.sink.mail.Addr().String())
}

// launch starts the process, and does not wait until it is ready.
func (s *server) launch() {
	s.t.Helper()
	args := s.arguments()
	s.cmd = exec.Command(args[0], args[1:]...)
	if s.wrap != nil {
		s.cmd, s.disk = s.wrap(s.t, s.dir, args)
	}
	s.cmd.Env = append(s.cmd.Env, s.environment()...)
	s.cmd.Stderr, s.cmd.Stdout = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // killed, or it says itself why it ended
		close(ended)
	}(s.cmd, s.ended)
}

func (s *server) start() {
	s.t.Helper()
	s.launch()
	s.until("the server is ready", func() string {
		resp, err := http.Get(s.url() + "/healthz")
		if err != nil {
			return err.Error()
		}
		resp.Body.Close()
		return ""
	})
}

// kill ends the process in the middle of whatever it does.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	if s.wrap != nil {
		_ = s.disk.Close() // the disk kills its process
	} else {
		_ = s.cmd.Process.Kill()
	}
	<-s.ended
	s.cmd = nil
}

// until polls a condition, which says what is missing. The deadline is for a machine that is busy
// with other things.
func (s *server) until(what string, missing func() string) {
	s.t.Helper()
	deadline := time.Now().Add(short(2*time.Minute, 5*time.Minute))
	for {
		m := missing()
		if m == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain until %s: %s", what, m)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// untilAcknowledged waits until so many orders are acknowledged.
func (s *server) untilAcknowledged(l *load, orders int) {
	s.t.Helper()
	s.until("the load is under way", func() string {
		if n := l.acknowledged(); n < orders {
			return fmt.Sprintf("%d of %d orders are acknowledged", n, orders)
		}
		return ""
	})
}

// get reads an answer of the server; false when it has none for the path.
func (s *server) get(v any, path string, parts ...any) (found bool, err error) {
	for i, p := range parts {
		parts[i] = url.PathEscape(fmt.Sprint(p))
	}
	path = fmt.Sprintf(path, parts...)
	req, err := http.NewRequest(http.MethodGet, s.url()+path, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return false, err
	case resp.StatusCode == http.StatusNotFound:
		return false, nil
	case resp.StatusCode != http.StatusOK:
		return false, fmt.Errorf("%s: %s: %s", path, resp.Status, strings.TrimSpace(string(body)))
	}
	return true, json.Unmarshal(body, v)
}
