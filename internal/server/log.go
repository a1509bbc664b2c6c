package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/time/rate"
)

// Limits of the log. Clients decide how often something happens that is worth a line, and what
// their ids and names are: whatever they do, the log grows by less than 2 KB a second for each kind
// of line.
const (
	logBurst = 20 // lines of one kind at once
	logRate  = 1  // and a second, after that
	logWait  = 5 * time.Second
	logText  = 400     // bytes of a value
	logStack = 8 << 10 // bytes of the stack of a panic
	logKinds = 200     // kinds of lines that are told apart
)

// NewLogger returns a log for a server: bounded in lines, and in what a line holds.
func NewLogger(out io.Writer, level slog.Level, asJSON bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: boundedAttr}
	var h slog.Handler = slog.NewTextHandler(out, o)
	if asJSON {
		h = slog.NewJSONHandler(out, o)
	}
	return slog.New(&boundedLog{Handler: h, kinds: &logKindsSeen{byMessage: map[string]*logKind{}}})
}

// boundedLog lets lines of one message through at a limited rate. It counts the others, and says
// how many they were.
type boundedLog struct {
	slog.Handler
	kinds *logKindsSeen
}

type logKindsSeen struct {
	mu        sync.Mutex
	byMessage map[string]*logKind
}

// logKind is what lines with one message share.
type logKind struct {
	limit   *rate.Limiter
	leftOut int
}

// WithAttrs returns a handler that counts together with this one.
func (h *boundedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &boundedLog{h.Handler.WithAttrs(attrs), h.kinds}
}

// WithGroup returns a handler that counts together with this one.
func (h *boundedLog) WithGroup(name string) slog.Handler {
	return &boundedLog{h.Handler.WithGroup(name), h.kinds}
}

// Handle writes the line, or counts it as left out.
func (h *boundedLog) Handle(ctx context.Context, r slog.Record) error {
	if !h.allows(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h *boundedLog) allows(r slog.Record) bool {
	h.kinds.mu.Lock()
	defer h.kinds.mu.Unlock()
	message := kindOf(r.Message)
	kind := h.kinds.byMessage[message]
	if kind == nil {
		if len(h.kinds.byMessage) >= logKinds {
			message = ""
		}
		if kind = h.kinds.byMessage[message]; kind == nil {
			kind = &logKind{limit: rate.NewLimiter(logRate, logBurst)}
			h.kinds.byMessage[message] = kind
		}
	}
	if kind.limit.Allow() {
		return true
	}
	if kind.leftOut++; kind.leftOut == 1 {
		time.AfterFunc(logWait, func() { h.tell(r.Level, r.Message, kind) })
	}
	return false
}

// kindOf returns what lines of one kind have in common: the message up to what may be an address or
// a number in it.
func kindOf(message string) string {
	if i := strings.IndexAny(message, ":0123456789"); i > 0 {
		return message[:i]
	}
	return message
}

// tell says how many lines were left out.
func (h *boundedLog) tell(level slog.Level, message string, kind *logKind) {
	h.kinds.mu.Lock()
	n := kind.leftOut
	kind.leftOut = 0
	h.kinds.mu.Unlock()
	r := slog.NewRecord(time.Now(), level, "lines like this were left out", 0)
	r.AddAttrs(slog.String("like", message), slog.Int("count", n))
	_ = h.Handler.Handle(context.Background(), r) // a log that cannot be written cannot be told of
}

// boundedAttr cuts long values, and writes out what cannot be seen: control characters, and those
// that turn the direction of writing.
func boundedAttr(_ []string, a slog.Attr) slog.Attr {
	var text string
	switch v := a.Value.Any().(type) {
	case slog.Level:
		return a
	case string:
		text = v
	case error:
		text = v.Error()
	default:
		if a.Value.Kind() != slog.KindAny {
			return a
		}
		text = fmt.Sprint(v)
	}
	limit := logText
	if a.Key == "stack" {
		limit = logStack
	}
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "… (" + strconv.Itoa(len(text)) + " bytes)"
	}
	if a.Key != "stack" && strings.ContainsFunc(text, hidden) {
		text = visible(text)
	}
	return slog.String(a.Key, text)
}

func hidden(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

// visible writes hidden characters as Go and JSON do, as in \n and \u202e.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
