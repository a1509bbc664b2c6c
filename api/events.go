package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
)

// maxEvents is the longest array of events.
const maxEvents = 1000

func newUUID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// eventResult is what became of one event; eventResults of an array. They stand in the OpenAPI
// document; the answer itself is written by hand in appendResult, which a test holds against them.
type eventResult struct {
	Status  string      `json:"status" enum:"accepted,duplicate,rejected"`
	ID      string      `json:"id,omitempty"`
	Differs bool        `json:"differs,omitempty" doc:"of a duplicate: it has other content than what was accepted under its id, which stays as it was"`
	Error   *eventError `json:"error,omitempty"`
}

type eventError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

type eventResults struct {
	Accepted  int           `json:"accepted"`
	Duplicate int           `json:"duplicate"`
	Rejected  int           `json:"rejected"`
	Results   []eventResult `json:"results"`
}

// schemaView is the part of usher.yaml that a sender needs, in usher.yaml's own terms.
type schemaView struct {
	Usher    int            `json:"usher" doc:"version of the language"`
	Timezone string         `json:"timezone" doc:"of times that name no offset"`
	Member   map[string]any `json:"member" doc:"attributes that can be written, typed as usher.yaml types them"`
	Objects  map[string]any `json:"objects,omitempty" doc:"kinds of objects, with their attributes that can be written"`
	Events   map[string]any `json:"events" doc:"properties by event, typed as usher.yaml types them"`
}

// local writes an instant for a sentence that people read: in the workspace's zone, with its
// offset.
func (s *server) local(at time.Time) string {
	ws, _ := s.Workspace()
	return at.In(ws.Schema.Timezone).Format(time.RFC3339)
}

func (s *server) getSchema(*gin.Context) (schemaView, error) {
	ws, _ := s.Workspace()
	return schemaView{
		Usher: 1, Timezone: ws.Schema.Timezone.String(), Member: ws.Schema.MemberSyntax(), Events: ws.Schema.EventsSyntax(),
		Objects: ws.Schema.ObjectsSyntax(),
	}, nil
}

// postEvents is the hot path: one read, one pass over the bytes, one commit, one write.
func (s *server) postEvents(pool *bufferPool) gin.HandlerFunc {
	return func(c *gin.Context) {
		body := pool.get()
		defer pool.put(body)
		text, err := readJSON(c, body, maxBody)
		if err != nil {
			s.fail(c, err)
			return
		}
		raw := bytes.TrimLeft(text, " \t\r\n")
		ws, _ := s.Workspace()
		if len(raw) > 0 && raw[0] == '[' {
			s.manyEvents(c, ws, raw, pool)
			return
		}
		s.oneEvent(c, ws, raw, pool)
	}
}

func (s *server) admit(ws *playbooks.Workspace, raw []byte, d *directory) (engine.Input, *strictjson.Rejection, error) {
	in, rej := intake.Event(ws.Schema, raw)
	if rej != nil {
		return in, rej, nil
	}
	rej, err := d.resolve(ws, &in)
	if rej != nil || err != nil {
		return in, rej, err
	}
	if in.ID == "" {
		in.ID, err = s.newID()
	}
	if in.Kind == engine.InputUpdate { // of an object: known as what PUT writes
		in.ID = naming.UpdateID(in.ID, in.Member)
	}
	return in, nil, err
}

func (s *server) oneEvent(c *gin.Context, ws *playbooks.Workspace, raw []byte, pool *bufferPool) {
	in, rej, err := s.admit(ws, raw, s.directory(c, ws))
	if rej != nil {
		s.metrics.rejected.Inc()
		s.fail(c, rejected(rej))
		return
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	inputs := [1]engine.Input{in}
	if err := s.admits(c, inputs[:]); err != nil {
		s.fail(c, err)
		return
	}
	known, err := s.Store.Take(c.Request.Context(), inputs[:])
	if err != nil {
		s.fail(c, err)
		return
	}
	if known[0].Duplicate {
		s.metrics.duplicate.Inc()
	} else {
		s.metrics.accepted.Inc()
		s.Wake(in.Member)
	}
	out := pool.get()
	defer pool.put(out)
	out.Write(appendResult(out.AvailableBuffer(), in.ID, known[0], nil))
	c.Data(http.StatusAccepted, "application/json; charset=utf-8", out.Bytes())
}

// admitted is an item of an array: at is its place among the inputs, when it was not rejected.
type admitted struct {
	at       int
	rejected *strictjson.Rejection
	id       string // of a rejected one, as far as it can be read
}

// manyEvents takes what is good of an array. The bad is answered, and logged in one line for all,
// and leaves nothing: its ids stay free.
func (s *server) manyEvents(c *gin.Context, ws *playbooks.Workspace, raw []byte, pool *bufferPool) {
	items, bad := splitArray(raw)
	if bad != nil {
		s.fail(c, bad)
		return
	}
	inputs := make([]engine.Input, 0, len(items))
	list := make([]admitted, len(items))
	known := s.directory(c, ws)
	for i, item := range items {
		in, rej, err := s.admit(ws, item, known)
		if err != nil {
			s.fail(c, err)
			return
		}
		if rej != nil {
			list[i] = admitted{rejected: rej, id: intake.PeekID(item)}
			continue
		}
		list[i].at = len(inputs)
		inputs = append(inputs, in)
	}
	if n := len(items) - len(inputs); n > 0 {
		s.metrics.rejected.Add(float64(n))
		s.logRejected(list, n)
	}
	stored, err := s.acceptAll(c, inputs)
	if err != nil {
		s.fail(c, err)
		return
	}
	out := pool.get()
	defer pool.put(out)
	out.Write(appendResults(out.AvailableBuffer(), list, inputs, stored))
	c.Data(http.StatusAccepted, "application/json; charset=utf-8", out.Bytes())
}

// logRejected says how many events of an array were rejected, and of the first few what is wrong
// with them.
func (s *server) logRejected(list []admitted, n int) {
	const samples, most = 3, 60 // bytes of a sample's id and path
	attrs := []any{"rejected", n, "of", len(list)}
	for i := range list {
		rej := list[i].rejected
		if rej == nil {
			continue
		}
		text := strings.TrimSpace(fmt.Sprintf("[%d] %s %s", i, rej.Code, cut(rej.Path, most)))
		if list[i].id != "" {
			text += " id=" + cut(list[i].id, most)
		}
		if attrs = append(attrs, fmt.Sprintf("sample%d", len(attrs)/2-1), text); len(attrs) == 2*(2+samples) {
			break
		}
	}
	s.Log.Warn("events were rejected", attrs...)
}

// cut shortens a text to so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func appendResults(b []byte, list []admitted, inputs []engine.Input, known []store.Known) []byte {
	b = append(b, `{"results":[`...)
	duplicate := 0
	for i, item := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if item.rejected != nil {
			b = appendResult(b, item.id, store.Known{}, item.rejected)
			continue
		}
		if known[item.at].Duplicate {
			duplicate++
		}
		b = appendResult(b, inputs[item.at].ID, known[item.at], nil)
	}
	b = appendCount(append(b, ']'), "accepted", len(inputs)-duplicate)
	b = appendCount(b, "duplicate", duplicate)
	return append(appendCount(b, "rejected", len(list)-len(inputs)), '}')
}

// acceptAll stores the inputs in one commit and tells which of them were known already.
func (s *server) acceptAll(c *gin.Context, inputs []engine.Input) ([]store.Known, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	if err := s.admits(c, inputs); err != nil {
		return nil, err
	}
	known, err := s.Store.Take(c.Request.Context(), inputs)
	if err != nil {
		return nil, err
	}
	members := make([]string, 0, len(inputs))
	for i := range known {
		if !known[i].Duplicate {
			members = append(members, inputs[i].Member)
		}
	}
	s.metrics.duplicate.Add(float64(len(inputs) - len(members)))
	s.metrics.accepted.Add(float64(len(members)))
	if len(members) > 0 {
		s.Wake(members...)
	}
	return known, nil
}

func appendCount(b []byte, name string, n int) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, int64(n), 10)
}

func appendResult(b []byte, id string, known store.Known, rej *strictjson.Rejection) []byte {
	switch {
	case rej != nil:
		b = append(b, `{"status":"rejected"`...)
	case known.Duplicate:
		b = append(b, `{"status":"duplicate"`...)
	default:
		b = append(b, `{"status":"accepted"`...)
	}
	if id != "" {
		b = appendString(append(b, `,"id":`...), id)
	}
	if known.Differs {
		b = append(b, `,"differs":true`...)
	}
	if rej != nil {
		b = appendString(append(b, `,"error":{"code":`...), rej.Code)
		b = appendString(append(b, `,"message":`...), rej.Error())
		if rej.Path != "" {
			b = appendString(append(b, `,"path":`...), rej.Path)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// splitArray finds the items of a JSON array by their brackets, without decoding them: a bad item
// is then its own mistake.
func splitArray(raw []byte) ([][]byte, *apiError) {
	malformed := func(at int, what string) *apiError {
		return newError(strictjson.CodeMalformed, "%s at byte %d", what, at+1).with("offset", at+1)
	}
	var items [][]byte
	start, depth := 1, 0
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}':
			depth--
		case ',', ']':
			if depth > 0 {
				if raw[i] == ']' {
					depth--
				}
				continue
			}
			item := bytes.TrimSpace(raw[start:i])
			end := raw[i] == ']'
			if len(item) == 0 && (!end || len(items) > 0) {
				return nil, malformed(i, "the JSON is broken: an item of the array is missing")
			}
			if len(item) > 0 {
				items = append(items, item)
			}
			if len(items) > maxEvents {
				return nil, newError(strictjson.CodeTooLarge, "an array has at most %d events", maxEvents).with("limit", maxEvents)
			}
			if start = i + 1; end {
				if rest := bytes.TrimSpace(raw[start:]); len(rest) > 0 {
					return nil, malformed(start, "the JSON goes on after its end")
				}
				return items, nil
			}
		}
		if depth < 0 {
			return nil, malformed(i, "the JSON is broken: a bracket is closed that was not opened")
		}
	}
	return nil, malformed(len(raw), "the JSON array has no end")
}
