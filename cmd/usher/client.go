package main

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
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/internal/statedir"
)

// client talks to a running server.
type client struct {
	base string
	key  string
	from string // where the key is from
	http *http.Client

	again func(err error) // told once that a request is tried again; may be nil
	told  sync.Once
}

// serverError is an answer that says no.
type serverError struct {
	status     int
	code       string
	message    string
	retryAfter string
}

func (e *serverError) Error() string { return e.message }

// unreachableError is a server that gave no answer.
type unreachableError struct {
	base string
	err  error
}

func (e *unreachableError) Error() string {
	if errors.Is(e.err, syscall.ECONNREFUSED) {
		return fmt.Sprintf("no server answers at %s; start one with `usher serve`, or name another with --server", e.base)
	}
	var name *net.DNSError
	if errors.As(e.err, &name) {
		return fmt.Sprintf("there is no machine %s: is the address %s right?", name.Name, e.base)
	}
	cause := e.err
	var ue *url.Error
	if errors.As(cause, &ue) {
		cause = ue.Err
	}
	if rest, ok := strings.CutPrefix(e.base, "https://"); ok && errors.Is(cause, http.ErrSchemeMismatch) {
		return fmt.Sprintf("the server at %s speaks http, not https: write http://%s", e.base, rest)
	}
	return fmt.Sprintf("no answer from the server at %s: %v", e.base, cause)
}
func (e *unreachableError) Unwrap() error { return e.err }

func serverFlags(cmd *cobra.Command) {
	flag(cmd, settings.Server)
	flag(cmd, settings.KeyFile)
}

// client makes a client of the command's flags.
func (c *cli) client(cmd *cobra.Command) (*client, error) {
	base := strings.TrimRight(c.setting(cmd, settings.Server), "/")
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		if meant := server.MeantURL(base); meant != "" {
			return nil, usagef("--server must be an address like %s, got %q; did you mean `%s`?", settings.Server.Default,
				base, meant)
		}
		return nil, usagef("--server must be an address like %s, got %q", settings.Server.Default, base)
	}
	for _, note := range c.unknownVariables() {
		if strings.Contains(note, "did you mean") { // others may be those of a workspace's channels
			fmt.Fprintln(c.stderr, "usher: "+note)
		}
	}
	key, from, err := c.apiKey(cmd, u.Hostname())
	if err != nil {
		return nil, err
	}
	return &client{base: base, key: key, from: from, http: &http.Client{Timeout: time.Minute}}, nil
}

// apiKey finds the API key, and tells where it is from.
func (c *cli) apiKey(cmd *cobra.Command, host string) (key, from string, err error) {
	if file := c.setting(cmd, settings.KeyFile); file != "" {
		text, err := os.ReadFile(file)
		switch key := strings.TrimSpace(string(text)); {
		case errors.Is(err, os.ErrNotExist):
			return "", "", fmt.Errorf("there is no file %s with the API key", file)
		case err != nil:
			return "", "", fmt.Errorf("read the API key: %w", err)
		case key == "":
			return "", "", fmt.Errorf("the file %s holds no API key: it is empty", file)
		default:
			return key, file, nil
		}
	}
	if key := c.setting(cmd, settings.APIKey); key != "" {
		return key, settings.APIKey.Env, nil
	}
	// A key of this machine is never shown to another one.
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		path := filepath.Join(statedir.Name, statedir.KeyFile)
		if text, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(text)), path, nil
		}
	}
	return "", "", errors.New("an API key is needed: run this in the folder where `usher serve` was started, set USHER_API_KEY, or name a file with --key-file")
}

// do sends a request; an answer that says no is a *serverError, none at all an *unreachableError.
func (cl *client) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	return cl.ask(ctx, method, path, "", body)
}

// post sends a request that does something once under its key; without a key each request is
// another.
func (cl *client) post(ctx context.Context, path, key string, body []byte) ([]byte, error) {
	return cl.ask(ctx, http.MethodPost, path, key, body)
}

func (cl *client) ask(ctx context.Context, method, path, key string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, cl.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+cl.key)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := cl.http.Do(req)
	if err != nil {
		return nil, &unreachableError{cl.base, err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return nil, &unreachableError{cl.base, err}
	}
	if res.StatusCode < 300 {
		return text, nil
	}
	out := &serverError{
		status: res.StatusCode, retryAfter: res.Header.Get("Retry-After"),
		message: fmt.Sprintf("the server at %s answered %s", cl.base, res.Status),
	}
	var said struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(text, &said) == nil && said.Error.Message != "" {
		out.code, out.message = said.Error.Code, said.Error.Message
	}
	if out.status == http.StatusUnauthorized && cl.from != "" {
		out.message += "; the key is from " + cl.from
	}
	return nil, out
}

// zone returns the time zone of the server's workspace; UTC from a server that does not say it.
func (cl *client) zone(ctx context.Context) (*time.Location, error) {
	var schema struct{ Timezone string }
	if _, err := cl.get(ctx, "/v1/schema", &schema); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(schema.Timezone)
	if err != nil { // a server that is newer, or has other zones
		zone = time.UTC
	}
	return zone, nil
}

// get asks for JSON and gives it both decoded and as it came.
func (cl *client) get(ctx context.Context, path string, v any) ([]byte, error) {
	text, err := cl.do(ctx, http.MethodGet, path, nil)
	return text, cl.decode(text, err, v)
}

// postFor is post for an answer in JSON, which it gives as get does.
func (cl *client) postFor(ctx context.Context, path, key string, body []byte, v any) ([]byte, error) {
	text, err := cl.post(ctx, path, key, body)
	return text, cl.decode(text, err, v)
}

// decode reads an answer, unless there is an error instead of one.
func (cl *client) decode(text []byte, err error, v any) error {
	if err == nil && json.Unmarshal(text, v) != nil {
		return fmt.Errorf("the server at %s answered something that is not usher's JSON", cl.base)
	}
	return err
}
