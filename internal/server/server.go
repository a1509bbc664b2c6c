// Package server is usher as a server: HTTP interface, worker and scheduler over one database, in
// one process.
//
// New takes in turn what a server needs, and the first that is missing ends it:
//
//  1. the settings are read, and every message channel is made once;
//  2. the folder of the database and the API keys;
//  3. the address to listen on, so that a second server on it fails before it touches the database;
//  4. the database, which no other process may have, with a journal in front of it;
//  5. Redis, the worker, and the HTTP interface on both.
//
// Run makes the workspace the active one, then runs worker and HTTP server side by side until its
// context ends or one of them fails. While the clock waits for an operator it only answers HTTP. It
// stops them in the opposite order: no new requests, then the worker, which finishes what is on the
// wire, then Redis, then the database.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/store/sqlite/hold"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/internal/statedir"
	"github.com/usher-run/usher/playbooks"
)

// closeRequests is how long open requests may take after a signal. Together with worker.StopGrace
// it is less than the half minute that supervisors of containers wait before they kill.
const closeRequests = 10 * time.Second

// Options are what a server is made of. How each setting is written is in docs/operations.md.
type Options struct {
	Workspace *playbooks.Workspace // without a mistake; it becomes the active one

	Addr  string   // HOST:PORT; the port 0 is any that is free
	DB    string   // sqlite:PATH
	Redis string   // EmbeddedRedis or an address
	Roles []string // some of Roles
	Keys  string   // SCOPE:KEY,…; empty: an admin key is made once and kept beside the database

	AdmitAge   time.Duration // see api.Deps; 0: its default
	Deliveries int           // at once, see worker.Config; 0: its default
	// ClockJump is how far the machine's clock may be from the last instant in the database before a
	// start waits for an operator, as in 7d; empty: the setting's default.
	ClockJump string
	Machine   func() clock.Reading // the machine's clocks; nil: those of this one

	Version string
	Log     *slog.Logger                // nil: no log
	Out     io.Writer                   // where the log channel prints; nil: nowhere
	Env     func(string) (string, bool) // what ${NAME} in channels is; nil: the process's environment
	Ready   func(Ready)                 // called once when the server answers; may be nil, must not block
}

// Ready says what a server that has just started is.
type Ready struct {
	URL    string   // for a client on this machine; empty without the role api
	Key    AdminKey // empty with Options.Keys
	Paused []string // the playbooks that were paused from outside, which holds over restarts
}

// ChannelError says which message channels cannot be made, one line each.
type ChannelError struct{ error }

// Server is a server that holds its address and its database. Run serves, and closes them.
type Server struct {
	o         Options
	keys      []api.Key
	key       AdminKey
	listener  net.Listener // nil without the role api
	clock     *clock.Clock
	db        store.Store
	broken    chan error // the disk has failed
	stopRedis func()
	worker    *worker.Worker
	handler   http.Handler
}

// New returns a server that is ready to run. An error leaves nothing open. It is a *SettingError
// when a setting is written wrongly, a *ChannelError when the environment lacks a name.
func New(o Options) (*Server, error) {
	o.setDefaults()
	if err := o.Check(); err != nil {
		return nil, err
	}
	s := &Server{o: o, broken: make(chan error, 1), stopRedis: func() {}}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.ClockJump == "" {
		o.ClockJump = settings.ClockJump.Default
	}
	if o.Machine == nil {
		o.Machine = clock.Machine()
	}
	if o.Ready == nil {
		o.Ready = func(Ready) {}
	}
}

func (s *Server) open() error {
	if err := s.o.checkChannels(); err != nil {
		return err
	}
	jump, err := clockJump(s.o.ClockJump)
	if err != nil {
		return err
	}
	s.clock = clock.New(s.o.Machine, jump)
	path, err := sqlitePath(s.o.DB)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := statedir.Make(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	if filepath.Base(dir) == statedir.Name { // a folder of usher's own; others may be shared with somebody
		if err := hold.Private(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if s.keys, s.key, err = openKeys(s.o.Keys, path); err != nil {
		return err
	}
	if slices.Contains(s.o.Roles, RoleAPI) {
		if s.listener, err = listen(s.o.Addr); err != nil {
			return err
		}
	}
	if err := s.openDatabase(path); err != nil {
		return err
	}
	return s.wire()
}

func (s *Server) openDatabase(path string) error {
	options := []sqlite.Option{
		sqlite.WithClock(s.clock), sqlite.WithRoom(), sqlite.WithFailure(func(err error) { s.broken <- err }),
		sqlite.WithLost(func(what string) {
			s.o.Log.Error("events that were taken in are lost; send them again", "what", what)
		}),
		sqlite.WithJournal(),
		sqlite.WithoutLock(func(err error) {
			s.o.Log.Warn("two servers on this database would send messages twice; see to it that there is one", "why", err)
		}),
	}
	db, err := sqlite.Open(context.Background(), path, options...)
	if errors.Is(err, sqlite.ErrHeld) {
		return fmt.Errorf("another usher serves the database %s: stop it first; "+
			"one process at a time may have it, whatever its Redis and its roles", path)
	}
	if err != nil {
		return fmt.Errorf("open the database %s: %w", path, err)
	}
	s.db = db
	return nil
}

// close releases what is open, in the opposite order.
func (s *Server) close() {
	s.stopRedis()
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.o.Log.Error("close the database", "error", err)
		}
	}
	if s.listener != nil {
		_ = s.listener.Close() // the HTTP server has closed it, if it ran
	}
}

// Run serves until ctx ends, stops cleanly and closes the server. It returns nil when it stopped
// because ctx ended. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	// The worker outlives the HTTP server, so that what was just accepted is seen to.
	workCtx, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	served, worked := make(chan error, 1), make(chan error, 1)
	server := newHTTPServer(s.handler, s.o.Log)
	answer := sync.OnceFunc(func() {
		if s.listener != nil {
			go func() { served <- server.Serve(s.listener) }()
		}
	})
	go func() { worked <- s.work(workCtx, answer) }()

	var err error
	select {
	case <-ctx.Done():
	case err = <-s.broken: // a supervisor starts the process again, which reads what is on the disk
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
		s.o.Log.Warn("requests were still open", "error", shutdownErr)
	}
	stopWork()
	if workErr := <-worked; err == nil {
		err = workErr
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// work makes the workspace the active one and runs the worker. It has HTTP answered once the
// workspace is active, or when it has to wait for the clock.
func (s *Server) work(ctx context.Context, answer func()) error {
	var watch sync.WaitGroup
	defer watch.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watch.Go(func() { s.watchClock(ctx) })
	if s.clock.State().Held {
		answer()
		if !s.untilClockGoes(ctx) {
			return nil
		}
	}
	ready := Ready{Key: s.key}
	var err error
	if ready.Paused, err = s.activate(ctx); err != nil {
		return err
	}
	if s.listener != nil {
		ready.URL = baseURL(s.listener)
	}
	answer()
	s.o.Ready(ready)
	return s.worker.Run(ctx)
}

// activate makes the workspace the active one. It returns the playbooks that are paused.
func (s *Server) activate(ctx context.Context) (paused []string, err error) {
	ws := s.o.Workspace
	if err := worker.Activate(ctx, s.db, ws, s.clock.Now()); err != nil {
		return nil, fmt.Errorf("make the workspace the active one: %w", err)
	}
	if err := s.worker.Refresh(ctx); err != nil {
		return nil, fmt.Errorf("load the active workspace: %w", err)
	}
	_, stopped, err := s.db.Active(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which playbooks are paused: %w", err)
	}
	for _, p := range ws.Playbooks {
		if stopped[p.ID] {
			paused = append(paused, p.ID)
		}
	}
	return paused, warnOfOtherIDs(ctx, s.db, ws.Schema, s.o.Log)
}
