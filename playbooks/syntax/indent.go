package syntax

import (
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// isItem reports whether a line without its indentation begins a list item.
func isItem(body string) bool { return body == "-" || strings.HasPrefix(body, "- ") }

// keyColumn returns where the first key of a line stands, behind its indentation and the marks of
// list items.
func keyColumn(line string) int {
	return len(line) - len(strings.TrimLeft(line, " -"))
}

// plainIndent returns the indentation of a line; ok is false when it is empty, a comment or
// indented with other than spaces.
func plainIndent(line string) (indent int, body string, ok bool) {
	body = strings.TrimLeft(line, " ")
	if strings.TrimSpace(body) == "" || body[0] == '#' || strings.TrimLeft(body, "\t"+wideSpacesInFlow) != body {
		return 0, "", false
	}
	return len(line) - len(body), body, true
}

// intendedIndent tells by its neighbours how far lines[at] is meant to be indented, of which body
// is what stands behind its indentation. ok is false when they do not tell.
func intendedIndent(lines []string, at int, body string) (indent int, ok bool) {
	prev, next := "", ""
	for i := at - 1; i >= 0 && prev == ""; i-- {
		if _, _, fine := plainIndent(lines[i]); fine {
			prev = lines[i]
		}
	}
	for i := at + 1; i < len(lines) && next == ""; i++ {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		if _, _, fine := plainIndent(lines[i]); !fine {
			break
		}
		next = lines[i]
	}
	nextIndent, nextBody, _ := plainIndent(next)
	alike := next != "" && isItem(nextBody) == isItem(body)
	key := keyColumn(prev)
	switch {
	case prev == "":
		return 0, true
	case strings.HasSuffix(strings.TrimRight(prev, " "), ":"):
		if alike && (nextIndent > key || isItem(body) && nextIndent == key) {
			return nextIndent, true
		}
		return key + 2, true
	case isItem(body):
		return itemIndent(lines[:at], nextIndent, alike)
	}
	return key, alike && nextIndent == key || !alike && next != "" && nextIndent < key
}

// itemIndent returns the indentation of the list that an item belongs to: the one of the item after
// it, or the only one there is.
func itemIndent(above []string, next int, alike bool) (indent int, ok bool) {
	seen := map[int]bool{}
	for _, line := range above {
		if n, body, fine := plainIndent(line); fine && isItem(body) {
			seen[n], indent = true, n
		}
	}
	if alike && seen[next] {
		return next, true
	}
	return indent, len(seen) == 1
}

// tabEdits returns the changes that put spaces in the place of the tabs that indent lines: two for
// each when nothing but tabs indents, else what the neighbours have. It gives none when that cannot
// be told.
func tabEdits(f *diag.File) []diag.Edit {
	lines := make([]string, len(f.Lines))
	only := true
	for i := range f.Lines {
		lines[i] = f.Line(i + 1)
		run := lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], " \t"))]
		only = only && (strings.Trim(run, "\t") == "" || strings.TrimSpace(lines[i]) == "")
	}
	var out []diag.Edit
	for i, line := range lines {
		body := strings.TrimLeft(line, " \t")
		run := line[:len(line)-len(body)]
		if !strings.Contains(run, "\t") || body == "" {
			continue
		}
		indent, ok := 2*len(run), true
		if !only {
			indent, ok = intendedIndent(lines, i, body)
		}
		if !ok {
			return nil
		}
		lines[i] = strings.Repeat(" ", indent) + body
		out = append(out, diag.Edit{Pos: f.Pos(f.Lines[i], f.Lines[i]+len(run)), Text: lines[i][:indent]})
	}
	if _, _, err := decodeYAML(strings.Join(lines, "\n") + "\n"); err != nil {
		return nil
	}
	return out
}
