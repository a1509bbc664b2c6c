// Package api is usher's HTTP interface: one table of routes, from which the router and the OpenAPI
// document are made, and one table of errors.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// Deps is what the API is wired to.
type Deps struct {
	Store store.Store
	// Workspace gives the active workspace and its hash.
	Workspace func() (*playbooks.Workspace, string)
	// Wake tells the workers that these members have undecided inputs.
	Wake func(members ...string)
	// WakeJobs tells the workers that there is a new job. May be nil.
	WakeJobs func()
	// Profile evaluates what the workspace says about a member now.
	Profile func(ctx context.Context, m *engine.Member) (*engine.Profile, error)
	// Paused tells the workers that a playbook was paused or let go on. May be nil.
	Paused func(ctx context.Context) error
	// Check finds the mistakes of a workspace given as files.
	Check func(files map[string][]byte) []diag.Diagnostic
	// Queues is the dashboard of the queues, below /queues. May be nil.
	Queues http.Handler

	Keys     []Key
	Rate     float64       // requests per second and key; 0: [DefaultRate]
	AdmitAge time.Duration // see admission; 0: [DefaultAdmitAge]
	Log      *slog.Logger
	Registry *prometheus.Registry
	Clock    *clock.Clock // the store's
	Version  string
}

// DefaultRate is how many requests per second a key may make, and twice that in a burst.
const DefaultRate = 20_000

// server holds what handlers share. It is immutable after New, but for what admission
// has looked at.
type server struct {
	Deps
	keys    []guardedKey
	metrics *metrics
	openapi []byte
	start   time.Time

	admission admission
}

// New makes the handler of the whole API.
func New(d Deps) (http.Handler, error) {
	if d.Rate == 0 {
		d.Rate = DefaultRate
	}
	if d.AdmitAge == 0 {
		d.AdmitAge = DefaultAdmitAge
	}
	s := &server{Deps: d, keys: guardKeys(d.Keys, d.Rate), metrics: newMetrics(d.Registry), start: d.Clock.Now()}
	routes := s.routes()
	var err error
	if s.openapi, err = document(routes, d.Version); err != nil {
		return nil, err
	}
	return s.router(routes), nil
}

// router registers the table of routes with gin.
func (s *server) router(routes []route) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	// An id may hold a slash, written as %2F.
	g.UseRawPath, g.UnescapePathValues = true, true
	g.HandleMethodNotAllowed = true
	g.RedirectTrailingSlash = false
	g.Use(s.recovered, s.sameSite())
	for _, r := range routes {
		handlers := []gin.HandlerFunc{s.measured(r.path)}
		if r.scope != scopeNone {
			handlers = append(handlers, s.allowed(r.scope))
		}
		if r.scope != scopeNone && !r.whileHeld {
			handlers = append(handlers, s.begun)
		}
		handlers = append(handlers, s.checked(r))
		if !r.writes() && r.scope != scopeNone {
			handlers = append(handlers, asked)
		}
		if r.writes() && r.body == nil {
			handlers = append(handlers, s.noBody)
		}
		handlers = append(handlers, r.run)
		g.Handle(r.method, r.path, handlers...)
		if r.method == http.MethodGet {
			g.Handle(http.MethodHead, r.path, handlers...)
		}
	}
	if s.Queues != nil {
		g.Any("/queues/*rest", s.allowed(ScopeAdmin), gin.WrapH(s.Queues))
		g.GET("/queues", s.allowed(ScopeAdmin), func(c *gin.Context) { c.Redirect(http.StatusFound, "/queues/") })
	}
	g.NoRoute(func(c *gin.Context) {
		s.fail(c, newError(codeNotFound, "there is no %s; the routes are listed at /docs", c.Request.URL.Path))
	})
	g.NoMethod(func(c *gin.Context) {
		s.fail(c, newError(codeMethodNotAllowed, "%s does not know %s", c.Request.URL.Path, c.Request.Method))
	})
	return g
}

// asked lets the reads of a request have no part in deciding: see [store.Asked].
func asked(c *gin.Context) { c.Request = c.Request.WithContext(store.Asked(c.Request.Context())) }

// recovered turns a panic into an internal error: logged with its place, never shown.
func (s *server) recovered(c *gin.Context) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			s.Log.Error("a request panicked", "route", c.FullPath(), "panic", p, "stack", stack())
			if !c.Writer.Written() {
				s.fail(c, newError(codeInternal, internalMessage))
			}
			c.Abort()
		}
	}()
	c.Next()
}
