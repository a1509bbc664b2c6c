package text

import (
	"strings"
	"testing"
)

func noFullWidth(rune) string { return "" }

// TestMistakesPile holds that a mistake in one tag leaves the others readable.
func TestMistakesPile(t *testing.T) {
	src := "{{ a = 1 }}{% if b && c %}x{% else if d %}y{% endif e %}{% nope %}"
	_, mistakes := Parse(src, noFullWidth)
	var got []string
	for _, m := range mistakes {
		got = append(got, src[m.From:m.To])
	}
	if want := "=|&&|else if|e|nope"; strings.Join(got, "|") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// FuzzParse holds that no text stops the parser, and that all places lie inside of it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "{{", "{% if", "{% if a %}{% for i in (1..3) %}{{ i | f: 1, k: 'x' }}{% else %}{% endfor %}{% endif %}",
		"{{ 'a", "{% case a %}x{% when 'b' or c %}{% endcase %}",
		"{%- raw -%}{{ x }}{%- endraw -%}", "{% capture a %}{{ a[0].b }}{% endcapture %}", "{{ a.b.c | d | e: f }}",
		"{% end %}", "{{ ( a and (b or c) }}", "{{ a->b }}", "｛｛ a ｝｝",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		_, mistakes := Parse(src, noFullWidth)
		for _, m := range mistakes {
			if m.From < 0 || m.To < m.From || m.To > len(src) || m.Message == "" {
				t.Errorf("%q: %+v", src, m)
			}
		}
	})
}
