package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/eventflags"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/sim"
)

func (c *cli) simulateCommand() *cobra.Command {
	var events, format, until, at, member string
	var read eventflags.Flags
	var show simulationShow
	cmd := &cobra.Command{
		Use: "simulate [WORKSPACE] --events FILE", Short: "Feed an event file through the playbooks on the virtual clock",
		Long: "Feeds an event file through the playbooks on the virtual clock, and prints what would have happened: what each playbook did,\n" +
			"its days, and how far its runs came. With --member it prints everything that happened to one member instead, each with its\n" +
			"reason. Nothing is sent and nothing is stored. What did not act says at which gate: `mode` is that a run of the member was open\n" +
			"already, `per member` that the member has as many coupons as the pool gives one. Events come at their `time`. Where no line of a file of JSON lines has one,\n" +
			"all come now, or at the time that --at says.",
		Example: "  usher simulate --events orders.csv.gz\n  usher simulate shop --events shop/demo/events.jsonl --at 2026-03-02T10:00:00+08:00\n  usher simulate shop --events events.jsonl --until 2026-04-30T00:00:00+08:00 --format json\n  usher simulate --events orders.csv --member m1\n  usher simulate --events orders.csv --by week",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: command.CompleteWorkspace,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.OneOf("format", format, "text", "json"); err != nil {
				return err
			}
			if err := command.OneOf("by", show.by, sim.PeriodNames...); err != nil {
				return err
			}
			show.format, show.summed = format, cmd.Flags().Changed("by")
			if events == "" {
				return command.Usagef("simulate: say which events, with --events FILE")
			}
			o := sim.SimulateOptions{
				Registry: actions.Registry(), Effects: actions.Effects(), Member: member,
				Funnels: format == "text" || show.summed,
			}
			return c.simulate(workspaces.Dir(args), events, &read, show, instants{until: until, at: at}, o)
		},
	}
	cmd.Flags().StringVar(&events, "events", "", "event file: JSON lines or CSV, plain or gzip; - is standard input")
	read.Declare(cmd, eventflags.EventsHere)
	cmd.Flags().StringVar(&member, "member", "", "print the whole trace of this member")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	cmd.Flags().StringVar(&show.by, "by", "day",
		"sum up by day, week (from Monday) or month of the workspace's zone; in JSON only when it is given")
	cmd.Flags().BoolVar(&show.utc, "utc", false, "times in UTC instead of the workspace's zone")
	command.CompleteFlag(cmd, "format", "text", "json")
	command.CompleteFlag(cmd, "by", sim.PeriodNames...)
	cmd.Flags().StringVar(&until, "until", "",
		"let waits and schedules run on to this time, as in 2026-04-30 or 2026-04-30T10:00:00+08:00")
	cmd.Flags().StringVar(&at, "at", "", "when events come that have no time")
	return cmd
}

// simulationShow is how a simulation is printed.
type simulationShow struct {
	format, by string
	summed     bool // --by is given
	utc        bool
}

// instants are the flags with times, which are read in the zone of the workspace where they name
// none.
type instants struct {
	until, at string
}

// parse returns the zero time for a flag that is not given.
func (i *instants) parse(zone *time.Location) (until, at time.Time, err error) {
	if until, err = eventflags.Instant("until", i.until, zone); err == nil {
		at, err = eventflags.Instant("at", i.at, zone)
	}
	return until, at, err
}

func (c *cli) simulate(dir, events string, read *eventflags.Flags, show simulationShow, times instants,
	o sim.SimulateOptions,
) error {
	if _, _, err := times.parse(time.UTC); err != nil { // a slip in the command before one in the workspace
		return err
	}
	if _, set := c.Env("GOGC"); !set {
		debug.SetGCPercent(sim.GCPercent)
	}
	ws, err := workspaces.LoadGood(c.Line, "simulate", dir)
	if err != nil {
		return err
	}
	how, err := read.Options(ws.Schema)
	if err != nil {
		return err
	}
	how.Check = true
	zone := ws.Schema.Timezone
	if how.Zone != nil {
		zone = how.Zone
	}
	until, at, err := times.parse(zone)
	if err != nil {
		return err
	}
	o.Until = until
	in, closeFile, err := c.OpenFile(events)
	if err != nil {
		return err
	}
	defer closeFile()
	run := &simulation{cli: c, ws: ws, how: how, at: at, o: o}
	result, err := run.run(in)
	if unreadable := new(readingError); errors.As(err, &unreadable) {
		return eventflags.ReadingError(events, unreadable.error)
	}
	if err != nil {
		return err
	}
	if err := c.printSimulation(result, show, o.Member, ws.Schema.Timezone); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	eventflags.ReportFile(c.Line, run.r, ws.Schema)
	return c.ReportBad(&run.bad)
}

func (c *cli) printSimulation(result *sim.Result, show simulationShow, member string, zone *time.Location) error {
	if show.utc {
		zone = time.UTC
	}
	enc := json.NewEncoder(c.Stdout)
	enc.SetEscapeHTML(false)
	switch {
	case member != "" && len(result.Trace) == 0:
		fmt.Fprintf(c.Stderr, "usher: nothing happened to member %s\n", member)
		return nil
	case member != "" && show.format == "json":
		for i := range result.Trace {
			if err := enc.Encode(&result.Trace[i]); err != nil {
				return err
			}
		}
		return nil
	case member != "":
		return result.WriteTrace(c.Stdout, sim.TextOptions{Zone: zone, Width: c.ScreenOf(c.Stdout).Width})
	case show.format == "json":
		if show.summed {
			result.SumUp(show.by)
		}
		for _, line := range result.FailureLines(zone) { // the shape of the JSON is given
			fmt.Fprintln(c.Stderr, "usher: "+line)
		}
		enc.SetIndent("", "  ")
		return enc.Encode(result)
	}
	return result.WriteText(c.Stdout, sim.TextOptions{Zone: zone, By: show.by, Width: c.ScreenOf(c.Stdout).Width})
}
