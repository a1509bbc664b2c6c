package reading

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Reader holds a workspace while it is read, and gathers its mistakes.
type Reader struct {
	values.Reader
	check.Notes
	Registry         *schema.Registry
	Workspace        *playbooks.Workspace
	Schema           *playbooks.Schema
	SchemaUnreadable bool                    // usher.yaml could not be read: what the rest names is unknown
	PlaybookIDs      map[string]*syntax.Node // where each playbook's id stands
	PlaybookIDUnread bool                    // one could not be read: an id that nothing has may be that one
	Declared         map[string]bool         // ids of playbooks, also of those with mistakes
	Texts            map[string]*diag.File   // the files of templates, by the names of these
	Snippets         map[string]*Snippet
	Told             map[string]bool // mistakes in snippets that were told
	ForAll           []diag.Pos      // schedules that name no segment

	// Site is told where each expression and text stands, for editors; nil: nobody asks.
	Site func(p diag.Pos, text string, sc *scope.Scope, want *schema.Type)

	used map[string]bool // "segment dormant": what the playbooks refer to
}

// New returns a reader of a workspace that holds nothing yet, whose calendar is UTC's. files reads
// its YAML.
func New(reg *schema.Registry, files syntax.Reader) *Reader {
	ws := &playbooks.Workspace{
		Schema: &playbooks.Schema{Timezone: time.UTC}, Templates: map[string]*playbooks.Template{},
		Files: map[string][]byte{},
	}
	return &Reader{
		Reader: values.Reader{Reader: files, BrokenNames: map[string]bool{}}, Notes: check.NewNotes(),
		Registry: reg, Workspace: ws, Schema: ws.Schema, PlaybookIDs: map[string]*syntax.Node{},
		Snippets: map[string]*Snippet{}, Told: map[string]bool{}, Declared: map[string]bool{}, Texts: map[string]*diag.File{},
		used: map[string]bool{},
	}
}

// Use notes that something refers to the segment, channel, pool or template of the name.
func (c *Reader) Use(what, name string) { c.used[what+" "+name] = true }

// IsUsed reports whether something refers to the segment, channel, pool or template of the name.
func (c *Reader) IsUsed(what, name string) bool { return c.used[what+" "+name] }

// Stops reports whether there is a mistake that keeps what has it from being used.
func (c *Reader) Stops(diags []diag.Diagnostic) bool { return slices.ContainsFunc(diags, c.serious) }

func (c *Reader) serious(d diag.Diagnostic) bool {
	if d.Severity != diag.Error {
		return false
	}
	code := diag.CodeByName(d.Code)
	return !c.Running || code == nil || !code.Advises
}

// FirstStop returns the first mistake that keeps what has it from being used, as an error.
func (c *Reader) FirstStop(diags []diag.Diagnostic) error {
	diags = diag.Sorted(diags)
	i := slices.IndexFunc(diags, c.serious)
	if i < 0 {
		return fmt.Errorf("%s cannot be read", playbooks.SchemaFile)
	}
	return fmt.Errorf("%s:%d: %s", diags[i].File, diags[i].Line, diags[i].Message)
}

// namesBroken reports whether the text names something whose declaration has a mistake: one cause,
// one mistake.
func (c *Reader) namesBroken(text string) bool {
	if len(c.BrokenNames) == 0 {
		return false
	}
	return slices.ContainsFunc(identifier.FindAllString(text, -1), func(w string) bool { return c.BrokenNames[w] })
}

var identifier = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)
