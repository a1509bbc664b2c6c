package api

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine/strictjson"
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

// readBody reads the body into b, inflated if it is compressed. Neither what comes nor what it
// becomes is larger than the limit.
func readBody(c *gin.Context, b *bytes.Buffer, limit int64) error {
	tooLarge := func() error {
		return newError(codeBodyTooLarge, "the body has more than %d bytes", limit).with("limit", limit)
	}
	if c.Request.ContentLength > limit {
		return tooLarge()
	}
	sent := http.MaxBytesReader(c.Writer, c.Request.Body, limit)
	encoding := strings.ToLower(strings.Join(c.Request.Header.Values("Content-Encoding"), ", "))
	body, err := inflated(sent, encoding)
	if errors.Is(err, errors.ErrUnsupported) {
		c.Header("Accept-Encoding", "gzip, deflate")
		return newError(codeMediaType, "the Content-Encoding %q is not understood here: send the body as it is, or as gzip or deflate", encoding)
	}
	if err == nil {
		if n := c.Request.ContentLength; n > 0 {
			b.Grow(int(n) + bytes.MinRead)
		}
		_, err = b.ReadFrom(io.LimitReader(body, limit+1))
	}
	var mbe *http.MaxBytesError
	switch {
	case errors.As(err, &mbe), int64(b.Len()) > limit:
		return tooLarge()
	case err != nil && body != sent:
		return newError(strictjson.CodeMalformed, "the body is not whole %s, as its Content-Encoding says", encoding)
	case err != nil:
		return newError(strictjson.CodeMalformed, "the body ended before it was whole")
	}
	return nil
}

// inflated returns the body as it was before it was compressed; errors.ErrUnsupported when the
// encoding is another. What is called deflate comes with a head or, from some senders, without.
func inflated(sent io.Reader, encoding string) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return sent, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(sent)
	case "deflate":
		head := make([]byte, 2)
		n, err := io.ReadFull(sent, head)
		if err != nil {
			return nil, err
		}
		whole := io.MultiReader(bytes.NewReader(head[:n]), sent)
		if head[0]&15 == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(whole)
		}
		return flate.NewReader(whole), nil
	}
	return nil, errors.ErrUnsupported
}

// readJSON reads a body that must be JSON and be declared as such. It is empty when there is none.
func readJSON(c *gin.Context, b *bytes.Buffer, limit int64) ([]byte, error) {
	if err := readBody(c, b, limit); err != nil {
		return nil, err
	}
	return jsonOf(c, b)
}

func jsonOf(c *gin.Context, b *bytes.Buffer) ([]byte, error) {
	header := c.GetHeader("Content-Type")
	if header != "application/json" && (header != "" || b.Len() > 0) {
		if err := isJSON(header); err != nil {
			return nil, err
		}
	}
	raw := b.Bytes()
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return nil, newError(strictjson.CodeMalformed, "the body is UTF-16: send it as UTF-8")
	}
	return bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), nil // a byte order mark, which files may have
}

// isJSON wants the body to be declared as JSON. A page of another site can make a browser send any
// other kind without being asked.
func isJSON(header string) error {
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return newError(codeMediaType, "the body must be JSON: send the header `Content-Type: application/json`, not %q",
			header)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return newError(codeMediaType, "the body must be UTF-8, not %s", charset)
	}
	return nil
}

// decode reads a small JSON body strictly into v, which points to a struct. An empty body leaves v
// as it is when it may be empty.
func decode(c *gin.Context, v any, mayBeEmpty bool) error {
	var b bytes.Buffer
	raw, err := readJSON(c, &b, maxBody)
	if err != nil {
		return err
	}
	if b.Len() == 0 && mayBeEmpty {
		return nil
	}
	return decodeBytes(raw, v)
}

// decodeBytes is as strict as the reader of events, which it uses: nothing that appears twice,
// nothing deep, keys written as they are documented.
func decodeBytes(raw []byte, v any) error {
	value, rej := strictjson.ReadJSON(raw)
	if rej == nil {
		rej = conforms("", reflect.TypeOf(v).Elem(), value)
	}
	if rej != nil {
		return rejected(rej)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return newError(strictjson.CodeWrongType, "the body cannot be read: %s", err)
	}
	return nil
}

// noBody wants a request without a body, or with an empty object.
func (s *server) noBody(c *gin.Context) {
	if err := decode(c, &struct{}{}, true); err != nil {
		s.fail(c, err)
	}
}
