package scope

import (
	"maps"
	"slices"
)

// Functions are the functions of an expression: how each is called, as in days_since(t).
type Functions struct {
	Own     map[string]string // of the language
	Library map[string]string // of the expr library, as far as the language has them
}

// Has reports whether there is a function of the name.
func (f Functions) Has(name string) bool { return f.Own[name] != "" || f.Library[name] != "" }

// All returns the names of the functions, sorted.
func (f Functions) All() []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(f.Own)), maps.Keys(f.Library))
	slices.Sort(all)
	return all
}
