package api_test

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"runtime"
	"strings"
	"testing"
)

// compressed returns a body in each form that is understood.
func compressed(t *testing.T, encoding, body string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "x-gzip", "GZIP":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, _ = flate.NewWriter(&b, 6)
	}
	_, err := io.WriteString(w, body)
	if err2 := w.Close(); err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return b.String()
}

func TestCompressedBodies(t *testing.T) {
	f := newFixture(t)
	const event = `{"event":"x","member":"m"}`
	for _, encoding := range []string{"gzip", "x-gzip", "GZIP", "deflate"} {
		f.want(f.call("POST", "/v1/events", compressed(t, encoding, event), "Content-Encoding", encoding), 202, nil)
		f.want(f.call("POST", "/v1/events", compressed(t, encoding, "["+event+"]"), "Content-Encoding", encoding), 202, nil)
		f.want(f.call("PUT", "/v1/members/m", compressed(t, encoding, `{}`), "Content-Encoding", encoding), 202, nil)
		f.want(f.call("POST", "/v1/check", compressed(t, encoding, `{"files":{"usher.yaml":"usher: 1"}}`),
			"Content-Encoding", encoding), 200, nil)
	}
	f.want(f.call("POST", "/v1/events", compressed(t, "raw", event), "Content-Encoding", "deflate"), 202, nil)
	f.want(f.call("POST", "/v1/events", event, "Content-Encoding", "identity"), 202, nil)
	for _, other := range []string{"br", "zstd", "compress", "gzip, gzip", "nonsense"} {
		a := f.call("POST", "/v1/events", event, "Content-Encoding", other)
		f.want(a, 415, "unsupported_media_type")
		if !strings.Contains(a.text, other) || a.header.Get("Accept-Encoding") != "gzip, deflate" {
			t.Errorf("%s: %s, Accept-Encoding %q", other, a.text, a.header.Get("Accept-Encoding"))
		}
	}
	whole := compressed(t, "gzip", event)
	for name, broken := range map[string]string{
		"no gzip": event, "cut": whole[:len(whole)-3], "a head only": whole[:4], "changed": whole[:12] + "\xff\xff" +
			whole[14:], "nothing": "",
	} {
		a := f.call("POST", "/v1/events", broken, "Content-Encoding", "gzip", "Content-Type", "application/json")
		if a.status != 400 || !strings.Contains(a.text, "gzip") {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
}

// A small body may become a very large one.
func TestInflatedBodiesAreBounded(t *testing.T) {
	f := newFixture(t)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	_ = w.WriteHeader(&tar.Header{Name: "usher.yaml", Mode: 0o600, Size: 64 << 20})
	_, _ = w.Write(make([]byte, 64<<20))
	_ = w.Close()
	bombs := map[string]string{
		"/v1/events":                    compressed(t, "gzip", "["+strings.Repeat(" ", 64<<20)+"]"),
		"/v1/playbooks/by-hand/trigger": compressed(t, "deflate", "["+strings.Repeat(" ", 64<<20)+"]"),
		"/v1/check":                     compressed(t, "gzip", strings.Repeat(" ", 64<<20)),
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for path, bomb := range bombs {
		encoding := "gzip"
		if strings.HasSuffix(path, "trigger") {
			encoding = "deflate"
		}
		f.want(f.call("POST", path, bomb, "Content-Encoding", encoding), 413, "body_too_large")
	}
	f.want(f.call("POST", "/v1/check", compressed(t, "gzip", archive.String()), "Content-Encoding", "gzip",
		"Content-Type", "application/x-tar"), 413, "body_too_large")
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 300<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

// All routes read bodies alike: by the words of a body that would do, and that body with something
// wrong in it.
func TestBodiesAreReadAlike(t *testing.T) {
	f := newFixture(t)
	f.seedRun()
	routes := []struct{ method, path, key, value string }{
		{"POST", "/v1/events", "event", `"x","member":"m"`},
		{"PUT", "/v1/members/m", "attributes", `{}`},
		{"POST", "/v1/playbooks/by-hand/trigger", "members", `["m"],"params":{"reason":"x"}`},
		{"POST", "/v1/coupons/NEW-1/redeem", "id", `"o1"`},
		{"POST", "/v1/check", "files", `{"usher.yaml":"usher: 1"}`},
	}
	deep := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
	for _, r := range routes {
		good := `"` + r.key + `":` + r.value
		if a := f.call(r.method, r.path, "\xef\xbb\xbf{"+good+"}"); a.status >= 300 {
			t.Errorf("%s with a byte order mark: %d %s", r.path, a.status, a.text)
		}
		for name, wrong := range map[string]struct {
			body   string
			status int
			code   string
		}{
			"unknown key":        {`{` + good + `,"nonsense":1}`, 422, "unknown_field"},
			"another case":       {`{"` + strings.ToUpper(r.key) + `":` + r.value + `}`, 422, "unknown_field"},
			"twice":              {`{` + good + `,` + good + `}`, 422, "duplicate_field"},
			"more behind":        {`{` + good + `} {}`, 400, "malformed_json"},
			"text behind":        {`{` + good + `}x`, 400, "malformed_json"},
			"a comma behind":     {`{` + good + `,}`, 400, "malformed_json"},
			"cut":                {`{` + good, 400, "malformed_json"},
			"null":               {`null`, 422, "wrong_type"},
			"a text":             {`"x"`, 422, "wrong_type"},
			"a number":           {`7`, 422, "wrong_type"},
			"of another type":    {`{"` + r.key + `":7}`, 422, "wrong_type"},
			"null for it":        {`{"` + r.key + `":null}`, 422, "wrong_type"},
			"deep":               {`{"` + r.key + `":` + deep + `}`, 422, "too_large"},
			"a number too large": {`{"` + r.key + `":1e999}`, 422, "invalid_value"},
			"no UTF-8":           {"{\"" + r.key + "\":\"\xff\"}", 400, "malformed_json"},
			"UTF-16":             {"\xff\xfe{\x00}\x00", 400, "malformed_json"},
			"only a mark":        {"\xef\xbb\xbf", 400, "malformed_json"},
			"a comment":          {`{/* */}`, 400, "malformed_json"},
		} {
			a := f.call(r.method, r.path, wrong.body)
			if a.status != wrong.status || a.code() != wrong.code {
				t.Errorf("%s, %s: %d %v, want %d %s: %s", r.path, name, a.status, a.code(), wrong.status, wrong.code, a.text)
			}
		}
		f.want(f.call(r.method, r.path, `{`+good+`}`, "Content-Type", "application/json; charset=gbk"), 415,
			"unsupported_media_type")
		f.want(f.call(r.method, r.path, `{`+good+`}`, "Content-Type", ""), 415, "unsupported_media_type")
		if a := f.call(r.method, r.path, `{`+good+`}`, "Content-Type", "application/json; charset=UTF-8"); a.status >= 300 {
			t.Errorf("%s with a charset: %d %s", r.path, a.status, a.text)
		}
	}
	// What has no body takes none but an empty object.
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", `{}`), 200, nil)
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", `{"until":"tomorrow"}`), 422, "unknown_field")
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", `pause`), 400, "malformed_json")
	path := f.call("POST", "/v1/playbooks/by-hand/trigger", `{"members":["a","b",7],"params":{"reason":"x"}}`)
	f.want(path, 422, "wrong_type")
	if path.detail("path") != "members[2]" {
		t.Errorf("the place: %s", path.text)
	}
}

// A text that nothing can hold is refused with its place on every route that reads a body, and
// never an event's neighbours with it.
func TestTextsThatNothingHolds(t *testing.T) {
	f := newFixture(t)
	for _, text := range []string{`\ud83d`, `\ude00\ud83d`, `a\u0000`} {
		f.want(f.call("POST", "/v1/events", `{"event":"x","member":"m","properties":{"p":"`+text+`"}}`), 422, "invalid_value")
		f.want(f.call("POST", "/v1/events", `{"event":"x","member":"`+text+`"}`), 422, "invalid_value")
		f.want(f.call("PUT", "/v1/members/m", `{"attributes":{"p":"`+text+`"}}`), 422, "invalid_value")
		f.want(f.call("POST", "/v1/coupons/C/redeem", `{"id":"`+text+`"}`), 422, "invalid_value")
		a := f.call("POST", "/v1/events", `[{"event":"x","member":"m"},{"event":"x","member":"m","properties":{"p":["`+text+
			`"]}},{"event":"x","member":"n"}]`)
		f.want(a, 202, nil)
		if !strings.Contains(a.text, `"accepted":2`) || !strings.Contains(a.text, `"path":"properties.p[0]"`) {
			t.Errorf("%s: %s", text, a.text)
		}
	}
}
