// Command reference writes docs/reference from what actions, channels, functions and diagnostics declare about themselves. Run it at
// the top of the repository: go run ./scripts/reference
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-run/usher/scripts/reference/pages"
)

func main() {
	for name, text := range pages.All() {
		if err := os.WriteFile(filepath.Join("docs", "reference", name), []byte(text), 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "reference: %v; run it at the top of the repository\n", err)
			os.Exit(1)
		}
	}
}
