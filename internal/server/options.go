package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// What a process does.
const (
	RoleAPI       = "api"       // answers HTTP
	RoleWorker    = "worker"    // decides and delivers
	RoleScheduler = "scheduler" // looks after schedules; it needs the worker beside it
)

// Roles are all that a process can do.
var Roles = []string{RoleAPI, RoleWorker, RoleScheduler}

// SettingError says that a setting is written wrongly, by the name of its flag.
type SettingError struct{ error }

func settingErrorf(format string, args ...any) error {
	return &SettingError{fmt.Errorf(format, args...)}
}

// Check reports what is wrong with how the settings are written. New checks them too; whoever
// reads a workspace first may want to know earlier.
func (o *Options) Check() error {
	if err := checkAddress(o.Addr); err != nil {
		return err
	}
	if _, err := clockJump(o.ClockJump); err != nil {
		return err
	}
	return checkRoles(o.Roles)
}

// clockJump reads Options.ClockJump.
func clockJump(text string) (time.Duration, error) {
	d, err := schema.ParseDuration(text)
	jump := time.Duration(d.Days)*24*time.Hour + d.Elapsed
	if err != nil || jump <= 0 {
		return 0, settingErrorf("--clock-jump must be a time as in 12h, 7d or 4w, got %q", text)
	}
	return jump, nil
}

func checkRoles(roles []string) error {
	for _, r := range roles {
		if slices.Contains(Roles, r) {
			continue
		}
		list, hint := strings.Join(Roles, ", "), diag.DidYouMean(r, Roles)
		if hint != "" {
			return settingErrorf("--role must be one of %s, got %q; %s", list, r, hint)
		}
		return settingErrorf("--role must be one of %s, got %q", list, r)
	}
	if len(roles) == 0 {
		return settingErrorf("--role needs at least one of api, worker, scheduler")
	}
	if slices.Contains(roles, RoleScheduler) && !slices.Contains(roles, RoleWorker) {
		return settingErrorf("--role scheduler needs the role worker beside it")
	}
	return nil
}

// sqlitePath reads Options.DB.
func sqlitePath(db string) (string, error) {
	path, ok := strings.CutPrefix(db, "sqlite:")
	switch {
	case strings.HasPrefix(db, "postgres://"), strings.HasPrefix(db, "postgresql://"):
		return "", settingErrorf("--db: PostgreSQL is not in this version yet; use sqlite:PATH")
	case !ok && db != "" && !strings.Contains(db, ":"):
		return "", settingErrorf("--db must be sqlite:PATH, got %q; write `sqlite:%s`", db, db)
	case !ok || path == "":
		return "", settingErrorf("--db must be sqlite:PATH, got %q", redacted(db))
	}
	return path, nil
}
