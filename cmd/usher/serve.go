package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
)

func (c *cli) serveCommand() *cobra.Command {
	o := server.Options{Version: version, Out: c.Stdout, Env: c.Env}
	var demo bool
	cmd := &cobra.Command{
		Use: "serve [WORKSPACE]", Short: "Serve a workspace: HTTP, worker and scheduler in one process",
		Long: "Serves a workspace: the HTTP interface, the worker and the scheduler in one process. The workspace becomes the active one\n" +
			"of the database; one with a mistake is refused. API keys come from USHER_API_KEYS (admin:KEY,ingest:KEY); without it an\n" +
			"admin key is made once and kept beside the database.",
		Example: "  usher serve\n  usher serve shop --addr 0.0.0.0:8080 --db sqlite:/var/lib/usher/usher.db --redis redis://127.0.0.1:6379/0\n" +
			"  usher serve shop --role api",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: command.CompleteWorkspace,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Addr = c.Setting(cmd, settings.Addr)
			o.DB = c.Setting(cmd, settings.DB)
			o.Redis = c.Setting(cmd, settings.Redis)
			o.Keys = c.Setting(cmd, settings.APIKeys)
			o.ClockJump = c.Setting(cmd, settings.ClockJump)
			var err error
			if o.Log, err = c.logger(c.Setting(cmd, settings.Log)); err != nil {
				return err
			}
			age := c.Setting(cmd, settings.AdmitAge)
			if o.AdmitAge, err = time.ParseDuration(age); err != nil || o.AdmitAge <= 0 {
				return command.Usagef("--admit-age must be a duration such as 1m or 30s, got %q", age)
			}
			most := c.Setting(cmd, settings.Deliveries)
			if o.Deliveries, err = strconv.Atoi(most); err != nil || o.Deliveries <= 0 {
				return command.Usagef("--deliveries must be a number from 1 on, got %q", most)
			}
			return c.serve(cmd.Context(), workspaces.Dir(args), o, demo)
		},
	}
	for _, s := range []settings.Setting{
		settings.Addr, settings.DB, settings.Redis, settings.AdmitAge, settings.Deliveries, settings.ClockJump,
		settings.Log,
	} {
		command.Flag(cmd, s)
	}
	role, demoFlag := settings.Role, settings.Demo
	cmd.Flags().StringSliceVar(&o.Roles, role.Flag, strings.Split(role.Default, ","), role.Usage())
	cmd.Flags().BoolVar(&demo, demoFlag.Flag, false, demoFlag.Usage())
	command.CompleteList(cmd, "role", server.Roles...)
	command.CompleteFlag(cmd, "log", "debug", "info", "warn", "error", "debug,json", "info,json", "warn,json", "error,json")
	command.CompleteFlag(cmd, "clock-jump", "1d", settings.ClockJump.Default, "4w")
	command.CompleteFlag(cmd, "admit-age", "30s", settings.AdmitAge.Default, "10m")
	command.CompleteFlag(cmd, "deliveries", "32", settings.Deliveries.Default, "512")
	command.CompleteFlag(cmd, "addr", "127.0.0.1:8080", "0.0.0.0:8080")
	command.CompleteColumns(cmd, "redis", server.EmbeddedRedis, "redis://", "rediss://", "redis-sentinel://", "redis-cluster://")
	command.CompleteColumns(cmd, "db", "sqlite:")
	return cmd
}

func (c *cli) logger(setting string) (*slog.Logger, error) {
	name, form, _ := strings.Cut(setting, ",")
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil || form != "" && form != "json" {
		return nil, command.Usagef("--log must be debug, info, warn or error, perhaps with ,json; got %q", setting)
	}
	return server.NewLogger(c.Stderr, level, form == "json"), nil
}

// serve runs a server until it is told to stop.
func (c *cli) serve(ctx context.Context, dir string, o server.Options, demo bool) error {
	if err := o.Check(); err != nil {
		return c.serverError(err)
	}
	serving, served := context.WithCancel(ctx)
	defer served()
	server.TuneRuntime(serving, c.Env)
	ws, err := workspaces.LoadGood(c.Line, "serve", dir)
	if err != nil {
		return err
	}
	if err := c.checkServed(ws, dir); err != nil {
		return err
	}
	var read []string
	for i := range ws.Schema.Channels {
		read = append(read, ws.Schema.Channels[i].EnvNames()...)
	}
	for _, note := range c.UnknownVariables(read...) {
		o.Log.Warn(note)
	}
	o.Workspace = ws
	d := &demonstration{dir: dir, log: o.Log}
	if demo {
		if d.events, err = server.DemoEvents(dir, ws.Schema); err != nil {
			return err
		}
	}
	ctx, release := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer release()
	context.AfterFunc(ctx, release) // a second signal ends the process at once

	demoCtx, stopDemo := context.WithCancel(ctx)
	var demoed sync.WaitGroup
	o.Ready = func(r server.Ready) {
		fmt.Fprintf(c.Stdout, "serving %s\n", check.Contents(ws))
		for _, id := range r.Paused {
			fmt.Fprintf(c.Stdout, "%s is paused; `usher resume %s` lets it take new runs\n", id, id)
		}
		c.announce(r, o.Roles, demo)
		if demo && r.URL != "" {
			demoed.Go(func() { c.demo(demoCtx, d, r) })
		}
	}
	s, err := server.New(o)
	if err == nil {
		err = s.Run(ctx)
	}
	stopDemo()
	demoed.Wait()
	return c.serverError(err)
}

// serverError says in the words of the command line why there is no server.
func (c *cli) serverError(err error) error {
	var setting *server.SettingError
	var channels *server.ChannelError
	switch {
	case errors.As(err, &setting):
		return command.Usage(err)
	case errors.As(err, &channels):
		fmt.Fprintf(c.Stderr, "usher: %s\n", strings.ReplaceAll(err.Error(), "\n", "\nusher: "))
		return command.ErrMistakes
	}
	return err
}

// checkServed refuses a workspace without a playbook: it is most likely the wrong folder. Drafts
// alone are served, since events are still taken and what their runs wait for is kept, but nothing
// begins.
func (c *cli) checkServed(ws *playbooks.Workspace, dir string) error {
	switch live := func(p *playbooks.Playbook) bool { return p.Status != playbooks.Draft }; {
	case len(ws.Playbooks) == 0:
		return fmt.Errorf("there is no playbook to serve: %s holds none (read: %s)", filepath.Join(dir, "playbooks"),
			check.Contents(ws))
	case !slices.ContainsFunc(ws.Playbooks, live):
		fmt.Fprintln(c.Stderr, "usher: warning: all playbooks are drafts: no run will begin")
	}
	return nil
}

// announce says where the server is and how to get in.
func (c *cli) announce(r server.Ready, roles []string, demo bool) {
	if r.URL == "" {
		fmt.Fprintf(c.Stdout, "usher %s is at work: %s\n", version, strings.Join(roles, ", "))
		return
	}
	fmt.Fprintf(c.Stdout, "usher %s is ready at %s (interface: %s/docs)\n", version, r.URL, r.URL)
	switch {
	case r.Key.Secret == "":
	case r.Key.Made || demo:
		fmt.Fprintf(c.Stdout, "admin key: %s (kept in %s)\n", r.Key.Secret, r.Key.Path)
	default:
		fmt.Fprintf(c.Stdout, "admin key: in %s\n", r.Key.Path)
	}
}
