package diag

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func twoMistakes() ([]Diagnostic, map[string][]byte) {
	files := map[string][]byte{
		"playbooks/a.yaml": []byte("id: a\nname: \"购物车\" + x\n"),
		"usher.yaml":       []byte("usher: 1\n"),
	}
	return []Diagnostic{
		{
			Severity: Error, Code: "wrong-type", Message: "100%: bad\nthing", Label: "write, this",
			Pos:     Pos{"playbooks/a.yaml", 2, 13, 2, 14},
			Related: []Related{{Message: "first here", Pos: Pos{"playbooks/a.yaml", 1, 5, 1, 6}}},
		},
		{
			Severity: Warning, Code: "unused", Message: "unused", Pos: Pos{"usher.yaml", 1, 1, 1, 6},
			Edits: []Edit{{Pos: Pos{"usher.yaml", 1, 1, 1, 6}, Text: "x"}},
		},
	}, files
}

func rendered(t *testing.T, format string) string {
	t.Helper()
	diags, files := twoMistakes()
	var b bytes.Buffer
	if err := Render(&b, format, diags, files); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRenderText(t *testing.T) {
	want := `error[wrong-type]: 100%: bad
thing
  --> playbooks/a.yaml:2:13
   2 | name: "购物车" + x
     |                ^ write, this
  --> playbooks/a.yaml:1:5
   1 | id: a
     |     - first here
   = help: usher explain wrong-type

warning[unused]: unused
  --> usher.yaml:1:1
   1 | usher: 1
     | ^^^^^
   = help: usher explain unused

1 error, 1 warning in 2 files
`
	if got := rendered(t, "text"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// A label that names the place already is not repeated below; for editors and scanners the place is
// there.
func TestRenderTextOnce(t *testing.T) {
	files := map[string][]byte{
		"usher.yaml":       []byte("usher: 1\nmember:\n  level: string\n"),
		"playbooks/a.yaml": []byte("condition: member.levle\n"),
	}
	d := Diagnostic{
		Severity: Error, Code: "unknown-field", Message: "no", Label: "did you mean `level`? (string; usher.yaml:3)",
		Pos:     Pos{"playbooks/a.yaml", 1, 19, 1, 24},
		Related: []Related{{"`level` is declared here", Pos{"usher.yaml", 3, 3, 3, 8}}},
	}
	for format, want := range map[string]bool{"text": false, "json": true, "sarif": true} {
		for _, dir := range []string{"", "shop"} {
			var b bytes.Buffer
			if err := Render(&b, format, Under(dir, []Diagnostic{d}), files); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), "`level` is declared here") != want {
				t.Errorf("%s: want the place below: %v\n%s", format, want, b.String())
			}
		}
	}
}

func TestRenderJSON(t *testing.T) {
	var doc struct {
		Format      int
		Diagnostics []map[string]any
	}
	if err := json.Unmarshal([]byte(rendered(t, "json")), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Format != 1 || len(doc.Diagnostics) != 2 {
		t.Fatalf("got %+v", doc)
	}
	for _, d := range doc.Diagnostics {
		for _, key := range []string{"severity", "code", "message", "file", "line", "column", "end_line", "end_column"} {
			if d[key] == nil {
				t.Errorf("%v has no %s", d, key)
			}
		}
		for _, key := range []string{"related", "edits"} {
			if _, ok := d[key].([]any); !ok {
				t.Errorf("%s is not a list in %v", key, d)
			}
		}
	}
	var b bytes.Buffer
	if err := Render(&b, "json", nil, nil); err != nil || !strings.Contains(b.String(), `"diagnostics": []`) {
		t.Errorf("without mistakes: %s, %v", b.String(), err)
	}
}

func TestRenderGitHub(t *testing.T) {
	want := "::error file=playbooks/a.yaml,line=2,col=13,endLine=2,endColumn=14,title=wrong-type::100%25: bad%0Athing: write, this\n" +
		"::warning file=usher.yaml,line=1,col=1,endLine=1,endColumn=6,title=unused::unused\n"
	if got := rendered(t, "github"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestRenderSARIF(t *testing.T) {
	var doc struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				Level     string
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn, EndColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(rendered(t, "sarif")), &doc); err != nil {
		t.Fatal(err)
	}
	run := doc.Runs[0]
	if doc.Version != "2.1.0" || len(run.Tool.Driver.Rules) != 2 || len(run.Results) != 2 {
		t.Fatalf("got %+v", doc)
	}
	at := run.Results[0].Locations[0].PhysicalLocation
	if run.Results[0].Level != "error" || at.ArtifactLocation.URI != "playbooks/a.yaml" || at.Region.StartColumn != 13 {
		t.Errorf("got %+v", run.Results[0])
	}
}

func TestRenderUnknownFormat(t *testing.T) {
	if err := Render(new(bytes.Buffer), "xml", nil, nil); err == nil {
		t.Error("xml was taken")
	}
}

func TestExcerptOfALongLine(t *testing.T) {
	line := strings.Repeat("中", 300) + "x" + strings.Repeat("y", 300)
	text, pad, under := excerpt(line, Pos{Line: 1, Column: 301, EndLine: 1, EndColumn: 302})
	if len([]rune(text)) > maxExcerpt+1 || under != 1 || pad != 1+80 || !strings.HasPrefix(text, "…") {
		t.Errorf("pad %d, under %d, text %q", pad, under, text)
	}
}
