package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
)

type checkBody struct {
	Files map[string]string `json:"files" doc:"text by path, as in usher.yaml, playbooks/welcome.yaml"`
}

// checkReply documents the answer of POST /v1/check, which is that of `usher check --format json`.
type checkReply struct {
	Format      int               `json:"format"`
	Diagnostics []diag.Diagnostic `json:"diagnostics"`
}

func (s *server) check(c *gin.Context) {
	files, err := readWorkspace(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	var out bytes.Buffer
	if err := diag.Render(&out, "json", s.Check(files), files); err != nil {
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
	files, err := unpack(c, &body)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, newError(strictjson.CodeMissingField,
			"there are no files: send {\"files\": {\"usher.yaml\": \"…\"}} or a tar").with("path", "files")
	}
	return files, nil
}

// archives are the media types of a tar file, plain or in gzip.
var archives = []string{
	"application/x-tar", "application/tar", "application/gzip", "application/x-gzip", "application/x-tar+gzip",
	"application/x-compressed-tar",
}

func unpack(c *gin.Context, body *bytes.Buffer) (folder.Files, error) {
	if kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); slices.Contains(archives, kind) {
		files, err := folder.Unpack(body)
		return files, notAWorkspace(err)
	}
	raw, err := jsonOf(c, body)
	if err != nil {
		return nil, err
	}
	var in checkBody
	if err := decodeBytes(raw, &in); err != nil {
		return nil, err
	}
	files := folder.Files{}
	for name, text := range in.Files {
		if err := files.Add(name, []byte(text)); err != nil {
			return nil, notAWorkspace(err)
		}
	}
	return files, nil
}

// notAWorkspace says why files cannot be those of a workspace.
func notAWorkspace(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, folder.ErrTooLarge):
		return newError(codeBodyTooLarge, "%s", err).with("path", "files")
	case errors.Is(err, folder.ErrNotTar):
		return newError(strictjson.CodeMalformed, "%s", err)
	}
	return newError(strictjson.CodeInvalid, "%s", err).with("path", "files")
}

// ready asks the database, so that a load balancer sends nothing where nothing could be kept, or
// nothing is decided any more. A machine's clock that is not followed keeps nobody from being
// served: the answer says what is wrong with it.
func (s *server) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.Warn("not ready", "error", fmt.Errorf("ask the database: %w", err))
		s.fail(c, newError(codeUnavailable, "the database does not answer"))
		return
	}
	clock := s.Clock.State()
	if err := s.notBegun(); err != nil {
		s.fail(c, err)
		return
	}
	oldest, err := s.Store.Undecided(ctx)
	if err != nil {
		s.Log.Warn("not ready", "error", err)
		s.fail(c, newError(codeUnavailable, "the database does not answer"))
		return
	}
	for lane := range oldest {
		if s.undecidedFor(&oldest[lane], clock.At) >= store.OldAfter {
			s.fail(c, newError(codeUnavailable, "what lane %d took in is not decided since %s: the log says why", lane,
				s.local(oldest[lane].Accepted)))
			return
		}
	}
	for lane := range oldest { // what is taken of others is decided as ever
		if s.undecidedFor(&oldest[lane], s.now()) > s.AdmitAge {
			c.String(http.StatusOK, "ready; lane %d has not decided what it took in at %s, and what comes for it is answered 429\n", lane,
				s.local(oldest[lane].Accepted))
			return
		}
	}
	held, err := s.Store.Held(ctx)
	held = slices.DeleteFunc(held, func(h engine.Held) bool { return h.Building })
	if err != nil {
		s.Log.Warn("not ready", "error", err)
		s.fail(c, newError(codeUnavailable, "the database does not answer"))
		return
	}
	answer := []string{"ready"}
	if len(held) > 0 { // all others are decided, so this server is as good as any
		answer = append(answer, fmt.Sprintf("of %d members something that is stored cannot be read: GET /v1/failures lists them",
			len(held)))
	}
	if trouble := clock.Trouble(); trouble != "" {
		answer = append(answer, trouble)
	}
	c.String(http.StatusOK, "%s\n", strings.Join(answer, "; "))
}
