package syntax

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Canonical writes a node such that equal meanings give equal text.
func Canonical(w io.Writer, n *Node) {
	switch n.Kind {
	case MappingNode:
		fmt.Fprint(w, "{")
		for _, e := range SortedEntries(n) {
			fmt.Fprintf(w, "%q:", e.Key.Value)
			Canonical(w, e.Value)
		}
		fmt.Fprint(w, "}")
	case SequenceNode:
		fmt.Fprint(w, "[")
		for _, item := range n.Items {
			Canonical(w, item)
			fmt.Fprint(w, ",")
		}
		fmt.Fprint(w, "]")
	default:
		fmt.Fprintf(w, "%s %q\n", n.Tag, n.Value)
	}
}

// SortedEntries returns the entries of a mapping by their keys.
func SortedEntries(n *Node) []Entry {
	entries := slices.Clone(n.Entries)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key.Value, b.Key.Value) })
	return entries
}
