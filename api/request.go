package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine"
)

const (
	maxBody      = 1 << 20
	maxWorkspace = 16 << 20 // POST /v1/check
	maxParams    = 64 << 10 // of a trigger
)

// buffers are reused: a body is read into one, decided on and given back.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *bytes.Buffer {
	if b, ok := p.pool.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

func (p *bufferPool) put(b *bytes.Buffer) {
	if b.Cap() <= maxBody { // a giant would stay for ever
		p.pool.Put(b)
	}
}

// readBody reads the body into b, bounded.
func readBody(c *gin.Context, b *bytes.Buffer, limit int64) error {
	tooLarge := newError(codeBodyTooLarge, "the body has more than %d bytes", limit).with("limit", limit)
	if c.Request.ContentLength > limit {
		return tooLarge
	}
	if n := c.Request.ContentLength; n > 0 {
		b.Grow(int(n) + bytes.MinRead)
	}
	_, err := b.ReadFrom(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	var mbe *http.MaxBytesError
	switch {
	case errors.As(err, &mbe):
		return tooLarge
	case err != nil:
		return newError(engine.CodeMalformed, "the body ended before it was whole")
	}
	return nil
}

// isJSON wants the body to be declared as JSON, or not at all.
func isJSON(c *gin.Context) error {
	header := c.GetHeader("Content-Type")
	if header == "" || header == "application/json" {
		return nil
	}
	kind, _, err := mime.ParseMediaType(header)
	if err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
		return nil
	}
	return newError(codeMediaType, "the body must be JSON: send the header `Content-Type: application/json`, not %q", header)
}

// decode reads a small JSON body strictly. An empty body leaves v as it is when it may be empty.
func decode(c *gin.Context, v any, mayBeEmpty bool) error {
	var b bytes.Buffer
	if err := readBody(c, &b, maxBody); err != nil {
		return err
	}
	if b.Len() == 0 && mayBeEmpty {
		return nil
	}
	if err := isJSON(c); err != nil {
		return err
	}
	return decodeBytes(b.Bytes(), v)
}

func decodeBytes(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return newError(engine.CodeMalformed, "the JSON goes on after its end at byte %d", d.InputOffset()).with("offset", d.InputOffset())
		}
		return nil
	}
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return newError(engine.CodeMalformed, "the JSON is broken at byte %d", syntax.Offset).with("offset", syntax.Offset)
	case errors.As(err, &typ):
		return newError(engine.CodeWrongType, "%s must not be a JSON %s", orBody(typ.Field), typ.Value).with("path", typ.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		name := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return newError(engine.CodeUnknownField, "there is no field `%s` here", name).with("path", name)
	}
	return newError(engine.CodeMalformed, "the JSON ends too early, after %d bytes", len(raw)).with("offset", len(raw))
}

func orBody(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

// page reads `cursor` and `limit`.
func page(c *gin.Context) (cursor string, limit int, err error) {
	limit = 50
	if q := c.Query("limit"); q != "" {
		if limit, err = strconv.Atoi(q); err != nil || limit < 1 || limit > 1000 {
			return "", 0, newError(codeInvalidQuery, "limit must be a whole number from 1 to 1000, got %q", q)
		}
	}
	cursor = c.Query("cursor")
	if n, err := strconv.ParseInt(cursor, 10, 64); cursor != "" && (err != nil || n < 1) {
		return "", 0, newError(codeInvalidQuery, "cursor must be the `next` of the page before, got %q", cursor)
	}
	return cursor, limit, nil
}

// newID gives an event's id its time, so that ids that follow each other lie beside each other in the database.
func (s *server) newID() (string, error) {
	id, err := newUUID()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id, nil
}

// optional gives nil for the zero time, which JSON then leaves out.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
