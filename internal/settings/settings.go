// Package settings declares what can be set from outside: by a flag, by the environment, or not at
// all. A setting is declared once. The command line makes its flags and their help of it, and the
// tables in docs/operations.md are written from it.
//
// A flag wins over the environment, the environment over the default. An empty variable counts as
// one that is not set.
package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/internal/statedir"
)

// Setting is one thing that can be set. Without Flag it comes from the environment alone, as
// secrets do; without Env from the flag alone.
type Setting struct {
	Flag, Env string
	Default   string
	Is        string // what the default is, where Default does not say it
	Help      string // Markdown, in one line
}

// What `usher serve` can be told.
var (
	Addr = Setting{Flag: "addr", Env: "USHER_ADDR", Default: "127.0.0.1:8080", Help: "address to listen on"}
	DB   = Setting{
		Flag: "db", Env: "USHER_DB", Default: "sqlite:" + statedir.Name + "/usher.db",
		Help: "`sqlite:PATH`; the folder is made",
	}
	Redis = Setting{
		Flag: "redis", Env: "USHER_REDIS", Default: "embedded",
		Help: "`embedded`, `redis://…`, `rediss://…`, `redis-sentinel://…` or `redis-cluster://…`",
	}
	AdmitAge = Setting{
		Flag: "admit-age", Env: "USHER_ADMIT_AGE", Default: "1m",
		Help: "how old the oldest undecided input of a lane may be; beyond that what comes for it is answered 429",
	}
	Deliveries = Setting{
		Flag: "deliveries", Env: "USHER_DELIVERIES", Default: "256",
		Help: "how many messages and webhooks are on their way at once; of one channel or host at most an eighth",
	}
	Role = Setting{Flag: "role", Default: "api,worker,scheduler", Help: "what this process does"}
	Log  = Setting{
		Flag: "log", Env: "USHER_LOG", Default: "info",
		Help: "`debug`, `info`, `warn` or `error`; with `,json` as lines of JSON",
	}
	Demo = Setting{
		Flag: "demo", Is: "off",
		Help: "feed demo events through the HTTP interface: the workspace's `demo/events.jsonl`, else made-up ones",
	}
	ClockJump = Setting{
		Flag: "clock-jump", Env: "USHER_CLOCK_JUMP", Default: "7d",
		Help: "a start at which the clock is further than this from the last instant in the database waits for `usher clock accept`",
	}
	APIKeys = Setting{Env: "USHER_API_KEYS", Is: "a key is made", Help: "`admin:KEY,ingest:KEY,…`"}
)

const ownKey = statedir.Name + "/" + statedir.KeyFile

// What commands that ask a server can be told.
var (
	Server  = Setting{Flag: "server", Env: "USHER_SERVER", Default: "http://127.0.0.1:8080", Help: "the server's address"}
	KeyFile = Setting{
		Flag: "key-file",
		Help: "file with the API key (else `USHER_API_KEY`, else `" + ownKey + "` for a server on this machine)",
	}
	APIKey = Setting{
		Env: "USHER_API_KEY", Is: "`" + ownKey + "`, for a server on this machine",
		Help: "the key itself",
	}
)

// Table is the settings of some commands, in the order of the page.
type Table struct {
	Name     string // of the markers in docs/operations.md
	Commands string // heads the column of flags
	Settings []Setting
}

// Tables are all settings.
var Tables = []Table{
	{"serve", "`serve`", []Setting{Addr, DB, Redis, AdmitAge, Deliveries, ClockJump, Role, Log, Demo, APIKeys}},
	{"client", "commands that ask a server", []Setting{Server, KeyFile, APIKey}},
}

// envPrefix begins the names of our variables.
const envPrefix = "USHER_"

// notSettings are variables with our prefix that others read: the tests, and the shell's completion.
var notSettings = []string{"USHER_TEST_", "USHER_ACTIVE_HELP", "USHER_COMPLETION_"}

// Variables returns the names of all variables of the environment that are settings.
func Variables() (names []string) {
	for _, t := range Tables {
		for _, s := range t.Settings {
			if s.Env != "" {
				names = append(names, s.Env)
			}
		}
	}
	return names
}

// Unknown returns the variables of an environment of NAME=value that are named like settings and
// are none: sorted.
func Unknown(environ []string) (names []string) {
	known := Variables()
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		if value == "" || !strings.HasPrefix(name, envPrefix) || slices.Contains(known, name) ||
			slices.ContainsFunc(notSettings, func(other string) bool { return strings.HasPrefix(name, other) }) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Usage returns the help of the flag, with the name of its variable.
func (s Setting) Usage() string {
	help := strings.ReplaceAll(s.Help, "`", "") // pflag takes what is in backquotes for the name of the value
	if s.Env == "" {
		return help
	}
	return fmt.Sprintf("%s (environment: %s)", help, s.Env)
}

// Value returns the value of a setting: the flag's where it was given, else the environment's, else
// the default. flag is the flag's value and changed whether it was given.
func (s Setting) Value(flag string, changed bool, env func(string) (string, bool)) string {
	if changed {
		return flag
	}
	if v, ok := env(s.Env); s.Env != "" && ok && v != "" {
		return v
	}
	return s.Default
}

// Markdown returns the table for docs/operations.md.
func (t Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | environment | default | |\n| --- | --- | --- | --- |\n", t.Commands)
	for _, s := range t.Settings {
		is := s.Is
		if s.Default != "" {
			is = "`" + s.Default + "`"
		}
		flag := s.Flag
		if flag != "" {
			flag = "--" + flag
		}
		for _, cell := range []string{quoted(flag), quoted(s.Env), is, s.Help} {
			b.WriteString("|")
			if cell != "" {
				b.WriteString(" " + cell)
			}
			b.WriteString(" ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// Page returns a page with the tables between their markers made anew:
//
//	<!-- settings: NAME -->
//	…
//	<!-- end -->
//
// It reports an error for a table that the page has no markers for.
func Page(page string) (string, error) {
	for _, t := range Tables {
		begin, end := fmt.Sprintf("<!-- settings: %s -->\n", t.Name), "<!-- end -->\n"
		before, rest, ok := strings.Cut(page, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			return "", fmt.Errorf("the page has no markers for the settings of %s", t.Name)
		}
		page = before + begin + t.Markdown() + end + after
	}
	return page, nil
}
