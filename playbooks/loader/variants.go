package loader

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/locale"
)

// A template may have a text of its own for a locale: welcome.zh-CN.txt beside welcome.txt. A suffix
// that BCP 47 does not know, or that stands alone, is a part of a name like any other.

// variants finds which templates are variants of which.
func (c *loading) variants() {
	names := slices.Sorted(maps.Keys(c.Texts))
	found := map[string][]playbooks.Variant{}
	for _, name := range names {
		if base, tag, ok := playbooks.CutLocale(name); ok {
			found[base] = append(found[base], playbooks.Variant{Key: locale.Key(tag), Tag: tag, Name: name})
		}
	}
	for base, list := range found {
		if c.Texts[base] == nil && len(list) == 1 {
			delete(found, base) // no sibling
			continue
		}
		first := map[string]string{}
		found[base] = slices.DeleteFunc(list, func(v playbooks.Variant) bool {
			if first[v.Key] == "" {
				first[v.Key] = v.Name
				return false
			}
			c.Error("duplicate-id", playbooks.WholeFile(c.Texts[v.Name].Name),
				fmt.Sprintf("there are two texts of `%s` for %s", base, v.Tag)).
				Label("remove one of them").Related("first here", playbooks.WholeFile(c.Texts[first[v.Key]].Name))
			return true
		})
	}
	c.Workspace.Variants = found
}

// lacking warns of templates that have variants, but none for a locale that another one has.
func (c *loading) lacking() {
	tags := map[string]string{} // of every variant in use, by its key
	used := func(base string) bool { return c.IsUsed("template", base) }
	for base, list := range c.Workspace.Variants {
		for _, v := range list {
			if used(base) && (tags[v.Key] == "" || v.Tag < tags[v.Key]) {
				tags[v.Key] = v.Tag
			}
		}
	}
	if c.Schema.Locale != "" {
		tags[locale.Key(c.Schema.Locale)] = c.Schema.Locale
	}
	for _, base := range slices.Sorted(maps.Keys(c.Workspace.Variants)) {
		if !used(base) {
			continue
		}
		var lacks []string
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			if !c.speaks(base, key) {
				lacks = append(lacks, tags[key])
			}
		}
		if len(lacks) == 0 {
			continue
		}
		at := cmp.Or(c.Texts[base], c.Texts[c.Workspace.Variants[base][0].Name])
		c.Warn("missing-variant", playbooks.WholeFile(at.Name),
			fmt.Sprintf("the template `%s` has no variant for %s", base, diag.OneOf(lacks))).
			Label("add " + base + "." + lacks[0] + path.Ext(at.Name))
	}
}

// speaks reports whether a template has a text for members of a locale. The file without a locale is
// in the language of the workspace.
func (c *loading) speaks(base, key string) bool {
	if c.Workspace.VariantFor(base, key) != nil {
		return true
	}
	return c.Texts[base] != nil && c.Schema.Locale != "" && language(key) == language(c.Schema.Locale)
}

// language returns the language of a locale.
func language(tag string) string {
	word, _, _ := strings.Cut(locale.Key(tag), "-")
	return word
}
