package diag_test

import (
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/shapes"
)

// TestTranslationsAreOfTheLanguage holds that a Chinese word is answered with a key or a word that
// files of the language have.
func TestTranslationsAreOfTheLanguage(t *testing.T) {
	words, seen := map[string]bool{"default": true}, map[*shapes.Shape]bool{} // types have it: an attribute {type, default}
	var walk func(s *shapes.Shape)
	walk = func(s *shapes.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, w := range s.Keywords {
			words[w] = true
		}
		for _, k := range s.Keys {
			words[k.Name] = true
			walk(k.Value)
		}
		walk(s.Rest)
		walk(s.Item)
		for _, or := range s.Or {
			walk(or)
		}
	}
	all := shapes.NewShapes(actions.Registry())
	walk(all.Playbook)
	walk(all.Schema)
	walk(all.Test)
	if len(words) < 50 {
		t.Fatalf("the files have only %d words: %v", len(words), words)
	}
	for chinese, meant := range diag.InEnglishWords {
		for _, w := range meant {
			if !words[w] {
				t.Errorf("%s is answered with `%s`, which no file of the language has", chinese, w)
			}
		}
	}
}
