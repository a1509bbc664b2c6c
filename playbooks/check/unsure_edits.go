package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// A misspelt name and the declared one that is near it say the same only when the slip is where the
// name is used. It may as well be in the declaration: then all uses are right, and a change of them
// would spread the slip. So a change of a use to a declared name is beyond doubt only when another
// place names it as it is declared, or when the use alone looks like the slip.

// markUnsureNames marks the changes to declared names that the rest of the workspace does not bear
// out.
func (c *rules) markUnsureNames(diags []diag.Diagnostic) []diag.Diagnostic {
	type use struct{ wrote, declared string }
	each := func(do func(d *diag.Diagnostic, e *diag.Edit, u use)) {
		for i := range diags {
			for k := range diags[i].Edits {
				if e := &diags[i].Edits[k]; e.AssumedName != "" && !e.Unsure {
					do(&diags[i], e, use{c.written(e.Pos), e.AssumedName})
				}
			}
		}
	}
	mentions := map[string]int{}
	each(func(d *diag.Diagnostic, e *diag.Edit, u use) {
		files := c.filesNaming(d)
		key := u.declared + "\x00" + files
		if _, ok := mentions[key]; !ok {
			mentions[key] = c.mentions(u.declared, files)
		}
		declarations := 1
		if d.Code == "unknown-template" { // its file is its declaration
			declarations = 0
		}
		switch {
		case mentions[key] > declarations:
		case d.Code == "unknown-playbook" && strings.HasSuffix(strings.TrimSuffix(d.File, playbooks.TestSuffix), "/"+
			u.declared):
		default:
			e.Unsure = c.mentions(u.wrote, files) > 1 || !isTypoOf(u.wrote, u.declared)
		}
	})
	return diags
}

// written returns what stands at a place, without quotes.
func (c *rules) written(p diag.Pos) string {
	f := diag.NewFile(p.File, c.ws.Files[p.File])
	return strings.Trim(f.Text[f.Offset(p.Line, p.Column):f.Offset(p.EndLine, p.EndColumn)], `"'\`)
}

// isTypoOf reports whether of two words the first is the slip: it lacks a letter that the other
// has, is long and has one twice, or has two of them swapped.
func isTypoOf(wrote, declared string) bool {
	w, d := []rune(wrote), []rune(declared)
	if diag.EditDistance(wrote, declared, diag.MaxDistance) != 1 {
		return false
	}
	if len(w) <= len(d) {
		return len(w) < len(d) || sortedRunes(wrote) == sortedRunes(declared)
	}
	for i := 1; i < len(w) && len(d) >= minTwoTyposLength; i++ { // of a short word the other may as well lack one
		if w[i] == w[i-1] && string(slices.Delete(slices.Clone(w), i, i+1)) == declared {
			return true
		}
	}
	return false
}

// filesNaming returns the file that alone, with templates and its tests, can name what a mistake is
// about; "" for all files.
func (c *rules) filesNaming(d *diag.Diagnostic) string {
	if d.Code != "unknown-action-id" {
		return ""
	}
	for _, r := range d.Related {
		if strings.HasPrefix(r.File, playbooks.PlaybookDir+"/") {
			return r.File
		}
	}
	return d.File
}

// mentions counts where the files have the name as a word, its declaration included. With a
// playbook's file, only that with its test and the templates are looked at.
func (c *rules) mentions(name, file string) int {
	word := regexp.MustCompile(`(^|[^\pL\pN_.-])` + regexp.QuoteMeta(name) + `($|[^\pL\pN_-])|[a-z]\.` +
		regexp.QuoteMeta(name) + `($|[^\pL\pN_-])`)
	own := []string{file, strings.TrimSuffix(file, playbooks.YamlSuffix) + playbooks.TestSuffix}
	count := 0
	for path, data := range c.ws.Files {
		if file == "" || slices.Contains(own, path) || strings.HasPrefix(path, playbooks.TemplateDir+"/") {
			count += len(word.FindAllIndex(data, -1))
		}
	}
	return count
}
