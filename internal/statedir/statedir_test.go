package statedir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usher-run/usher/internal/statedir"
)

func TestMakeKeepsTheStateFolderOutOfGit(t *testing.T) {
	top := t.TempDir()
	state := filepath.Join(top, statedir.Name)
	if err := statedir.Make(filepath.Join(state, "schema"), 0o700); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(state, ".gitignore")); err != nil || string(text[len(text)-2:]) != "*\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(state, ".gitignore"), []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := statedir.Make(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(state, ".gitignore")); err != nil || string(text) != "mine\n" {
		t.Errorf("a .gitignore of somebody else's: %q, %v", text, err)
	}
	other := filepath.Join(top, "data")
	if err := statedir.Make(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 0 {
		t.Errorf("a folder that is not usher's own holds %v, %v", entries, err)
	}
}
