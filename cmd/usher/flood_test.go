package main

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever a client sends, the log grows by less than what was sent.
func TestClientsCannotFloodTheLog(t *testing.T) {
	p := newProcess(t)
	sent := 0
	post := func(body string) {
		req, err := http.NewRequest(http.MethodPost, "http://"+p.addr+"/v1/events", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+killKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		sent += len(body)
	}
	zeros := "[" + strings.Repeat("0,", 999) + "0]"
	forged := `[{"id":"a\nlevel=ERROR msg=\"forged\"","event":"x"}]`
	for range 50 {
		post(zeros)
	}
	for range 500 {
		post(forged)
		post(`[0,{"event":"x","member":"m","properties":{"` + strings.Repeat("長", 30) + `":1,"":2}}]`)
	}
	p.kill()
	log := p.log.String()
	if len(log) >= sent {
		t.Errorf("%d bytes of log for %d bytes of requests", len(log), sent)
	}
	if n := strings.Count(log, `msg="events were rejected"`); n == 0 || n > 100 {
		t.Errorf("%d lines tell of rejected events", n)
	}
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "level=ERROR") {
			t.Errorf("a client wrote a line: %s", line)
		}
	}
}
