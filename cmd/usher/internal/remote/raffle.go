package remote

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks/raffle"
)

// shownRaffles are those of the active workspace.
type shownRaffles struct {
	Raffles []struct {
		Name     string
		SeedHash string `json:"seed_hash"`
		Draw     *time.Time
		DrawnAt  *time.Time `json:"drawn_at"`
		Tickets  int
		Over     bool
	}
}

func (c *asking) raffleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "raffle", Short: "Show raffles, prove who won, and verify such a proof",
		Long: "Who wins a raffle follows from its seed and the tickets alone. The hash of the seed is to be made public before the first entry;\n" +
			"seed and tickets are told once the raffle is over. Whoever has them can say again who won.",
		Example: "  usher raffle list\n  usher raffle proof spring > spring.json\n  usher raffle verify spring.json",
		Args:    cobra.NoArgs,
	}
	cmd.AddCommand(c.listRaffles(), c.proveRaffle(), c.verifyRaffle())
	return cmd
}

func (c *asking) listRaffles() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the raffles of the active workspace, with the hashes of their seeds", Args: cobra.NoArgs,
		Example: "  usher raffle list",
	}
	path := func([]string) string { return "/v1/raffles" }
	return showCommand(c, cmd, path, func(p *printout, l *shownRaffles) {
		p.list(len(l.Raffles), "the workspace has no raffle", "", func() {
			rows := [][]string{{"NAME", "DRAW", "DRAWN", "TICKETS", "SEED HASH"}}
			for _, r := range l.Raffles {
				draw, drawn := "at once", ""
				if r.Draw != nil {
					draw = p.Clock(*r.Draw)
				}
				if r.DrawnAt != nil {
					drawn = p.Clock(*r.DrawnAt)
				}
				rows = append(rows, []string{r.Name, draw, drawn, strconv.Itoa(r.Tickets), r.SeedHash})
			}
			p.Table(rows, page.Layout{Head: true, Wrap: true, Fixed: []int{0, 4}})
		})
	})
}

func (c *asking) proveRaffle() *cobra.Command {
	cmd := &cobra.Command{
		Use: "proof NAME", Short: "Print the seed and the tickets of a raffle that is over, as JSON", Args: cobra.ExactArgs(1),
		Example: "  usher raffle proof spring > spring.json",
	}
	serverFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		text, err := cl.Get(cmd.Context(), "/v1/raffles/"+url.PathEscape(args[0])+"/proof", new(raffle.Proof))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.Stdout, "%s\n", strings.TrimSpace(string(text)))
		return err
	}
	return cmd
}

func (c *asking) verifyRaffle() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Say again who won, from the seed and the tickets of a proof", Args: cobra.ExactArgs(1),
		Long:    "Reads a proof as `usher raffle proof` prints it, and asks no server. `-` is the standard input.",
		Example: "  usher raffle verify spring.json",
		RunE: func(_ *cobra.Command, args []string) error {
			var text []byte
			var err error
			if args[0] == "-" {
				text, err = io.ReadAll(c.Stdin)
			} else {
				text, err = os.ReadFile(args[0])
			}
			if err != nil {
				return err
			}
			var p raffle.Proof
			if err := json.Unmarshal(text, &p); err != nil {
				return fmt.Errorf("%s is no proof of a raffle: %w", args[0], err)
			}
			if wrong := p.Verify(); len(wrong) > 0 {
				return fmt.Errorf("%s does not hold:\n  %s", args[0], strings.Join(wrong, "\n  "))
			}
			won := map[string]int{}
			for _, t := range p.Tickets {
				won[t.Prize]++
			}
			said := command.Plural(len(p.Tickets), "ticket")
			for _, prize := range p.Prizes {
				said += fmt.Sprintf(", %s %d", prize.Name, won[prize.Name])
			}
			_, err = fmt.Fprintf(c.Stdout, "raffle %s holds: %s\nthe hash of its seed is %s\n", p.Raffle, said, p.SeedHash)
			return err
		},
	}
}
