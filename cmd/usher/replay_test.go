package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/replay"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// replayWorkspace uses what can happen within seconds: waits of all kinds, cascades, segments,
// gates, caps and effects.
var replayWorkspace = map[string]string{
	"usher.yaml": `usher: 1
timezone: Asia/Shanghai
member: {level: {enum: [bronze, gold], default: bronze}, total: number}
events:
  cart.updated: {total: number}
  order.paid: {amount: number, at: optional datetime}
  member.left: {}
  thanked: {n: int}
segments:
  buyers: len(events("order.paid")) >= 2
  rich: member.points >= 5
channels: {log: {type: log}}
coupons: {gift: {prefix: G, per_member: 2, expires: 7d}}
frequency_caps: [{max: 4, per: 24h}]
`,
	"playbooks/rescue.yaml": `id: rescue
stage: conversion
trigger: {event: cart.updated, if: event.total > 10}
condition: '"blocked" not in member.tags and days_since(member.created_at) < 3'
mode: restart
goal: {event: order.paid, within: 1h}
exit: [{event: member.left}]
actions:
  - wait: 1s
  - id: paid
    wait: {event: order.paid, if: event.amount >= trigger.total, timeout: 2s}
  - if: actions.paid.timed_out
    then:
      - id: gift
        coupon: {pool: gift}
      - message: {channel: log, class: transactional, text: "送你一张券 {{ actions.gift.code }}"}
    else:
      - tag: {add: [buyer], remove: [newcomer]}
      - set: {total: = trigger.total}
`,
	"playbooks/thanks.yaml": `id: thanks
stage: retention
trigger: {event: order.paid}
mode: parallel
holdout: 25%
actions:
  - points: 2
  - emit: {event: thanked, properties: {n: '= len(events("order.paid"))'}}
  - split:
      - {name: a, weight: 50, then: [{message: {channel: log, text: "谢谢 {{ trigger.amount }}"}}]}
      - {name: b, weight: 50, then: [{wait: 1s}, {tag: patient}]}
`,
	"playbooks/thanked.yaml": `id: thanked
stage: retention
trigger: {event: thanked}
reentry: 1d
actions:
  - choose:
      - {if: trigger.n > 3, then: [{tag: loyal}]}
      - {if: member.level == "gold", then: [{exit: gold}]}
      - else: [{points: -1}]
`,
	"playbooks/rich.yaml": `id: rich
stage: retention
trigger: {segment_enter: rich}
actions: [{set: {level: gold}}, {wait: {until: "= now()"}}, {tag: rich}]
`,
	"playbooks/buyers.yaml": `id: buyers
stage: retention
trigger: {segment_enter: buyers}
condition: member.level == "bronze"
actions: [{message: {channel: log, text: "第二单"}}]
`,
}

// recorded is what a server has stored: what it decided on, and the records of what came of it.
type recorded struct {
	secret []byte
	inputs []engine.Input
	of     map[string][]string // by member
}

// A simulation of what a server was told leaves the records that the server has stored, byte for
// byte: also of waits that were carried out late, of events that came at one instant, and after a
// restart.
func TestSimulationReplaysWhatWasServed(t *testing.T) {
	p := newProcessOf(t, writeFiles(t, replayWorkspace))
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			dice := rand.New(rand.NewPCG(7, uint64(worker)))
			for range 150 {
				if err := p.post(randomEvent(dice)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	p.restart()
	path := filepath.Join(p.dir, "usher.db")
	p.until("everything is decided and no run waits", func() bool { return owed(t, path) == 0 })
	p.terminate()
	if sum := replayedAlike(t, path, ""); sum.Inputs < 600 || sum.Members < 25 {
		t.Errorf("only %+v was replayed", sum)
	}
	rec := readRecord(t, path)
	replayed := simulated(t, rec)
	if len(rec.inputs) < 600 || len(rec.of) < 25 || len(rec.of) != len(replayed) {
		t.Fatalf("%d inputs and records of %d members, simulated of %d", len(rec.inputs), len(rec.of), len(replayed))
	}
	for member, served := range rec.of {
		for i, got := range replayed[member] {
			if i >= len(served) || got != served[i] {
				t.Errorf("decision %d on %s\nserved:\n%s\nsimulated:\n%s", i, member, strings.Join(served[i:min(i+1, len(served))], ""), got)
				break
			}
		}
		if len(replayed[member]) < len(served) {
			t.Errorf("%d decisions on %s, simulated %d", len(served), member, len(replayed[member]))
		}
	}
}

// The demo of the examples is decided again as it was. A record that says otherwise is a difference,
// which says for whom, when, and what.
func TestDemoIsReplayed(t *testing.T) {
	p := newProcessOf(t, "../../examples/starter", "--demo")
	path := filepath.Join(p.dir, "usher.db")
	p.until("the demo is decided", func() bool {
		return ask(t, path, undecided) == 0 && ask(t, path, "SELECT count(*) FROM records") > 5
	})
	p.terminate()
	if sum := replayedAlike(t, path, ""); sum.Records <= 5 {
		t.Errorf("only %+v was replayed", sum)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	var member string
	var data []byte
	const tagged = `SELECT r.n, s.id, data FROM records r JOIN subjects s ON s.n = r.subject WHERE instr(data, CAST('"newcomer"' AS BLOB)) > 0 ORDER BY r.n LIMIT 1`
	if err := db.QueryRow(tagged).Scan(&n, &member, &data); err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(`"newcomer"`), []byte(`"latecomer"`), 1)
	if _, err := db.Exec("UPDATE records SET data = ? WHERE n = ?", data, n); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	out := new(bytes.Buffer)
	command := func(args ...string) int {
		out.Reset()
		args = append([]string{"replay", "--db", "sqlite:" + path}, args...)
		return run(t.Context(), args, strings.NewReader(""), out, out, nil)
	}
	if code := command(); code != 1 || !strings.Contains(out.String(), "member "+member+", on ") ||
		!regexp.MustCompile(`(?m)^  - welcome: tag .*latecomer`).Match(out.Bytes()) ||
		!regexp.MustCompile(`(?m)^  \+ welcome: tag .*newcomer`).Match(out.Bytes()) ||
		!strings.Contains(out.String(), ": 1 difference\n") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if code := command("--since", "2100-01-01T00:00:00Z"); code != 0 {
		t.Errorf("what is not asked for: exit %d:\n%s", code, out)
	}
	if code := command("--member", member, "--format", "json"); code != 1 || !strings.Contains(out.String(), `"differences":1`) {
		t.Errorf("exit %d:\n%s", code, out)
	}
	if code := command("--member", "nobody"); code != 0 {
		t.Errorf("nobody: exit %d:\n%s", code, out)
	}
}

// replayedAlike holds that a database, or a member of it, is decided again as it was.
func replayedAlike(t *testing.T, path, member string) replay.Summary {
	t.Helper()
	sum, err := server.Replay(t.Context(), "sqlite:"+path, member, time.Time{}, func(d replay.Difference) {
		t.Errorf("%s of %s at %v:\n- %s\n+ %s", d.Input, d.Member, d.At, strings.Join(d.Recorded, "\n- "), strings.Join(d.Now, "\n+ "))
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func randomEvent(dice *rand.Rand) string {
	member := fmt.Sprintf("m%d", dice.IntN(25))
	switch n := dice.IntN(10); {
	case n < 4:
		return fmt.Sprintf(`{"event":"cart.updated","member":%q,"properties":{"total":%d}}`, member, dice.IntN(60))
	case n < 8:
		return fmt.Sprintf(`{"event":"order.paid","member":%q,"properties":{"amount":%d.5}}`, member, dice.IntN(80))
	case n < 9:
		return fmt.Sprintf(`{"event":"member.left","member":%q}`, member)
	}
	return fmt.Sprintf(`{"event":"order.paid","member":%q,"properties":{"amount":9,"at":"2026-03-01T08:00:00+08:00"},"attributes":{"timezone":"America/New_York"}}`, member)
}

// undecided counts inputs to decide.
const undecided = "SELECT count(*) FROM inbox JOIN lanes USING (lane) WHERE seq > watermark AND kind != 'cascaded'"

// owed counts what a server still has to do: inputs to decide, runs that wait, messages to send.
func owed(t *testing.T, path string) (n int) {
	t.Helper()
	return ask(t, path, "SELECT ("+undecided+") + (SELECT count(*) FROM runs WHERE state = 'waiting')"+
		" + (SELECT count(*) FROM deliveries WHERE state = 'pending')")
}

// ask returns the number that a query gives.
func ask(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func readRecord(t *testing.T, path string) recorded {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rec := recorded{of: map[string][]string{}}
	if err := db.QueryRow("SELECT value FROM meta WHERE key = 'secret'").Scan(&rec.secret); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query("SELECT seq, kind, id, member, name, time, at, data FROM inbox WHERE kind != 'cascaded' ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var in engine.Input
		var happened, at int64
		if err := rows.Scan(&in.Seq, &in.Kind, &in.ID, &in.Member, &in.Name, &happened, &at, &in.Data); err != nil {
			t.Fatal(err)
		}
		in.Data = bytes.TrimPrefix(in.Data, []byte{1}) // the byte that says its format
		in.Time, in.At = time.UnixMilli(happened).UTC(), time.UnixMilli(at).UTC()
		rec.inputs = append(rec.inputs, in)
	}
	decisions, err := db.Query("SELECT s.id, data FROM records r JOIN subjects s ON s.n = r.subject ORDER BY r.n")
	if err != nil {
		t.Fatal(err)
	}
	defer decisions.Close()
	for decisions.Next() {
		var member string
		var data []byte
		if err := decisions.Scan(&member, &data); err != nil {
			t.Fatal(err)
		}
		if data, _, err = records.Split(data); err != nil {
			t.Fatal(err)
		}
		rec.of[member] = append(rec.of[member], string(data))
	}
	return rec
}

// simulated feeds the record through a simulated world.
func simulated(t *testing.T, rec recorded) map[string][]string {
	t.Helper()
	ws, diags := loader.Load(os.DirFS(writeFiles(t, replayWorkspace)), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatalf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	out := map[string][]string{}
	e := engine.New(ws, engine.Options{Secret: rec.secret, Registry: actions.Registry(), Effects: actions.Effects()})
	w := sim.NewWorld(e, rec.inputs[0].At.Add(-time.Millisecond), func(c *engine.Changes) {
		for i := range c.Records {
			r := &c.Records[i]
			data, _, err := records.Encode(r)
			if err != nil {
				t.Fatal(err)
			}
			out[r.Member] = append(out[r.Member], string(data))
		}
	})
	for _, in := range rec.inputs {
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AdvanceTo(w.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return out
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (p *process) post(body string) error {
	_, err := p.do(http.MethodPost, "/v1/events", body, http.StatusAccepted)
	return err
}

func (p *process) do(method, path, body string, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+p.addr+path,
		bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+killKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return answer, err
}

// terminate stops the server as an operator or a supervisor does, and wants it to end without an
// error.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("after SIGTERM: %v; the server says:\n%s", err, p.log.String())
	}
}

func (p *process) restart() {
	p.kill()
	p.start()
}
