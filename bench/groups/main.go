// Command groups measures a group that talks a lot: 500 members, 20,000 messages a day.
//
// The simulation takes 30 days of it, on one core: messages that belong to the group alone, and messages of members,
// which are decided in the line of the member and in that of the group. The group counts what was said and who spoke
// in seven days, and segments by it start playbooks. The reference is the same messages of which nobody keeps anything.
//
// The served run sends events of members who are in no group to a `usher serve`, some a second, each of which leads to
// a message, and measures from the answer 202 to the message. Before that the group gets the messages of seven days.
// The reference is a silent group; then it talks at ten times its daily rate, and in a burst. In the end what the
// group counts is held against what was sent.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

type options struct {
	usher                   string
	members, messages, days int
	rounds                  int
	profile                 string
	history                 int
	rate, burst             float64
	phase                   time.Duration
	simulate, serve         bool
}

func main() {
	var o options
	flag.StringVar(&o.usher, "usher", "bin/usher", "the usher binary")
	flag.IntVar(&o.members, "members", 500, "members of the group")
	flag.IntVar(&o.messages, "messages", 600_000, "messages that are simulated")
	flag.IntVar(&o.days, "days", 30, "days of them")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each measurement; the median counts")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a profile of the simulation in which members and groups listen to this file")
	flag.IntVar(&o.history, "history", 140_000, "messages of the last 7 days that a served group has behind it")
	flag.Float64Var(&o.rate, "rate", 200, "events of members a second, served")
	flag.Float64Var(&o.burst, "burst", 50, "messages of the group a second in a burst, served")
	flag.DurationVar(&o.phase, "phase", 10*time.Second, "how long to measure each, served")
	flag.BoolVar(&o.simulate, "simulate", true, "simulate")
	flag.BoolVar(&o.serve, "serve", true, "serve")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "groups:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.simulate {
		if err := simulate(o); err != nil {
			return err
		}
	}
	if !o.serve {
		return nil
	}
	return serve(o)
}
