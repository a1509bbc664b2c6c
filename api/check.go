package api

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

type checkBody struct {
	Files map[string]string `json:"files" doc:"text by path, as in usher.yaml, playbooks/welcome.yaml"`
}

// checkReply documents the answer of POST /v1/check, which is that of `usher check --format json`.
type checkReply struct {
	Format      int                    `json:"format"`
	Diagnostics []playbooks.Diagnostic `json:"diagnostics"`
}

func (s *server) check(c *gin.Context) {
	files, err := readWorkspace(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	var out bytes.Buffer
	if err := playbooks.Render(&out, "json", s.Check(files), files); err != nil {
		s.fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", out.Bytes())
}

// readWorkspace reads files as JSON or tar.
func readWorkspace(c *gin.Context) (map[string][]byte, error) {
	var body bytes.Buffer
	if err := readBody(c, &body, maxWorkspace); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if kind == "application/x-tar" || kind == "application/tar" {
		if err := untar(&body, files); err != nil {
			return nil, err
		}
	} else {
		if err := isJSON(c); err != nil {
			return nil, err
		}
		var in checkBody
		if err := decodeBytes(body.Bytes(), &in); err != nil {
			return nil, err
		}
		for name, text := range in.Files {
			files[name] = []byte(text)
		}
	}
	if len(files) == 0 {
		return nil, newError(engine.CodeMissingField, "there are no files: send {\"files\": {\"usher.yaml\": \"…\"}} or a tar").with("path", "files")
	}
	for name := range files {
		if !fs.ValidPath(name) || strings.Contains(name, `\`) {
			return nil, newError(engine.CodeInvalid, "%q is not a path inside a workspace", name).with("path", "files")
		}
	}
	return files, nil
}

func untar(in io.Reader, files map[string][]byte) error {
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return newError(engine.CodeMalformed, "the body is not a tar file")
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return newError(engine.CodeMalformed, "the tar file ends inside %s", h.Name)
		}
		files[strings.TrimPrefix(h.Name, "./")] = data
	}
}

// ready asks the database, so that a load balancer sends nothing where nothing could be kept.
func (s *server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.Warn("not ready", "error", fmt.Errorf("ask the database: %w", err))
		s.fail(c, newError(codeUnavailable, "the database does not answer"))
		return
	}
	c.String(http.StatusOK, "ready\n")
}
