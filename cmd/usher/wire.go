package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// system is a wired server.
type system struct {
	worker    *worker.Worker
	handler   http.Handler
	stopRedis func()
}

// wire puts database, Redis, worker and HTTP interface together.
func (c *cli) wire(o serveOptions, db store.Store, keys []api.Key) (*system, error) {
	legs, stopRedis, err := openRedis(o.redis)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	thrown := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "usher_null_messages_total", Help: "Messages taken by channels of type null.",
	}, []string{"channel"})
	registry.MustRegister(thrown, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w, err := worker.New(worker.Config{
		Store: db, Redis: legs, Registry: actions.Registry(), Effects: actions.Effects(), Load: loadBundle, Log: o.log,
		Sender: func(ch playbooks.Channel) (channel.Sender, error) {
			return c.sender(ch, func(name string) { thrown.WithLabelValues(name).Inc() })
		},
		NoSchedules: !slices.Contains(o.roles, "scheduler"), NoTasks: !slices.Contains(o.roles, "worker"),
	})
	if err != nil {
		stopRedis()
		return nil, err
	}
	registry.MustRegister(w.Metrics)
	people := &audience{store: db, registry: actions.Registry(), workspace: w.Workspace, now: func() time.Time { return time.Now().UTC() }, log: o.log}
	handler, err := api.New(api.Deps{
		Store: db, Workspace: w.Workspace, Wake: w.Wake, Audience: people.page, Profile: people.profile, Paused: w.Refresh, Check: checkFiles,
		// To look at, not to change: what is in the queues is a reminder of what the database holds.
		Queues: asynqmon.New(asynqmon.Options{RootPath: "/queues", RedisConnOpt: legs, ReadOnly: true}),
		Keys:   keys, Log: o.log, Registry: registry, Now: func() time.Time { return time.Now().UTC() }, Version: version,
	})
	if err != nil {
		stopRedis()
		return nil, fmt.Errorf("make the HTTP interface: %w", err)
	}
	return &system{worker: w, handler: handler, stopRedis: stopRedis}, nil
}

// embeddedRedis is the setting for the Redis in the process itself.
const embeddedRedis = "embedded"

func openRedis(address string) (asynq.RedisConnOpt, func(), error) {
	if address == embeddedRedis {
		return worker.Embedded()
	}
	opt, err := worker.ParseRedis(address)
	if err != nil && meantServer(address) != "" && !strings.Contains(address, "://") {
		return nil, nil, usagef("--redis must be embedded or an address, got %q; write `redis://%s/0`", redacted(address), strings.TrimPrefix(meantServer(address), "http://"))
	}
	if err != nil {
		return nil, nil, usagef("--redis must be embedded or an address like redis://127.0.0.1:6379/0, got %q", redacted(address))
	}
	return opt, func() {}, pingRedis(opt, address)
}

// pingRedis finds a wrong address at the start. Later a Redis may come and go: nothing is kept in it alone.
func pingRedis(opt asynq.RedisConnOpt, address string) error {
	rdb, ok := opt.MakeRedisClient().(redis.UniversalClient)
	if !ok {
		return nil
	}
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := rdb.Ping(ctx).Err(); err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("no Redis answers at %s: start it, or leave --redis out for the one in the process", redacted(address))
		}
		return fmt.Errorf("ask the Redis at %s whether it is there: %w", redacted(address), err)
	}
	return nil
}

func (c *cli) sender(ch playbooks.Channel, counted func(string)) (channel.Sender, error) {
	return channel.New(ch, c.env, channel.Deps{Out: c.stdout, Now: time.Now, Counted: counted})
}

// loadBundle compiles a stored workspace.
func loadBundle(b store.Bundle) (*playbooks.Workspace, error) {
	ws, err := loader.Compile(treeOf(b.Files), actions.Registry())
	if err != nil {
		return nil, fmt.Errorf("%w (this version of usher no longer takes it)", err)
	}
	return ws, nil
}

func checkFiles(files map[string][]byte) []diag.Diagnostic {
	_, diags := loadFiles(files)
	return diags
}

func loadFiles(files map[string][]byte) (*playbooks.Workspace, []diag.Diagnostic) {
	return loader.Load(treeOf(files), actions.Registry())
}

func treeOf(files map[string][]byte) fs.FS {
	tree := fstest.MapFS{} // an fs.FS in memory; the standard library's only one
	for name, data := range files {
		tree[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return tree
}

// adminKey is the key that was made for a server without USHER_API_KEYS.
type adminKey struct {
	secret, path string
	made         bool // just now
}

// keys gives the API keys: those of the environment, else the one kept beside the database, made when there is none.
func (c *cli) keys(list, dbPath string) ([]api.Key, adminKey, error) {
	if list != "" {
		keys, err := api.ParseKeys(list)
		if err != nil {
			return nil, adminKey{}, fmt.Errorf("USHER_API_KEYS: %w", err)
		}
		return keys, adminKey{}, nil
	}
	dir := filepath.Dir(dbPath)
	k := adminKey{path: filepath.Join(dir, keyFile)}
	text, err := os.ReadFile(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := k.make(); err != nil {
			return nil, k, err
		}
	case err != nil:
		return nil, k, fmt.Errorf("read the admin key: %w", err)
	default:
		if err := sqlite.Private(k.path); err != nil {
			return nil, k, err
		}
		if k.secret = strings.TrimSpace(string(text)); len(k.secret) < 16 {
			return nil, k, fmt.Errorf("the admin key in %s is too short: remove the file, and a new one is made", k.path)
		}
	}
	return []api.Key{api.NewKey(api.ScopeAdmin, k.secret)}, k, nil
}

func (k *adminKey) make() error {
	var raw [24]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return fmt.Errorf("make an admin key: %w", err)
	}
	k.secret, k.made = "usher_"+base64.RawURLEncoding.EncodeToString(raw[:]), true
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another server has just made its admin key in %s: start this one again", k.path)
	}
	if err != nil {
		return fmt.Errorf("keep the admin key: %w", err)
	}
	_, err = fmt.Fprintln(f, k.secret)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep the admin key: %w", err)
	}
	return nil
}
