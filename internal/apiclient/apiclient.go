// Package apiclient talks to a running usher over HTTP, for the commands that ask one.
package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Client talks to a running server.
type Client struct {
	Base    string // its address, without a slash at the end
	Key     string
	KeyFrom string // where the key is from; may be empty
	HTTP    *http.Client

	Again func(err error) // called once, when a request is tried again; may be nil
	told  sync.Once
}

// RetryFor is how long [Client.Insist] asks again.
const RetryFor = 30 * time.Second

// Error is an answer that says no.
type Error struct {
	Status     int
	Code       string
	Message    string
	RetryAfter string // the header's value
}

func (e *Error) Error() string { return e.Message }

// Unreachable is a server that gave no answer.
type Unreachable struct {
	Base string
	Err  error
}

func (e *Unreachable) Error() string {
	if errors.Is(e.Err, syscall.ECONNREFUSED) {
		return fmt.Sprintf("no server answers at %s; start one with `usher serve`, or name another with --server", e.Base)
	}
	var name *net.DNSError
	if errors.As(e.Err, &name) {
		return fmt.Sprintf("there is no machine %s: is the address %s right?", name.Name, e.Base)
	}
	cause := e.Err
	var ue *url.Error
	if errors.As(cause, &ue) {
		cause = ue.Err
	}
	if rest, ok := strings.CutPrefix(e.Base, "https://"); ok && errors.Is(cause, http.ErrSchemeMismatch) {
		return fmt.Sprintf("the server at %s speaks http, not https: write http://%s", e.Base, rest)
	}
	return fmt.Sprintf("no answer from the server at %s: %v", e.Base, cause)
}

// Unwrap returns why.
func (e *Unreachable) Unwrap() error { return e.Err }

// Do sends a request; an answer that says no is an [*Error], none at all an [*Unreachable].
func (c *Client) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	return c.ask(ctx, method, path, "", body)
}

// Post sends a request that does something once under its key; without a key each request is
// another.
func (c *Client) Post(ctx context.Context, path, key string, body []byte) ([]byte, error) {
	return c.ask(ctx, http.MethodPost, path, key, body)
}

func (c *Client) ask(ctx context.Context, method, path, key string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, &Unreachable{c.Base, err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return nil, &Unreachable{c.Base, err}
	}
	if res.StatusCode < 300 {
		return text, nil
	}
	out := &Error{
		Status: res.StatusCode, RetryAfter: res.Header.Get("Retry-After"),
		Message: fmt.Sprintf("the server at %s answered %s", c.Base, res.Status),
	}
	var said struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(text, &said) == nil && said.Error.Message != "" {
		out.Code, out.Message = said.Error.Code, said.Error.Message
	}
	if out.Status == http.StatusUnauthorized && c.KeyFrom != "" {
		out.Message += "; the key is from " + c.KeyFrom
	}
	return nil, out
}

// Zone returns the time zone of the server's workspace; UTC from a server that does not say it.
func (c *Client) Zone(ctx context.Context) (*time.Location, error) {
	var schema struct{ Timezone string }
	if _, err := c.Get(ctx, "/v1/schema", &schema); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(schema.Timezone)
	if err != nil { // a server that is newer, or has other zones
		zone = time.UTC
	}
	return zone, nil
}

// Get asks for JSON and gives it both decoded and as it came.
func (c *Client) Get(ctx context.Context, path string, v any) ([]byte, error) {
	text, err := c.Do(ctx, http.MethodGet, path, nil)
	return text, c.decode(text, err, v)
}

// PostFor is post for an answer in JSON, which it gives as get does.
func (c *Client) PostFor(ctx context.Context, path, key string, body []byte, v any) ([]byte, error) {
	text, err := c.Post(ctx, path, key, body)
	return text, c.decode(text, err, v)
}

// decode reads an answer, unless there is an error instead of one.
func (c *Client) decode(text []byte, err error, v any) error {
	if err == nil && json.Unmarshal(text, v) != nil {
		return fmt.Errorf("the server at %s answered something that is not usher's JSON", c.Base)
	}
	return err
}

// Insist asks until it is answered, for what is passing and no longer than [RetryFor].
func (c *Client) Insist(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	deadline := time.Now().Add(RetryFor)
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		text, err := c.Do(ctx, method, path, body)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return text, err
		}
		var said *Error
		pause := wait
		if errors.As(err, &said) {
			if n, convErr := strconv.Atoi(said.RetryAfter); convErr == nil {
				pause = time.Duration(n) * time.Second
			}
		}
		if time.Now().Add(pause).After(deadline) {
			return nil, fmt.Errorf("gave up after %s; run the same command again, what was taken is not taken twice: %w",
				RetryFor, err)
		}
		if c.Again != nil {
			c.told.Do(func() { c.Again(err) })
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// passing reports whether an error may be over soon.
func passing(err error) bool {
	var unreachable *Unreachable
	var said *Error
	switch {
	case errors.As(err, &unreachable):
		var name *net.DNSError
		return !errors.Is(err, http.ErrSchemeMismatch) && !(errors.As(err, &name) && name.IsNotFound)
	case errors.As(err, &said):
		return said.Status == 429 || said.Status >= 500
	}
	return false
}
