package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// A declaration with a slip in its name makes a mistake of every use. When nothing names the
// declaration as it stands, and several places name one thing that is almost the same, the slip is
// in the declaration: one mistake there, instead of many elsewhere.

// leastUses is how many places must agree before they are right and the declaration is wrong.
const leastUses = 3

// quotedName finds what a message is about.
var quotedName = regexp.MustCompile("`([^`]+)`")

// misspeltDeclaration is a name that is used, and the declaration that is almost it.
type misspeltDeclaration struct{ used, declared string }

// misspeltDeclarationOf gives the name that a mistake is about and the declared one that it
// suggests.
func misspeltDeclarationOf(d *diag.Diagnostic) (misspeltDeclaration, bool) {
	switch d.Code {
	case "unknown-event", "unknown-segment", "unknown-channel", "unknown-pool", "unknown-table", "unknown-raffle", "unknown-field",
		"unknown-variable",
		"property-of-other-event":
	default:
		return misspeltDeclaration{}, false
	}
	named := quotedName.FindAllStringSubmatch(d.Message, -1)
	if len(named) != 1 || len(d.Edits) != 1 {
		return misspeltDeclaration{}, false
	}
	return misspeltDeclaration{named[0][1], strings.Trim(d.Edits[0].Text, `"'\`)}, true
}

// mergeMisspeltDeclarations replaces the mistakes that a slip in a declaration causes by one at the
// declaration.
func (c *rules) mergeMisspeltDeclarations(diags []diag.Diagnostic) []diag.Diagnostic {
	uses := map[misspeltDeclaration][]diag.Pos{}
	var order []misspeltDeclaration
	for i := range diags {
		if s, ok := misspeltDeclarationOf(&diags[i]); ok {
			if uses[s] == nil {
				order = append(order, s)
			}
			uses[s] = append(uses[s], diags[i].Pos)
		}
	}
	for _, s := range order {
		at, ok := c.declaration(s.declared)
		if len(uses[s]) < leastUses || !ok || c.mentions(s.declared, "") > 1 {
			continue
		}
		first := diag.Diagnostic{}
		diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool {
			of, ok := misspeltDeclarationOf(&d)
			if ok && of == s && first.Code == "" {
				first = d
			}
			return ok && of == s
		})
		if first.Code == "unknown-variable" || first.Code == "property-of-other-event" {
			first.Code = "unknown-field"
		}
		slices.SortFunc(uses[s], diag.ComparePos)
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Error, Code: first.Code, Pos: at,
			Message: fmt.Sprintf("nothing names `%s`, but %d places name `%s`, which is not declared here", s.declared,
				len(uses[s]), s.used),
			Label:   "did you mean `" + s.used + "`?",
			Related: []diag.Related{{Message: "named here", Pos: uses[s][0]}},
			Edits:   []diag.Edit{{Pos: at, Text: s.used, Unsure: true}},
		})
	}
	return diags
}

// declaration gives the place of the only thing in usher.yaml that has the name.
func (c *rules) declaration(name string) (at diag.Pos, ok bool) {
	found := 0
	see := func(n string, p diag.Pos) {
		if n == name && p.Line > 0 {
			at = p
			found++
		}
	}
	s := c.schema
	for i := range s.Attributes {
		see(s.Attributes[i].Name, s.Attributes[i].Pos)
	}
	for i := range s.Events {
		see(s.Events[i].Name, s.Events[i].Pos)
		if t := s.Events[i].Properties; t != nil {
			for _, f := range t.Fields {
				see(f.Name, f.Pos)
			}
		}
	}
	for i := range s.Segments {
		see(s.Segments[i].Name, s.Segments[i].Pos)
	}
	for i := range s.Channels {
		see(s.Channels[i].Name, s.Channels[i].Pos)
	}
	for i := range s.Pools {
		see(s.Pools[i].Name, s.Pools[i].Pos)
	}
	for i := range s.Raffles {
		see(s.Raffles[i].Name, s.Raffles[i].Pos)
	}
	return at, found == 1
}
