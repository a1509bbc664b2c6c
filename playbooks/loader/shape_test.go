package loader

import (
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// at follows keys through a shape; `[]` is an item of a list. Of several forms the one with the key
// is taken.
func shapeAt(t *testing.T, s *shapes.Shape, path string) *shapes.Shape {
	t.Helper()
	for _, step := range strings.Fields(path) {
		var next *shapes.Shape
		for _, f := range s.Forms() {
			switch k := f.Key(step); {
			case step == "[]" && f.Kind == shapes.ShapeList:
				next = f.Item
			case k != nil:
				next = k.Value
			case step == "*" && f.Rest != nil:
				next = f.Rest
			}
		}
		if next == nil {
			t.Fatalf("%s: the shape has no %s", path, step)
		}
		s = next
	}
	return s
}

// TestShapesHaveTheCheckersKeys asks the checker which keys it knows, by giving one that it cannot
// know.
func TestShapesHaveTheCheckersKeys(t *testing.T) {
	forms := shapes.NewShapes(testRegistry())
	cases := []struct {
		shape *shapes.Shape
		path  string
		yaml  string // the mapping with `zzzzzzzz: 1` in it
	}{
		{forms.Playbook, "", "zzzzzzzz: 1"},
		{forms.Playbook, "trigger", "trigger: {event: cart.updated, zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {schedule: \"0 10 * * *\", zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {segment_enter: loyal, zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {segment_exit: loyal, zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {date: member.birthday, zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {changed: member.level, zzzzzzzz: 1}"},
		{forms.Playbook, "trigger", "trigger: {any: [{id: a, event: cart.updated}], zzzzzzzz: 1}"},
		{forms.Playbook, "trigger any []", "trigger: {any: [{id: a, event: cart.updated, zzzzzzzz: 1}]}"},
		{forms.Playbook, "actions [] wait", "actions:\n  - wait: {zzzzzzzz: 1}"},
		{forms.Playbook, "actions [] wait any []", "actions:\n  - wait: {any: [{id: a, event: cart.updated, zzzzzzzz: 1}], timeout: 1d}"},
		{forms.Playbook, "actions [] wait until", "actions:\n  - wait: {until: {weekday: sat, zzzzzzzz: 1}}"},
		{forms.Playbook, "actions [] split []", "actions:\n  - split: [{name: a, weight: 100, then: [], zzzzzzzz: 1}]"},
		{forms.Playbook, "trigger http", "trigger: {http: {zzzzzzzz: 1}}"},
		{forms.Playbook, "goal", "goal: {event: cart.updated, within: 1d, zzzzzzzz: 1}"},
		{forms.Playbook, "exit []", "exit: [{event: cart.updated, zzzzzzzz: 1}]"},
		{forms.Playbook, "actions [] message", "actions:\n  - message: {channel: wecom, text: x, zzzzzzzz: 1}"},
		{
			forms.Playbook, "actions [] message attach [] link",
			"actions:\n  - message: {channel: wecom, text: x, attach: [{link: {zzzzzzzz: 1}}]}",
		},
		{
			forms.Playbook, "actions [] message variants []",
			"actions:\n  - message: {channel: wecom, variants: [{name: a, weight: 100, text: x, zzzzzzzz: 1}]}",
		},
		{forms.Playbook, "actions [] coupon", "actions:\n  - coupon: {pool: newcomer-10, zzzzzzzz: 1}"},
		{forms.Schema, "", "usher: 1\nzzzzzzzz: 1"},
		{forms.Schema, "coupons *", "usher: 1\ncoupons: {a: {zzzzzzzz: 1}}"},
		{forms.Schema, "frequency_caps []", "usher: 1\nfrequency_caps: [{max: 1, per: 1d, zzzzzzzz: 1}]"},
		{forms.Schema, "quiet_hours", "usher: 1\nquiet_hours: {from: \"22:00\", to: \"08:00\", zzzzzzzz: 1}"},
		{forms.Test, "", "playbook: example\ntests: []\nzzzzzzzz: 1"},
		{forms.Test, "tests []", "playbook: example\ntests: [{name: x, member: {id: m}, script: [], zzzzzzzz: 1}]"},
		{forms.Test, "tests [] history []", "playbook: example\ntests: [{name: x, member: {id: m}, script: [], history: [{event: member.left, at: -1d, zzzzzzzz: 1}]}]"},
		{forms.Test, "tests [] script []", "playbook: example\ntests: [{name: x, member: {id: m}, script: [{event: member.left, zzzzzzzz: 1}]}]"},
		{forms.Test, "tests [] force", "playbook: example\ntests: [{name: x, member: {id: m}, script: [], force: {zzzzzzzz: 1}}]"},
		{
			forms.Test, "tests [] script [] expect",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {zzzzzzzz: 1}]}]",
		},
		{
			forms.Test, "tests [] script [] expect tags",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {tags: {zzzzzzzz: 1}}]}]",
		},
		{
			forms.Test, "tests [] script [] expect messages []",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {messages: [{zzzzzzzz: 1}]}]}]",
		},
		{
			forms.Test, "tests [] script [] expect coupons []",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {coupons: [{zzzzzzzz: 1}]}]}]",
		},
		{
			forms.Test, "tests [] script [] expect webhooks []",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {webhooks: [{zzzzzzzz: 1}]}]}]",
		},
		{
			forms.Test, "tests [] script [] expect events []",
			"playbook: example\ntests: [{name: x, member: {id: m}, script: [expect: {events: [{zzzzzzzz: 1}]}]}]",
		},
	}
	for _, c := range cases {
		t.Run(c.path+" "+c.yaml, func(t *testing.T) {
			_, diags := Load(example(t, c.yaml), testRegistry())
			i := slices.IndexFunc(diags, func(d diag.Diagnostic) bool { return strings.Contains(d.Message, "zzzzzzzz") })
			if i < 0 {
				t.Fatalf("the checker takes the unknown key: %v", diags)
			}
			list, ok := strings.CutPrefix(diags[i].Label, "known here: ")
			if !ok {
				t.Fatalf("the checker does not say what it knows: %q", diags[i].Label)
			}
			known := strings.Split(strings.ReplaceAll(list, " or ", ", "), ", ")
			s := shapeAt(t, c.shape, c.path)
			there := [][]string{} // the kinds that may be meant, of a trigger the one, which decide which keys go with them
			for _, one := range s.One {
				if slices.Contains(known, one) {
					there = append(there, []string{one})
				}
			}
			if len(there) == 0 {
				there = append(there, nil)
			}
			var keys []string
			for _, f := range s.Forms() {
				for i := range f.Keys {
					if slices.ContainsFunc(there, func(kind []string) bool { return f.Keys[i].AllowedWith(f, kind) }) {
						keys = append(keys, f.Keys[i].Name)
					}
				}
			}
			a, b := slices.Compact(slices.Sorted(slices.Values(keys))), slices.Sorted(slices.Values(known))
			if !slices.Equal(a, b) {
				t.Errorf("the shape has\n%v\nthe checker knows\n%v", a, b)
			}
		})
	}
}

// TestShapesHaveTheCheckersActions asks which actions there are.
func TestShapesHaveTheCheckersActions(t *testing.T) {
	_, diags := Load(example(t, "actions:\n  - zzzzzzzz: 1"), testRegistry())
	list, ok := strings.CutPrefix(diags[0].Label, "there is ")
	if !ok {
		t.Fatalf("the checker does not say what it knows: %v", diags)
	}
	known := strings.Split(strings.ReplaceAll(list, " or ", ", "), ", ")
	item := shapeAt(t, shapes.NewShapes(testRegistry()).Playbook, "actions []")
	keys := slices.DeleteFunc(slices.Sorted(slices.Values(item.One)), func(k string) bool { return k == "then" })
	if !slices.Equal(keys, known) {
		t.Errorf("the shape has\n%v\nthe checker knows\n%v", keys, known)
	}
}

// TestShapesAreDocumented: each key says what it is for; those that a listed effect is matched by
// speak for themselves.
func TestShapesAreDocumented(t *testing.T) {
	forms := shapes.NewShapes(&schema.Registry{}) // what actions and channels say of themselves is on their pages
	seen := map[*shapes.Shape]bool{}
	var walk func(at string, s *shapes.Shape)
	walk = func(at string, s *shapes.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for i := range s.Keys {
			k := &s.Keys[i]
			if k.Doc == "" && !strings.Contains(at, "expect") {
				t.Errorf("%s %s has no words", at, k.Name)
			}
			walk(at+" "+k.Name, k.Value)
		}
		walk(at+" *", s.Rest)
		walk(at+" []", s.Item)
		for _, o := range s.Or {
			walk(at, o)
		}
	}
	walk("playbook", forms.Playbook)
	walk("usher.yaml", forms.Schema)
	walk("test", forms.Test)
}
