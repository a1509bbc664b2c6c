package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func TestLogIsBoundedPerMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := NewLogger(&out, slog.LevelInfo, false)
		child := log.With("lane", 1)
		for range 10_000 {
			log.Warn("events were rejected")
			child.Warn("events were rejected")
		}
		log.Error("another")
		log.Debug("below the level")
		time.Sleep(2 * logWait)
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != logBurst+2 {
			t.Fatalf("%d lines:\n%s", len(lines), out.String())
		}
		if got := lines[logBurst]; !strings.Contains(got, "msg=another") {
			t.Errorf("another message shares the limit: %s", got)
		}
		const want = `level=WARN msg="lines like this were left out" like="events were rejected" count=19980`
		if got := lines[logBurst+1]; !strings.HasSuffix(got, want) {
			t.Errorf("what was left out: %s", got)
		}
		out.Reset()
		log.Warn("events were rejected") // the rate lets it through again
		if !strings.Contains(out.String(), `msg="events were rejected"`) {
			t.Errorf("after a while: %q", out.String())
		}
	})
}

func TestLogLinesWithAddressesAreOneKind(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelDebug, true)
	for i := range 1000 {
		log.Debug(fmt.Sprintf("http: TLS handshake error from 127.0.0.1:%d", i))
	}
	if n := strings.Count(out.String(), "\n"); n != logBurst {
		t.Errorf("%d lines", n)
	}
}

func TestLogShowsWhatClientsWroteAsOneBoundedLine(t *testing.T) {
	const wild = "a\nlevel=ERROR msg=\"forged\" \x1b[2J \u009b2J \u202egpj.exe \u2028 \xff \u200b小满"
	for _, form := range []bool{false, true} {
		var out bytes.Buffer
		log := NewLogger(&out, slog.LevelInfo, form)
		log.Warn("m", "id", wild, "error", errors.New(wild), "long", strings.Repeat("小", 100_000), "n", 7, "list",
			[]any{wild})
		line := strings.TrimSuffix(out.String(), "\n")
		if !utf8.ValidString(line) || strings.ContainsAny(line, "\n\x1b\u009b\u202e\u2028\u200b") ||
			len(line) > 5*logText || !strings.Contains(line, "小满") {
			t.Errorf("json %v: %q", form, line)
		}
		if !strings.Contains(line, "300000 bytes") {
			t.Errorf("json %v: nothing says that a value was cut: %s", form, line)
		}
	}
}
