package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	realOrders    = "../../examples/cdnow/orders.csv.gz"
	realWorkspace = "../../examples/cdnow"
	killKey       = "kill-test-key-0123456789"
)

// process is a `usher serve` of its own that can be killed and started again on the same database.
type process struct {
	t    *testing.T
	bin  string
	ws   string // the workspace
	dir  string // of the database
	addr string
	args []string // besides
	cmd  *exec.Cmd
	log  sharedLog
}

// sharedLog is what a process says, read while it says more.
type sharedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *sharedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *sharedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// usherBinary returns a program that is usher: this test binary under another name (see TestMain).
func usherBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "usher")
	if err := os.Symlink(self, bin); err != nil {
		t.Fatal(err)
	}
	return bin
}

func newProcess(t *testing.T) *process {
	t.Helper()
	return newProcessOf(t, realWorkspace)
}

func newProcessOf(t *testing.T, workspace string, args ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, bin: usherBinary(t), ws: workspace, dir: t.TempDir(), addr: l.Addr().String(), args: args}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.kill)
	return p
}

func (p *process) start() {
	p.t.Helper()
	args := []string{"serve", p.ws, "--addr", p.addr, "--db", "sqlite:" + filepath.Join(p.dir, "usher.db")}
	p.cmd = exec.Command(p.bin, append(args, p.args...)...)
	p.cmd.Env = os.Environ()
	if !slices.Contains(p.args, "--demo") { // which needs a key of the server's own
		p.cmd.Env = append(p.cmd.Env, "USHER_API_KEYS=admin:"+killKey)
	}
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.until("the server is ready", func() bool {
		resp, err := http.Get("http://" + p.addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// kill ends the process as a power cut would: SIGKILL, in the middle of whatever it does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// until polls a condition; the deadline is for a machine that is busy with other things.
func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain until %s; the server says:\n%s", what, p.log.String())
		}
	}
}

// killStats is what the test asks of /stats.
type killStats struct {
	Entered int
	Done    int
	Coupons map[string]int
	Tags    struct{ Added map[string]int }
}

func (p *process) stats(playbook string) (killStats, error) {
	var s killStats
	req, err := http.NewRequest(http.MethodGet, "http://"+p.addr+"/v1/playbooks/"+playbook+"/stats", nil)
	if err != nil {
		return s, err
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(body, &s)
}

var sendSummary = regexp.MustCompile(`accepted ([0-9,]+), duplicate ([0-9,]+), rejected ([0-9,]+)`)

// send runs `usher send` and gives the counts of its summary.
func (p *process) send() (accepted, duplicate, rejected int, err error) {
	cmd := exec.Command(p.bin, "send", realOrders, "--server", "http://"+p.addr)
	cmd.Env = append(os.Environ(), "USHER_API_KEY="+killKey)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, 0, fmt.Errorf("%w: %s", err, out)
	}
	m := sendSummary.FindSubmatch(out)
	if m == nil {
		return 0, 0, 0, fmt.Errorf("no summary in %q", out)
	}
	var n [3]int
	for i := range n {
		if n[i], err = strconv.Atoi(string(bytes.ReplaceAll(m[i+1], []byte(","), nil))); err != nil {
			return 0, 0, 0, err
		}
	}
	return n[0], n[1], n[2], nil
}

// ordersByHand counts orders and members with five orders or more from the file alone.
func ordersByHand(t *testing.T) (orders, fifth int) {
	t.Helper()
	f, err := os.Open(realOrders)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byMember := map[string]int{}
	for _, l := range lines[1:] {
		byMember[l[2]]++
		if byMember[l[2]] == 5 {
			fifth++
		}
	}
	return len(lines) - 1, fifth
}

// The real orders go into a served usher that is killed three times on the way. Nothing is lost and
// nothing happens twice: every order gets its coupon, every fifth order its tag and coupon, to the
// last one. Sent again, all orders are duplicates.
func TestNothingIsLostOrDoubledWhenKilled(t *testing.T) {
	orders, fifth := ordersByHand(t)
	p := newProcess(t)
	type outcome struct {
		accepted, duplicate, rejected int
		err                           error
	}
	sent := make(chan outcome, 1)
	go func() {
		var o outcome
		o.accepted, o.duplicate, o.rejected, o.err = p.send()
		sent <- o
	}()
	for i := 1; i <= 3; i++ {
		p.until(fmt.Sprintf("a share of %d/4 of the orders is decided", i), func() bool {
			s, err := p.stats("every-order")
			return err == nil && s.Entered > orders*i/4
		})
		p.kill()
		p.start()
	}
	o := <-sent
	// A batch whose answer was lost in a kill is sent again: its orders count as duplicates there,
	// never twice.
	if o.err != nil || o.accepted+o.duplicate != orders || o.rejected != 0 {
		t.Fatalf("send: accepted %d, duplicate %d, rejected %d, %v", o.accepted, o.duplicate, o.rejected, o.err)
	}
	p.settled(orders, fifth)
	accepted, duplicate, rejected, err := p.send()
	if err != nil || accepted != 0 || duplicate != orders || rejected != 0 {
		t.Fatalf("sent again: accepted %d, duplicate %d, rejected %d, %v", accepted, duplicate, rejected, err)
	}
	p.kill()
	p.start()
	p.settled(orders, fifth)
	p.terminate()
	if sum := replayedAlike(t, filepath.Join(p.dir, "usher.db"), ""); sum.Inputs < orders || sum.Records < orders {
		t.Errorf("only %+v was replayed", sum)
	}
}

// settled waits until all orders are decided and holds the outcome against the counts made by hand.
func (p *process) settled(orders, fifth int) {
	p.t.Helper()
	p.until("every order is decided", func() bool {
		s, err := p.stats("every-order")
		return err == nil && s.Done >= orders
	})
	every, err := p.stats("every-order")
	if err != nil || every.Entered != orders || every.Done != orders || every.Coupons["every"] != orders {
		p.t.Errorf("every-order: %+v, want %d coupons; %v", every, orders, err)
	}
	five, err := p.stats("fifth-order")
	if err != nil || five.Entered != fifth || five.Done != fifth || five.Coupons["thanks"] != fifth {
		p.t.Errorf("fifth-order: %+v, want %d coupons; %v", five, fifth, err)
	}
	if tags := five.Tags.Added["regular"]; tags != fifth {
		p.t.Errorf("fifth-order: %d tags, want %d", tags, fifth)
	}
}
