package values

import (
	"fmt"
	"maps"
	"slices"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// OneOfFields checks the groups of fields that exclude each other: exactly one of each group.
func (c *Reader) OneOfFields(n *syntax.Node, what string, fields []schema.FieldSpec) {
	groups := map[string][]string{}
	for _, f := range fields {
		if f.OneOf != "" {
			groups[f.OneOf] = append(groups[f.OneOf], f.Name)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		var given []string
		for _, name := range groups[g] {
			if n.Get(name) != nil {
				given = append(given, name)
			}
		}
		switch {
		case len(given) == 0 && !n.Broken && !slices.ContainsFunc(groups[g],
			func(k string) bool { return slices.Contains(n.Intended, k) }):
			c.Error("missing-key", n.Pos(), fmt.Sprintf("%s needs %s", what, diag.OneOf(groups[g]))).Label("add one of them")
		case len(given) > 1:
			c.Error("exclusive-keys", n.Key(given[1]).Pos(),
				fmt.Sprintf("`%s` and `%s` exclude each other", given[0], given[1])).
				Label("keep one of them").Related("first here", n.Key(given[0]).Pos())
		}
	}
}
