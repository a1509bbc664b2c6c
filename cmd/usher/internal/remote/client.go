package remote

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/apiclient"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/internal/statedir"
)

// client is the server that a command asks, with what several commands ask it.
type client struct{ apiclient.Client }

func serverFlags(cmd *cobra.Command) {
	command.Flag(cmd, settings.Server)
	command.Flag(cmd, settings.KeyFile)
}

// newClient makes a client of an address and a key; from is where the key is from.
func newClient(base, key, from string) *client {
	return &client{apiclient.Client{Base: base, Key: key, KeyFrom: from, HTTP: &http.Client{Timeout: time.Minute}}}
}

// client makes a client of the command's flags.
func (c *asking) client(cmd *cobra.Command) (*client, error) {
	base := strings.TrimRight(c.Setting(cmd, settings.Server), "/")
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		if meant := server.MeantURL(base); meant != "" {
			return nil, command.Usagef("--server must be an address like %s, got %q; did you mean `%s`?", settings.Server.Default,
				base, meant)
		}
		return nil, command.Usagef("--server must be an address like %s, got %q", settings.Server.Default, base)
	}
	for _, note := range c.UnknownVariables() {
		if strings.Contains(note, "did you mean") { // others may be those of a workspace's channels
			fmt.Fprintln(c.Stderr, "usher: "+note)
		}
	}
	key, from, err := c.apiKey(cmd, u.Hostname())
	if err != nil {
		return nil, err
	}
	return newClient(base, key, from), nil
}

// apiKey finds the API key, and tells where it is from.
func (c *asking) apiKey(cmd *cobra.Command, host string) (key, from string, err error) {
	if file := c.Setting(cmd, settings.KeyFile); file != "" {
		text, err := os.ReadFile(file)
		switch key := strings.TrimSpace(string(text)); {
		case errors.Is(err, os.ErrNotExist):
			return "", "", fmt.Errorf("there is no file %s with the API key", file)
		case err != nil:
			return "", "", fmt.Errorf("read the API key: %w", err)
		case key == "":
			return "", "", fmt.Errorf("the file %s holds no API key: it is empty", file)
		default:
			return key, file, nil
		}
	}
	if key := c.Setting(cmd, settings.APIKey); key != "" {
		return key, settings.APIKey.Env, nil
	}
	// A key of this machine is never shown to another one.
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		path := filepath.Join(statedir.Name, statedir.KeyFile)
		if text, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(text)), path, nil
		}
	}
	return "", "", errors.New("an API key is needed: run this in the folder where `usher serve` was started, set USHER_API_KEY, or name a file with --key-file")
}
