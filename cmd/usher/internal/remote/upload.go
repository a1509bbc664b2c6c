package remote

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/eventflags"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
)

// uploaded is what a command has that sends a file to a server.
type uploaded struct {
	in     io.Reader
	client *client
	schema *playbooks.Schema // types the columns of CSV; nil: they are typed by their look
	how    eventfile.Options
}

// upload declares the flags of a command that sends a file to a server, and makes it hand the file
// to send. backfill says what the flag of that name does.
func (c *asking) upload(cmd *cobra.Command, events bool, backfill string, send func(context.Context, uploaded) error) {
	var workspace string
	var history bool
	var read eventflags.Flags
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in, closeFile, err := c.OpenFile(args[0])
		if err != nil {
			return err
		}
		defer closeFile()
		if _, err := read.Options(nil); err != nil { // a slip in the command before one at the server
			return err
		}
		u := uploaded{in: in}
		if u.client, err = c.client(cmd); err != nil {
			return err
		}
		u.client.Again = c.noteAgain
		if u.schema, err = c.columns(cmd.Context(), u.client, workspace); err != nil {
			return err
		}
		if u.how, err = read.Options(u.schema); err != nil {
			return err
		}
		u.how.Backfill = history
		return send(cmd.Context(), u)
	}
	if events {
		read.Declare(cmd, c.complete(eventNameCandidates))
	} else {
		read.Declare(cmd, nil)
	}
	cmd.Flags().BoolVar(&history, "backfill", false, backfill)
	cmd.Flags().StringVar(&workspace, "workspace", "",
		"type the columns of CSV by this workspace's schema instead of the server's")
	command.CompleteFolder(cmd, "workspace")
	serverFlags(cmd)
}
