package slips

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"gopkg.in/yaml.v3"
)

// leastMended is how many slips were mended when this was written: a fix that does nothing is safe,
// and of no use.
const leastMended = 1000

// A fix makes a change only when what was written can mean nothing else: of every slip in every
// example, what the fix leaves is still a mistake, or means what the example meant before the slip.
// Fixing again changes nothing.
func TestNoFixChangesTheMeaning(t *testing.T) {
	mended := 0
	found, err := filepath.Glob("../*/usher.yaml")
	if err != nil || len(found) == 0 {
		t.Fatalf("no example found: %v", err)
	}
	for _, f := range found {
		dir := filepath.Dir(f)
		t.Run(filepath.Base(dir), func(t *testing.T) { mended += fixAll(t, dir) })
	}
	t.Logf("%d slips are mended", mended)
	if mended < leastMended && !testing.Short() {
		t.Errorf("at least %d were mended before", leastMended)
	}
}

// fixAll makes all mutants of a workspace, fixes each, and counts those that are whole again.
func fixAll(t *testing.T, dir string) (mended int) {
	files := filesOf(t, dir)
	var all []mutant
	parts := map[string]part{}
	meanings := map[string]map[string]any{}
	for p, file := range files {
		if strings.HasSuffix(p, "_test.yaml") {
			continue
		}
		ms, err := mutantsOf(p, string(file.Data))
		if err != nil {
			t.Fatal(err)
		}
		all, parts[p] = append(append(all, ms...), habitsOf(p, string(file.Data))...), partOf(files, p)
		meanings[p] = meaning(parts[p].files)
	}
	if testing.Short() { // every tenth
		all = slices.DeleteFunc(all, func(m mutant) bool { return (m.line+len(m.was))%10 != 0 })
	}
	wrong := make([]string, len(all))
	whole := make([]bool, len(all))
	var wg sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := w; i < len(all); i += runtime.GOMAXPROCS(0) {
				whole[i], wrong[i] = fixOne(parts[all[i].file].files, &all[i], meanings[all[i].file])
			}
		})
	}
	wg.Wait()
	for i, why := range wrong {
		if whole[i] {
			mended++
		}
		if m := &all[i]; why != "" {
			t.Errorf("%s/%s:%d: %s of %s at %s: %s", dir, m.file, m.line, m.kind, m.what, m.path, why)
		}
	}
	return mended
}

// fixOne fixes a workspace with a slip in it.
func fixOne(files fstest.MapFS, m *mutant, want map[string]any) (whole bool, wrong string) {
	slipped := map[string][]byte{}
	for name, f := range files {
		slipped[name] = f.Data
	}
	slipped[m.file] = []byte(m.text)
	fixed := loader.Fix(slipped, actions.Registry())
	if len(fixed.Files) == 0 {
		return false, ""
	}
	after := fstest.MapFS{}
	for name := range files {
		if data, ok := fixed.Files[name]; ok {
			slipped[name] = data
		}
		after[name] = &fstest.MapFile{Data: slipped[name]}
	}
	made := ""
	for i, e := range fixed.Edits {
		made += fmt.Sprintf(" `%s` became `%s`;", fixed.Old[i], e.Text)
	}
	if got, was := comments(slipped[m.file]), comments([]byte(m.text)); got < was {
		return false, made + " and a comment is lost"
	}
	_, diags := loader.Load(after, actions.Registry())
	if len(loader.SafeEdits(diags)) > 0 {
		if again := loader.Fix(slipped, actions.Registry()); len(again.Files) > 0 {
			return false, made + " and fixing again changes more"
		}
	}
	if slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
		return false, ""
	}
	if got := meaning(after); !reflect.DeepEqual(got, want) {
		return false, made + " which means something else"
	}
	return true, ""
}

// comments counts the comments of a file as YAML reads them.
func comments(data []byte) int {
	count := 0
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil {
		return 0
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			if c != "" {
				count += 1 + strings.Count(c, "\n")
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&doc)
	return count
}

// meaning returns what a workspace means: of each playbook its revision and status, of usher.yaml
// and the tests what they hold, of templates their text.
func meaning(files fstest.MapFS) map[string]any {
	out := map[string]any{}
	ws, _ := loader.Load(files, actions.Registry())
	for _, p := range ws.Playbooks {
		out[p.ID] = p.Revision + " " + string(p.Status)
	}
	for name, f := range files {
		switch {
		case strings.HasPrefix(name, "templates/"):
			out[name] = string(bytes.TrimSpace(f.Data))
		case !strings.HasPrefix(name, "playbooks/") || strings.HasSuffix(name, "_test.yaml"):
			var v any
			if yaml.Unmarshal(f.Data, &v) == nil {
				out[name] = v
			}
		}
	}
	return out
}
