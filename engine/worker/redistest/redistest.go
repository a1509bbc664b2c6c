// Package redistest starts a real Redis for a test: a private one, on a free port, that keeps
// nothing.
package redistest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Start returns the address of a Redis that ends with the test. Without a redis-server the test
// fails: one that is skipped would say that what was not looked at works.
func Start(t testing.TB) (addr string) {
	t.Helper()
	path := os.Getenv("USHER_TEST_REDIS_SERVER")
	if path == "" {
		var err error
		if path, err = exec.LookPath("redis-server"); err != nil {
			t.Fatal("this test needs a redis-server in PATH, or its path in USHER_TEST_REDIS_SERVER; `make test` installs one")
		}
	}
	port := freePort(t)
	cmd := exec.Command(path, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // killed, as it says
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			go func() {
				for lines.Scan() { // a full pipe would stop it
				}
			}()
			return fmt.Sprintf("127.0.0.1:%d", port)
		}
	}
	t.Fatalf("%s ended before it was ready", path)
	return ""
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
