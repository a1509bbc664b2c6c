// Command reference writes docs/reference from what actions, channels, functions and diagnostics
// declare about themselves, and the tables of settings in docs/operations.md. Run it at the top of
// the repository: go run ./scripts/reference
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/scripts/reference/pages"
)

func main() {
	for name, text := range pages.All() {
		must(os.WriteFile(filepath.Join("docs", "reference", name), []byte(text), 0o644))
	}
	operations := filepath.Join("docs", "operations.md")
	page, err := os.ReadFile(operations)
	must(err)
	text, err := settings.Page(string(page))
	must(err)
	must(os.WriteFile(operations, []byte(text), 0o644))
}

func must(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "reference: %v; run it at the top of the repository\n", err)
		os.Exit(1)
	}
}
