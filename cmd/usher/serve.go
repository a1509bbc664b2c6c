package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/loader"
)

// serveOptions are the settings of one `usher serve`.
type serveOptions struct {
	dir, addr, db, redis string
	roles                []string
	keys                 string
	log                  *slog.Logger
	demo                 bool
	events               []byte // of the demo
}

func (c *cli) serveCommand() *cobra.Command {
	o := serveOptions{}
	cmd := &cobra.Command{
		Use: "serve [WORKSPACE]", Short: "Serve a workspace: HTTP, worker and scheduler in one process",
		Long: "Serves a workspace: the HTTP interface, the worker and the scheduler in one process. The workspace becomes the active one\n" +
			"of the database; one with a mistake is refused. API keys come from USHER_API_KEYS (admin:KEY,ingest:KEY); without it an\n" +
			"admin key is made once and kept beside the database.",
		Example: "  usher serve\n  usher serve shop --addr 0.0.0.0:8080 --db sqlite:/var/lib/usher/usher.db --redis redis://127.0.0.1:6379/0\n" +
			"  usher serve shop --role api",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: completeWorkspace,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = workspaceDir(args)
			o.addr = c.setting(cmd, "addr", "USHER_ADDR")
			o.db = c.setting(cmd, "db", "USHER_DB")
			o.redis = c.setting(cmd, "redis", "USHER_REDIS")
			o.keys, _ = c.env("USHER_API_KEYS")
			var err error
			if o.log, err = c.logger(c.setting(cmd, "log", "USHER_LOG")); err != nil {
				return err
			}
			if err := checkAddress(o.addr); err != nil {
				return err
			}
			if err := checkRoles(o.roles); err != nil {
				return err
			}
			return c.serve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.String("addr", "127.0.0.1:8080", "address to listen on (environment: USHER_ADDR)")
	f.String("db", "sqlite:"+stateDir+"/usher.db", "sqlite:PATH (environment: USHER_DB)")
	f.String("redis", embeddedRedis, "embedded, redis://…, rediss://…, redis-sentinel://… or redis-cluster://… (environment: USHER_REDIS)")
	f.String("log", "info", "debug, info, warn or error; with ,json as lines of JSON (environment: USHER_LOG)")
	f.StringSliceVar(&o.roles, "role", []string{"api", "worker", "scheduler"}, "what this process does")
	completeList(cmd, "role", "api", "worker", "scheduler")
	completeFlag(cmd, "log", "debug", "info", "warn", "error", "debug,json", "info,json", "warn,json", "error,json")
	completeFlag(cmd, "addr", "127.0.0.1:8080", "0.0.0.0:8080")
	completePlaces(cmd, "redis", embeddedRedis, "redis://", "rediss://", "redis-sentinel://", "redis-cluster://")
	completePlaces(cmd, "db", "sqlite:")
	f.BoolVar(&o.demo, "demo", false, "feed demo events through the HTTP interface: the workspace's demo/events.jsonl, else made-up ones")
	return cmd
}

func checkRoles(roles []string) error {
	for _, r := range roles {
		if err := oneOf("role", r, "api", "worker", "scheduler"); err != nil {
			return err
		}
	}
	if len(roles) == 0 {
		return usagef("--role needs at least one of api, worker, scheduler")
	}
	if slices.Contains(roles, "scheduler") && !slices.Contains(roles, "worker") {
		return usagef("--role scheduler needs the role worker beside it")
	}
	return nil
}

func (c *cli) logger(setting string) (*slog.Logger, error) {
	name, form, _ := strings.Cut(setting, ",")
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil || form != "" && form != "json" {
		return nil, usagef("--log must be debug, info, warn or error, perhaps with ,json; got %q", setting)
	}
	return newLogger(c.stderr, level, form == "json"), nil
}

// tune sets up the Go runtime for a server that is small in memory and waits for the disk. Collecting garbage half as often costs
// some tens of megabytes and saves a tenth of the CPU time; more threads than cores let the writer go on as soon as the disk has
// answered, instead of queueing behind requests. Whoever sets GOGC or GOMAXPROCS is left alone.
func (c *cli) tune() {
	if _, set := c.env("GOGC"); !set {
		debug.SetGCPercent(400)
	}
	if _, set := c.env("GOMAXPROCS"); !set {
		runtime.GOMAXPROCS(4 * runtime.NumCPU())
	}
}

// serve wires a server, runs it until it is told to stop, and takes it down in the opposite order.
func (c *cli) serve(ctx context.Context, o serveOptions) error {
	c.tune()
	ws, err := c.loadGood("serve", o.dir)
	if err != nil {
		return err
	}
	if err := c.served(ws, o.dir); err != nil {
		return err
	}
	if err := c.checkChannels(ws); err != nil {
		return err
	}
	path, err := sqlitePath(o.db)
	if err != nil {
		return err
	}
	if o.demo {
		if o.events, err = loadDemo(o.dir, ws.Schema); err != nil {
			return err
		}
	}
	if err := makeFolder(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	if dir := filepath.Dir(path); filepath.Base(dir) == stateDir { // a folder of usher's own; others may be shared with somebody
		if err := sqlite.Private(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	keys, key, err := c.keys(o.keys, path)
	if err != nil {
		return err
	}
	// The address first: a second server on it should fail before it touches the database.
	listener, err := listen(ctx, o)
	if err != nil {
		return err
	}
	ctx, release := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer release()
	context.AfterFunc(ctx, release) // a second signal ends the process at once

	broken := make(chan error, 1)
	options := []sqlite.Option{
		sqlite.WithRoom(), sqlite.WithFailure(func(err error) { broken <- err }),
		sqlite.WithLost(func(what string) { o.log.Error("events that were taken in are lost; send them again", "what", what) }),
	}
	if o.redis == embeddedRedis && slices.Contains(o.roles, "worker") { // one process is all there is
		options = append(options, sqlite.WithJournal())
	}
	db, err := sqlite.Open(context.WithoutCancel(ctx), path, options...)
	if errors.Is(err, sqlite.ErrHeld) {
		return fmt.Errorf("another usher serves the database %s: stop it first, or let all of them use one Redis (--redis redis://…)", path)
	}
	if err != nil {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			o.log.Error("close the database", "error", err)
		}
	}()
	s, err := c.wire(o, db, keys)
	if err != nil {
		return err
	}
	defer s.stopRedis()
	if err := worker.Activate(ctx, db, ws, time.Now().UTC()); err != nil {
		return fmt.Errorf("make the workspace the active one: %w", err)
	}
	if err := s.worker.Refresh(ctx); err != nil {
		return fmt.Errorf("load the active workspace: %w", err)
	}
	fmt.Fprintf(c.stdout, "serving %s\n", loader.Contents(ws))
	if err := c.namePaused(ctx, db, ws); err != nil {
		return err
	}
	if err := tellOtherIDs(ctx, db, ws.Schema, o.log); err != nil {
		return err
	}
	return c.untilStopped(ctx, o, s, listener, key, broken)
}

// closeRequests is how long open requests may take after a signal. Together with worker.StopGrace it is less than the half minute that
// supervisors of containers wait before they kill.
const closeRequests = 10 * time.Second

// served refuses a workspace without a playbook: it is most likely the wrong folder. Drafts alone are served, since events are still taken and
// what their runs wait for is kept, but nothing begins.
func (c *cli) served(ws *playbooks.Workspace, dir string) error {
	switch drafts := func(p *playbooks.Playbook) bool { return p.Status == playbooks.Draft }; {
	case len(ws.Playbooks) == 0:
		return fmt.Errorf("there is no playbook to serve: %s holds none (read: %s)", filepath.Join(dir, "playbooks"), loader.Contents(ws))
	case !slices.ContainsFunc(ws.Playbooks, func(p *playbooks.Playbook) bool { return !drafts(p) }):
		fmt.Fprintln(c.stderr, "usher: warning: all playbooks are drafts: no run will begin")
	}
	return nil
}

// namePaused names the playbooks that were paused from outside: nothing in the workspace tells of it, and it holds over restarts.
func (c *cli) namePaused(ctx context.Context, db store.Registry, ws *playbooks.Workspace) error {
	_, paused, err := db.Active(ctx)
	if err != nil {
		return fmt.Errorf("read which playbooks are paused: %w", err)
	}
	for _, p := range ws.Playbooks {
		if paused[p.ID] {
			fmt.Fprintf(c.stdout, "%s is paused; `usher resume %s` lets it take new runs\n", p.ID, p.ID)
		}
	}
	return nil
}

// untilStopped runs worker and HTTP server side by side. When one fails the other is stopped too.
func (c *cli) untilStopped(ctx context.Context, o serveOptions, s *system, listener net.Listener, key adminKey, broken <-chan error) error {
	// The worker outlives the HTTP server, so that what was just accepted is seen to.
	workCtx, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	worked := make(chan error, 1)
	go func() { worked <- s.worker.Run(workCtx) }()

	served := make(chan error, 1)
	server := newHTTPServer(s.handler, o.log)
	demoed := make(chan struct{})
	if listener == nil {
		close(demoed)
		fmt.Fprintf(c.stdout, "usher %s is at work: %s\n", version, strings.Join(o.roles, ", "))
	} else {
		go func() { served <- server.Serve(listener) }()
		c.announce(o, listener, key)
		go func() {
			defer close(demoed)
			if o.demo {
				c.demo(ctx, o, listener, key)
			}
		}()
	}

	var err error
	select {
	case <-ctx.Done():
	case err = <-broken: // a supervisor starts the process again, which reads what is on the disk
	case err = <-served:
	case err = <-worked:
		worked <- nil
		if err == nil {
			err = errors.New("the worker stopped by itself")
		}
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeRequests)
	defer cancel()
	if shutdownErr := server.Shutdown(stopCtx); shutdownErr != nil {
		o.log.Warn("requests were still open", "error", shutdownErr)
	}
	stopWork()
	if workErr := <-worked; err == nil {
		err = workErr
	}
	if ctx.Err() != nil { // the demo ends with ctx; without it we are leaving because something failed
		<-demoed
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func listen(ctx context.Context, o serveOptions) (net.Listener, error) {
	if !slices.Contains(o.roles, "api") {
		return nil, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return nil, usagef("--addr %s: this machine has no address %s; 127.0.0.1 is for itself alone, 0.0.0.0 for all of its networks", o.addr, name.Name)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, usagef("--addr %s: it is no address of this machine; 127.0.0.1 is for itself alone, 0.0.0.0 for all of its networks", o.addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port from 1024 on with --addr", o.addr)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use already; choose another with --addr", o.addr)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", o.addr, err)
	}
	return l, nil
}

// sqlitePath reads --db.
func sqlitePath(db string) (string, error) {
	path, ok := strings.CutPrefix(db, "sqlite:")
	switch {
	case strings.HasPrefix(db, "postgres://"), strings.HasPrefix(db, "postgresql://"):
		return "", usagef("--db: PostgreSQL is not in this version yet; use sqlite:PATH")
	case !ok && db != "" && !strings.Contains(db, ":"):
		return "", usagef("--db must be sqlite:PATH, got %q; write `sqlite:%s`", db, db)
	case !ok || path == "":
		return "", usagef("--db must be sqlite:PATH, got %q", redacted(db))
	}
	return path, nil
}

// redacted keeps a password in an address out of an error.
func redacted(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// announce says where the server is and how to get in.
func (c *cli) announce(o serveOptions, l net.Listener, key adminKey) {
	base := baseURL(l)
	fmt.Fprintf(c.stdout, "usher %s is ready at %s (interface: %s/docs)\n", version, base, base)
	switch {
	case key.secret == "":
	case key.made || o.demo:
		fmt.Fprintf(c.stdout, "admin key: %s (kept in %s)\n", key.secret, key.path)
	default:
		fmt.Fprintf(c.stdout, "admin key: in %s\n", key.path)
	}
}

// baseURL gives the address that a client on this machine uses.
func baseURL(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// checkChannels makes every channel once, so that an unset ${NAME} is found now and not with the first message.
func (c *cli) checkChannels(ws *playbooks.Workspace) error {
	var errs []error
	for _, ch := range ws.Schema.Channels {
		if _, err := c.sender(ch, nil); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	for _, err := range errs {
		fmt.Fprintf(c.stderr, "usher: %s\n", strings.ReplaceAll(err.Error(), "\n", "\nusher: "))
	}
	return errMistakes
}
