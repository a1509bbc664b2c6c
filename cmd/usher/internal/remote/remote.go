package remote

import (
	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
)

// asking is a command line whose commands ask a running server.
type asking struct{ *command.Line }

// Commands returns the commands that ask a running server.
func Commands(l *command.Line) []*cobra.Command {
	c := &asking{l}
	return []*cobra.Command{
		c.sendCommand(), c.eventCommand(), c.runsCommand(), c.runCommand(), c.memberCommand(), c.objectCommand(),
		c.membersCommand(), c.triggerCommand(), c.statsCommand(), c.pauseCommand(true), c.pauseCommand(false),
		c.couponCommand(), c.couponsCommand(),
		c.redeemCommand(), c.failuresCommand(), c.jobsCommand(), c.raffleCommand(), c.clockCommand(),
	}
}
