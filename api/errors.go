package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
)

// The codes of errors that are not a rejection of the engine.
const (
	codeUnauthorized     = "unauthorized"
	codeForbidden        = "forbidden"
	codeCrossOrigin      = "cross_origin"
	codeNotFound         = "not_found"
	codeMethodNotAllowed = "method_not_allowed"
	codeBodyTooLarge     = "body_too_large"
	codeMediaType        = "unsupported_media_type"
	codeInvalidQuery     = "invalid_query"
	codeNotHTTP          = "not_an_http_trigger"
	codeConflict         = "conflict"
	codeExpired          = "expired"
	codeRateLimited      = "rate_limited"
	codeUnavailable      = "unavailable"
	codeTooSlow          = "too_slow"
	codeBehind           = "behind"
	codeInternal         = "internal"
)

// retryAfter is how many seconds a client should wait when the database takes nothing: disks are
// seldom made roomy sooner.
const retryAfter = "5"

const internalMessage = "something went wrong here; the server's log says what"

// statusOf is the one table from an error's code to its HTTP status.
func statusOf(code string) int {
	switch code {
	case strictjson.CodeMalformed, codeInvalidQuery:
		return http.StatusBadRequest
	case strictjson.CodeUnknownField, strictjson.CodeDuplicateField, strictjson.CodeMissingField,
		strictjson.CodeWrongType, strictjson.CodeInvalid,
		strictjson.CodeTooLarge, strictjson.CodeReadOnly:
		return http.StatusUnprocessableEntity
	case codeUnauthorized:
		return http.StatusUnauthorized
	case codeForbidden, codeCrossOrigin:
		return http.StatusForbidden
	case codeNotFound:
		return http.StatusNotFound
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case codeConflict, codeNotHTTP:
		return http.StatusConflict
	case codeExpired:
		return http.StatusGone
	case codeBodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case codeMediaType:
		return http.StatusUnsupportedMediaType
	case codeRateLimited, codeBehind:
		return http.StatusTooManyRequests
	case codeUnavailable, codeTooSlow:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// apiError is an error as clients see it.
type apiError struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Details map[string]any `json:"details,omitempty"`
}

// errorBody is the body of every error.
type errorBody struct {
	Error *apiError `json:"error"`
}

func (e *apiError) Error() string { return e.Message }

func newError(code, format string, args ...any) *apiError {
	return &apiError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *apiError) with(key string, value any) *apiError {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details[key] = value
	return e
}

// rejected words a rejection of the engine.
func rejected(r *strictjson.Rejection) *apiError {
	e := newError(r.Code, "%s", r.Error())
	if r.Path != "" {
		e = e.with("path", r.Path)
	}
	if r.Offset > 0 {
		e = e.with("offset", r.Offset)
	}
	return e
}

// fail answers with the error. What is not known here is internal: it is logged and not shown.
func (s *server) fail(c *gin.Context, err error) {
	var e *apiError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, store.ErrNotFound):
		e = newError(codeNotFound, "there is nothing under %s", c.Request.URL.Path)
	case errors.Is(err, store.ErrCursor):
		e = newError(codeInvalidQuery, "cursor must be the `next` of the page before, got %q", cut(c.Query("cursor"), 100)).
			with("parameter", "cursor")
	case errors.Is(err, store.ErrUnavailable):
		s.Log.Warn("the database takes nothing at present", "route", c.FullPath(), "error", err)
		e = newError(codeUnavailable, "nothing can be stored at present; send it again in %s seconds", retryAfter)
	case errors.Is(err, store.ErrSlow):
		e = newError(codeTooSlow, "the answer was not found within %g seconds, and decisions come first: ask for less, as of one member or playbook, or a smaller `limit`",
			store.AskTime.Seconds())
	case errors.Is(err, store.ErrDamaged):
		s.Log.Error("what is stored cannot be read", "route", c.FullPath(), "error", err)
		e = newError(codeInternal, "what is stored here is damaged and cannot be read; the server's log says what, and GET /v1/failures what is held for it")
	case errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
		return
	default:
		s.Log.Error("a request failed", "route", c.FullPath(), "error", err)
		e = newError(codeInternal, internalMessage)
	}
	if e.Code == codeUnavailable {
		c.Header("Retry-After", retryAfter)
	}
	c.AbortWithStatusJSON(statusOf(e.Code), errorBody{Error: e})
}

func stack() string { return string(debug.Stack()) }
