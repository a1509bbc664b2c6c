// Package filled makes databases that are full, and serves them, for benchmarks.
package filled

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/bench/served"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// Dir is a folder with a workspace and a database.
type Dir string

// Workspace returns the folder of the workspace.
func (d Dir) Workspace() string { return filepath.Join(string(d), "workspace") }

// Database returns the file of the database.
func (d Dir) Database() string { return filepath.Join(string(d), "usher.db") }

// Fill writes a workspace and a database, in which n inputs of members that nobody knew are decided, by
// the core and the store, as a worker does.
func (d Dir) Fill(files map[string]string, n int, input func(i int) engine.Input) (err error) {
	ctx := context.Background()
	ws, err := d.writeWorkspace(files)
	if err != nil {
		return err
	}
	s, err := sqlite.Open(ctx, d.Database())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := worker.Activate(ctx, s, ws, time.Now()); err != nil {
		return err
	}
	secret, err := s.Secret(ctx)
	if err != nil {
		return err
	}
	hash, _, err := s.Active(ctx)
	if err != nil {
		return err
	}
	epoch, err := s.BeginEpoch(ctx, store.Epoch{Workspace: hash, Engine: engine.Version, Zones: runtime.Version()})
	if err != nil {
		return err
	}
	e := engine.New(ws, engine.Options{Secret: secret, Registry: actions.Registry(), Effects: actions.Effects()})
	fences := map[int]int64{}
	for lane := range s.Lanes() {
		if fences[lane], err = s.Claim(ctx, lane); err != nil {
			return err
		}
	}
	const group = 2000
	for from := 0; from < n; from += group {
		var inputs []engine.Input
		for i := from; i < min(from+group, n); i++ {
			inputs = append(inputs, input(i))
		}
		if err := decide(ctx, s, e, epoch, fences, inputs); err != nil {
			return err
		}
	}
	return nil
}

func (d Dir) writeWorkspace(files map[string]string) (*playbooks.Workspace, error) {
	for name, text := range files {
		path := filepath.Join(d.Workspace(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	ws, diags := loader.Load(os.DirFS(d.Workspace()), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	return ws, nil
}

// decide accepts inputs of members that nobody knows and commits what is decided on them.
func decide(ctx context.Context, s store.Store, e *engine.Engine, epoch int64, fences map[int]int64,
	inputs []engine.Input,
) error {
	if _, err := s.Accept(ctx, inputs); err != nil {
		return err
	}
	changes, last := map[int]*engine.Changes{}, map[int]int64{}
	for i := range inputs {
		in := inputs[i] // with its Seq and its instant now
		lane := s.Lanes().OfMember(in.Member)
		if changes[lane] == nil {
			changes[lane] = &engine.Changes{Epoch: epoch}
		}
		if err := e.Decide(in.Member, &engine.State{}, []engine.Input{in}, in.At, nil, changes[lane]); err != nil {
			return err
		}
		last[lane] = in.Seq
	}
	for lane, c := range changes {
		c.Tally = tally.Of(c)
		if err := s.Commit(ctx, lane, fences[lane], last[lane], c); err != nil {
			return err
		}
	}
	return nil
}

// Serve starts a server on the folder and waits until it is ready. The caller reads what it prints.
func (d Dir) Serve(usher string) (*served.Server, error) {
	return served.Start(usher, d.Workspace(), d.Database(), os.Stderr, "--log", "warn")
}
