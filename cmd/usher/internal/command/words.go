package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Plural writes "1 event", "2 events".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(word, "s"))
}

// ShownDir names a folder in a command that is to be copied.
func ShownDir(dir string) string {
	clean := filepath.Clean(dir)
	if clean == "." {
		return ""
	}
	return ShellWord(clean)
}

// ShellWord writes a word of a command that is to be copied, after a blank.
func ShellWord(clean string) string {
	switch {
	case clean == "":
		return " ''"
	case strings.ContainsAny(clean, " \t\n'\"\\$`&|;<>()*?[]{}#~!"):
		return " '" + strings.ReplaceAll(clean, "'", `'\''`) + "'"
	}
	return " " + clean
}

// OwnName is how this program was called, so that commands to copy work as they stand.
func OwnName() string {
	if len(os.Args) > 0 && filepath.Base(os.Args[0]) == "usher" {
		return strings.TrimPrefix(ShownDir(os.Args[0]), " ")
	}
	return "usher"
}
