package remote

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
)

// shownClock is how a server's instants stand to the clock of its machine.
type shownClock struct {
	Instant, Machine time.Time
	State, Trouble   string
}

// clockCommand shows a server's clock, and accepts it.
func (c *asking) clockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "clock", Short: "Show what time it is for a server and its machine", Args: cobra.NoArgs,
		Long: "Shows the instant that a server orders and decides everything by, and what the clock of its machine reads. Instants never go\n" +
			"back. A step forward of the machine's clock is refused when nothing confirms it, and a start that is far from the last\n" +
			"instant in the database waits: `usher clock accept` says that the machine's clock is right.",
		Example: "  usher clock\n  usher clock accept",
	}
	cmd = showCommand(c, cmd, func([]string) string { return "/v1/clock" }, func(p *printout, l *shownClock) {
		p.Zoned()
		p.clockState(l)
	})
	accept := &cobra.Command{
		Use: "accept", Short: "Say that the clock of a server's machine is right", Args: cobra.NoArgs,
		Long: "Says that the clock of the server's machine is right: a server that waits begins, and a step forward that was refused is taken.\n" +
			"Waits that are due by then end. Instants that are ahead of the machine's clock do not go back.",
		Example: "  date && usher clock && usher clock accept",
	}
	serverFlags(accept)
	accept.RunE = func(cmd *cobra.Command, _ []string) error {
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		text, err := cl.Post(cmd.Context(), "/v1/clock/accept", "", nil)
		if err != nil {
			return err
		}
		var l shownClock
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "accepted: it is %s\n", l.Instant.Format(time.RFC3339))
		return nil
	}
	accept.Args = command.WrapArgs(accept.Args)
	cmd.AddCommand(accept)
	return cmd
}

// clockState adds how a server's clock stands.
func (p *printout) clockState(l *shownClock) {
	p.Printf("instant  %s\nmachine  %s\nstate    %s\n", p.Clock(l.Instant), p.Clock(l.Machine), l.State)
	if l.Trouble != "" {
		p.Printf("\n%s\n", l.Trouble)
	}
}
