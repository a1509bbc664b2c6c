package server

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynqmon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

// wire puts database, Redis, worker and HTTP interface together.
func (s *Server) wire() error {
	legs, stopRedis, err := openRedis(s.o.Redis)
	if err != nil {
		return err
	}
	s.stopRedis = stopRedis
	registry := prometheus.NewRegistry()
	thrown := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "usher_null_messages_total", Help: "Messages taken by channels of type null.",
	}, []string{"channel"})
	registry.MustRegister(thrown, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "usher_clock_ahead_seconds", Help: "How far instants are ahead of the machine's clock; negative: behind.",
	}, func() float64 { return s.clock.State().Ahead().Seconds() }))
	paces := &channel.Paces{}
	s.worker, err = worker.New(worker.Config{
		Store: s.db, Redis: legs, Registry: actions.Registry(), Effects: actions.Effects(), Load: loadBundle, Log: s.o.Log,
		Clock: s.clock.Now, Attempts: s.o.Deliveries, TaskCheck: taskCheck(s.o.Redis),
		Sender: func(ch playbooks.Channel) (channel.Sender, error) {
			return s.o.sender(ch, channel.Deps{
				Now: s.clock.Now, Counted: func(name string) { thrown.WithLabelValues(name).Inc() }, Paces: paces,
			})
		},
		NoSchedules: !slices.Contains(s.o.Roles, RoleScheduler), NoTasks: !slices.Contains(s.o.Roles, RoleWorker),
	})
	if err != nil {
		return err
	}
	registry.MustRegister(s.worker.Metrics)
	members := &people{store: s.db, registry: actions.Registry(), workspace: s.worker.Workspace, now: s.clock.Now}
	s.handler, err = api.New(api.Deps{
		Store: s.db, Workspace: s.worker.Workspace, Wake: s.worker.Wake, WakeJobs: s.worker.WakeJobs,
		Profile: members.profile, Paused: s.worker.Refresh, Check: checkFiles,
		// To look at, not to change: what is in the queues is a reminder of what the database holds.
		Queues: asynqmon.New(asynqmon.Options{RootPath: "/queues", RedisConnOpt: legs, ReadOnly: true}),
		Keys:   s.keys, AdmitAge: s.o.AdmitAge, Log: s.o.Log, Registry: registry, Clock: s.clock, Version: s.o.Version,
	})
	if err != nil {
		return fmt.Errorf("make the HTTP interface: %w", err)
	}
	return nil
}

// sender makes a channel's sender.
func (o *Options) sender(ch playbooks.Channel, deps channel.Deps) (channel.Sender, error) {
	deps.Out = o.Out
	return channel.New(ch, o.Env, deps)
}

// checkChannels makes every channel once, so that an unset ${NAME} is found now and not with the
// first message.
func (o *Options) checkChannels() error {
	var errs []error
	for _, ch := range o.Workspace.Schema.Channels {
		if _, err := o.sender(ch, channel.Deps{Now: time.Now}); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &ChannelError{errors.Join(errs...)}
}

// loadBundle compiles a stored workspace.
func loadBundle(b store.Bundle) (*playbooks.Workspace, error) {
	ws, err := loader.Compile(folder.Files(b.Files).FS(), actions.Registry())
	if err != nil {
		return nil, fmt.Errorf("%w (this version of usher no longer takes it)", err)
	}
	return ws, nil
}

// checkFiles checks the files of a workspace for POST /v1/check.
func checkFiles(files map[string][]byte) []diag.Diagnostic {
	_, diags := loader.Load(folder.Files(files).FS(), actions.Registry())
	return diags
}
