package files

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// A file that looks like a playbook, a test or a template and is not read is pointed out: whoever
// wrote it believes that it counts. Inside playbooks/ and templates/ the name tells; elsewhere the
// name of the folder, or the keys with which a file begins.

// How far the rest of the folder is looked through. It may be a whole repository.
const (
	MaxStray      = 2000     // files and folders outside of playbooks/ and templates/
	maxStrayDepth = 3        // folders below the workspace's
	maxStrayRead  = 64 << 10 // bytes of a file whose keys are looked at
)

var (
	yamlLike     = regexp.MustCompile(`(?i)\.ya?ml(\.[a-z]+|~|\d*)?$|(?i)\.ya?ml\.\w+$`)
	playbookKey  = regexp.MustCompile(`(?m)^(?:trigger|actions|stage)[:：]`)
	snippetKey   = regexp.MustCompile(`(?m)^(?:params|actions)[:：]`)
	testKey      = regexp.MustCompile(`(?m)^(?:playbook|tests)[:：]`)
	copySuffix   = regexp.MustCompile(`(?i)(?: - 副本| - 复制| 的副本| 副本| - copy| copy)?(?: ?[(（]\d+[)）]| \d+)?$`)
	copyPrefix   = regexp.MustCompile(`(?i)^(?:副本|复件|copy of )[ _-]*`)
	backupEnding = regexp.MustCompile(`(?i)(?:~|\.(?:bak|backup|old|orig|save|swp|swo|tmp))$`)
)

// foldersOf are names that other tools, and hands in a hurry, give to the folders of a workspace.
var foldersOf = map[string][]string{
	playbooks.PlaybookDir: {
		"playbook", "剧本", "流程", "tests", "test", "flows", "workflows", "campaigns", "journeys",
		"automations",
	},
	playbooks.SnippetDir:  {"snippet", "片段", "partials"},
	playbooks.TemplateDir: {"template", "模板", "模版", "texts", "messages"},
}

// skippedFolders hold what tools put there.
var skippedFolders = []string{"node_modules", "vendor", "dist", "build", "target"}

// leftover reports a file in playbooks/ that an editor or a copy left behind. It is not read, and
// breaks nothing.
func (w *walk) leftover(name string, siblings []fs.DirEntry) bool {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "~$"):
		w.unreadFile(name, "this is the lock file of an editor", "it can be removed once the editor is closed")
		return true
	case strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") || backupEnding.MatchString(base) &&
		yamlLike.MatchString(backupEnding.ReplaceAllString(base, "")):
		w.unreadFile(name, "this is a backup that an editor keeps",
			"remove it, or rename it to end in .yaml if it is a playbook of its own")
		return true
	}
	stem, isYAML := strings.CutSuffix(base, playbooks.YamlSuffix)
	original := copySuffix.ReplaceAllString(copyPrefix.ReplaceAllString(stem, ""), "") + playbooks.YamlSuffix
	if !isYAML || original == base || !slices.ContainsFunc(siblings,
		func(d fs.DirEntry) bool { return d.Name() == original }) {
		return false
	}
	w.unreadFile(name, fmt.Sprintf("this is a copy of %s by its name", original),
		"remove it, or give it a name and an id of its own")
	return true
}

func (w *walk) unreadFile(name, message, label string) {
	w.Warn("unread-file", playbooks.WholeFile(name), message+", and is not read").Label(label)
}

// kindOf returns what a file of YAML is by its folder.
func kindOf(name string) string {
	if strings.HasPrefix(name, playbooks.SnippetDir+"/") {
		return "snippet"
	}
	return "playbook"
}

// wrongEnding reports a file in playbooks/ or snippets/ whose ending keeps it from being read.
func (w *walk) wrongEnding(name string) {
	ext := path.Ext(name)
	switch stem := strings.TrimSuffix(name, ext); {
	case strings.EqualFold(ext, playbooks.YmlSuffix), strings.EqualFold(ext, playbooks.YamlSuffix):
		w.Error("file-name", playbooks.WholeFile(name), "a "+kindOf(name)+"'s file ends in .yaml").
			Label("rename it: this file is not read")
	case yamlLike.MatchString(stem):
		w.unreadFile(name, fmt.Sprintf("a playbook's file ends in .yaml, this one in %s%s", path.Ext(stem), ext),
			"rename it to "+strings.TrimSuffix(path.Base(stem), path.Ext(stem))+playbooks.YamlSuffix)
	case strings.HasPrefix(strings.ToLower(path.Base(name)), "readme"):
	case slices.Contains(playbooks.TemplateSuffixes, strings.ToLower(ext)):
		if head := w.head(name); strings.Contains(head, "{{") || ext == ".txt" && !playbookKey.MatchString(head) {
			w.unreadFile(name, "this looks like a template", "move it to "+playbooks.TemplateDir+"/")
		} else if playbookKey.MatchString(head) {
			w.unreadFile(name, "this looks like a playbook", "rename it to end in .yaml")
		}
	case playbookKey.MatchString(w.head(name)):
		w.unreadFile(name, "this looks like a playbook", "rename it to end in .yaml")
	}
}

// strays looks through the rest of the workspace's folder.
func (w *walk) strays() {
	list, err := fs.ReadDir(w.fsys, ".")
	if err != nil {
		return // what is read is told by those who read it
	}
	left := MaxStray
	for _, d := range list {
		name := d.Name()
		switch {
		case name == playbooks.SchemaFile || name == playbooks.PlaybookDir || name == playbooks.TemplateDir ||
			name == playbooks.SnippetDir ||
			hidden(name):
		case d.IsDir():
			w.strayFolder(name, suggestFolder(name), 1, &left)
		case d.Type().IsRegular():
			w.strayFile(name, "", &left)
		}
	}
}

// suggestFolder returns the folder of a workspace that a name stands for, or "".
func suggestFolder(name string) string {
	lower := strings.ToLower(strings.TrimSpace(name))
	for _, dir := range []string{playbooks.PlaybookDir, playbooks.TemplateDir, playbooks.SnippetDir} {
		if lower == dir || slices.Contains(foldersOf[dir], lower) ||
			diag.EditDistance(lower, dir, diag.MaxDistance+1) <= diag.MaxDistance {
			return dir
		}
	}
	return ""
}

func (w *walk) strayFolder(dir, meant string, depth int, left *int) {
	if slices.Contains(skippedFolders, dir) || depth > maxStrayDepth {
		return
	}
	if _, err := fs.Lstat(w.fsys, path.Join(dir, playbooks.SchemaFile)); err == nil {
		return // a workspace of its own
	}
	list, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return
	}
	for _, d := range list {
		name := path.Join(dir, d.Name())
		switch {
		case *left <= 0:
			return
		case hidden(d.Name()):
		case d.IsDir():
			*left--
			w.strayFolder(name, meant, depth+1, left)
		case d.Type().IsRegular():
			w.strayFile(name, meant, left)
		}
	}
}

// strayFile reports a file outside of playbooks/ and templates/ that looks as if it belonged there.
func (w *walk) strayFile(name, meant string, left *int) {
	if *left--; *left < 0 {
		return
	}
	ext := strings.ToLower(path.Ext(name))
	switch {
	case meant == playbooks.TemplateDir && slices.Contains(playbooks.TemplateSuffixes, ext):
		w.unreadFile(name, "this looks like a template", "move it to "+playbooks.TemplateDir+"/")
	case name == "usher.yml" && w.WrongName: // told where usher.yaml is missed
	case !strings.Contains(name, "/") && looksLikeSchemaFile(name):
		if _, ok := w.Files[playbooks.SchemaFile]; ok {
			w.unreadFile(name, "declarations are read from usher.yaml alone",
				"remove it, or move what it declares to usher.yaml")
		} else {
			w.unreadFile(name, "declarations are read from usher.yaml", "rename it to usher.yaml")
		}
	case !yamlLike.MatchString(name):
	default:
		head := w.head(name)
		what := ""
		if len(testKey.FindAllString(head, 2)) == 2 {
			what = "a test"
		} else if len(playbookKey.FindAllString(head, 2)) == 2 {
			what = "a playbook"
		} else if meant == playbooks.SnippetDir && snippetKey.MatchString(head) {
			w.unreadFile(name, "this looks like a snippet", "move it to "+playbooks.SnippetDir+"/, with a name that ends in .yaml")
			return
		}
		if what != "" {
			w.unreadFile(name, "this looks like "+what, "move it to "+playbooks.PlaybookDir+"/, with a name that ends in .yaml")
		}
	}
}

// looksLikeSchemaFile reports whether a name stands for usher.yaml.
func looksLikeSchemaFile(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "usher.") && yamlLike.MatchString(lower) || strings.EqualFold(name, "usher")
}

// head returns how a file begins; "" for one that cannot be read.
func (w *walk) head(name string) string {
	if data, ok := w.open[name]; ok {
		return string(data)
	}
	f, err := w.fsys.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // it was only read
	data, _ := io.ReadAll(io.LimitReader(f, maxStrayRead))
	return string(data)
}
