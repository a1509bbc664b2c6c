// Package served starts servers for benchmarks, and reads what they use.
package served

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Key may do everything.
const Key = "bench-key-0123456789"

// Server is a `usher serve` of its own.
type Server struct {
	cmd   *exec.Cmd
	URL   string
	Ready time.Duration // from its start until it was ready
	Out   io.Reader     // what it prints
}

// Start starts a server, with flags besides, and waits until it is ready. The caller reads what it prints; what it
// says on standard error goes to log.
func Start(usher, workspace, database string, log io.Writer, flags ...string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	s := &Server{URL: "http://" + addr}
	s.cmd = exec.Command(usher, append([]string{"serve", workspace, "--addr", addr, "--db", "sqlite:" + database}, flags...)...)
	s.cmd.Env = append(os.Environ(), "USHER_API_KEYS=admin:"+Key)
	s.cmd.Stderr = log
	if s.Out, err = s.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", usher, err)
	}
	for deadline := begin.Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if resp, err := http.Get(s.URL + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				s.Ready = time.Since(begin)
				return s, nil
			}
		}
		if time.Now().After(deadline) {
			s.Stop()
			return nil, errors.New("the server does not get ready")
		}
	}
}

// Stop ends the server.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// ProcessorTime returns what the server has used so far, from /proc; 0 where there is none.
func (s *Server) ProcessorTime() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks time.Duration
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, _ := strconv.Atoi(f)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// Do asks the server and decodes its answer, unless answer is nil.
func (s *Server) Do(method, path string, body []byte, answer any) error {
	req, err := http.NewRequest(method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, text)
	}
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(text, answer)
}
