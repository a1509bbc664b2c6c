package settings_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/internal/settings"
)

func TestFlagThenEnvironmentThenDefault(t *testing.T) {
	env := func(values map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	}
	both := settings.Setting{Flag: "addr", Env: "USHER_ADDR", Default: "d"}
	alone := settings.Setting{Flag: "role", Default: "d"}
	for _, tt := range []struct {
		name    string
		setting settings.Setting
		changed bool
		env     map[string]string
		want    string
	}{
		{"nothing", both, false, nil, "d"},
		{"the environment", both, false, map[string]string{"USHER_ADDR": "e"}, "e"},
		{"an empty variable", both, false, map[string]string{"USHER_ADDR": ""}, "d"},
		{"a flag", both, true, map[string]string{"USHER_ADDR": "e"}, "f"},
		{"no variable", alone, false, map[string]string{"": "e"}, "d"},
	} {
		if got := tt.setting.Value("f", tt.changed, env(tt.env)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Every setting can be set and is described; no name is taken twice by one command.
func TestSettingsAreWhole(t *testing.T) {
	for _, table := range settings.Tables {
		seen := map[string]bool{}
		for _, s := range table.Settings {
			if s.Flag == "" && s.Env == "" || s.Help == "" || strings.Contains(s.Help, "\n") {
				t.Errorf("%s: %+v", table.Name, s)
			}
			if s.Env != "" && !strings.HasPrefix(s.Env, "USHER_") {
				t.Errorf("%s: the variable %s", table.Name, s.Env)
			}
			for _, name := range []string{s.Flag, s.Env} {
				if name != "" && seen[name] {
					t.Errorf("%s: %s twice", table.Name, name)
				}
				seen[name] = true
			}
		}
	}
}

func TestPageNeedsItsMarkers(t *testing.T) {
	if _, err := settings.Page("# Operations\n"); err == nil {
		t.Error("a page without markers is taken")
	}
}

func TestUnknownVariables(t *testing.T) {
	got := settings.Unknown([]string{
		"USHER_ADRR=:8080", "USHER_ADDR=:8080", "HOME=/", "USHER_EMPTY=", "USHER_API_KEY=k", "USHER_TEST_REDIS_SERVER=/r",
		"USHER_COMPLETION_DESCRIPTIONS=0", "USHER=1", "USHER_ABC=a=b",
	})
	if want := []string{"USHER_ABC", "USHER_ADRR"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, name := range settings.Variables() {
		if len(settings.Unknown([]string{name + "=x"})) > 0 {
			t.Errorf("%s is a setting", name)
		}
	}
}
