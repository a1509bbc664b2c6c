package loader

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/files"
)

const (
	aPlaybook = "id: welcome\nstage: activation\ntrigger: {event: go}\nactions: [{tag: x}]\n"
	aTest     = "playbook: welcome\ntests: [{name: a, member: {id: m1}, script: [{event: go}, {expect: {tags: {added: [x]}}}]}]\n"
)

// TestUnreadFiles adds one file to a sound workspace: it is named once when it looks as if it
// belonged to it, and breaks nothing.
const aSnippet = "params: {n: int}\nactions: [{points: = params.n}]\n"

func TestUnreadFiles(t *testing.T) {
	cases := []struct{ file, text, code string }{
		{"Playbooks/x.yaml", aPlaybook, "unread-file"},
		{"playbook/x.yaml", aPlaybook, "unread-file"},
		{"剧本/x.yaml", aPlaybook, "unread-file"},
		{"shop/deep/x.yaml", aPlaybook, "unread-file"},
		{"x.yaml", aPlaybook, "unread-file"},
		{"x.yml", aPlaybook, "unread-file"},
		{"tests/welcome_test.yaml", aTest, "unread-file"},
		{"welcome_test.yaml", aTest, "unread-file"},
		{"templates/x.yaml", aPlaybook, "file-name"},
		{"playbooks/x.yml", aPlaybook, "file-name"},
		{"playbooks/x.YAML", aPlaybook, "file-name"},
		{"playbooks/x.yaml.txt", aPlaybook, "unread-file"},
		{"playbooks/x.YAML.txt", aPlaybook, "unread-file"},
		{"playbooks/x.txt", aPlaybook, "unread-file"},
		{"playbooks/x", aPlaybook, "unread-file"},
		{"playbooks/x.yaml.bak", aPlaybook, "unread-file"},
		{"playbooks/x.yaml~", aPlaybook, "unread-file"},
		{"playbooks/~$welcome.yaml", "\x00", "unread-file"},
		{"playbooks/#welcome.yaml#", aPlaybook, "unread-file"},
		{"playbooks/welcome - 副本.yaml", aPlaybook, "unread-file"},
		{"playbooks/welcome - 副本 (2).yaml", aPlaybook, "unread-file"},
		{"playbooks/welcome (1).yaml", aPlaybook, "unread-file"},
		{"playbooks/welcome - Copy.yaml", aPlaybook, "unread-file"},
		{"playbooks/welcome copy.yaml", aPlaybook, "unread-file"},
		{"playbooks/welcome 2.yaml", aPlaybook, "unread-file"},
		{"playbooks/Copy of welcome.yaml", aPlaybook, "unread-file"},
		{"playbooks/副本 welcome.yaml", aPlaybook, "unread-file"},
		{"playbooks/hi.txt", "你好", "unread-file"},
		{"playbooks/hi.md", "{{ member.id }}", "unread-file"},
		{"template/hi.txt", "你好", "unread-file"},
		{"模板/hi.txt", "你好", "unread-file"},
		{"Templates/hi.html", "你好", "unread-file"},
		{"templates/hi.TXT", "你好", "file-name"},
		{"Usher.yaml", "usher: 1\n", "unread-file"},
		{"usher.yml", "usher: 1\n", "unread-file"},
		{"usher.yaml.txt", "usher: 1\n", "unread-file"},
		{"playbooks/welcome-test.yaml", aTest, "file-name"},
		{"playbooks/test_welcome.yaml", aTest, "file-name"},
		{"playbooks/welcome.test.yaml", aTest, "file-name"},
		{"playbooks/other_test.yaml", aPlaybook, "file-name"},

		{"Snippets/x.yaml", aSnippet, "unread-file"},
		{"snippet/x.yaml", aSnippet, "unread-file"},
		{"片段/x.yaml", aSnippet, "unread-file"},
		{"snippets/x.yml", aSnippet, "file-name"},
		{"snippets/x.yaml.bak", aSnippet, "unread-file"},

		{"README.md", "id: x\ntrigger: y\n", ""},
		{"playbooks/README.md", "{{ x }}", ""},
		{"docs/language.md", aPlaybook, ""},
		{"docker-compose.yml", "services: {}\n", ""},
		{".github/workflows/ci.yaml", aPlaybook, ""},
		{"node_modules/x/x.yaml", aPlaybook, ""},
		{"other/usher.yaml", "usher: 1\n", ""},
		{"notes.txt", "id: x", ""},
		{"demo/events.jsonl", "{}", ""},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			files := fstest.MapFS{
				playbooks.SchemaFile:     {Data: []byte("usher: 1\nevents: {go: {}}\n")},
				"playbooks/welcome.yaml": {Data: []byte(aPlaybook)},
			}
			files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			ws, diags := Load(files, testRegistry())
			var want []string
			if c.code != "" {
				want = []string{c.code}
			}
			if got := codesOf(diags); !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v: %v", got, want, diags)
			}
			if len(diags) > 0 && diags[0].File != c.file {
				t.Errorf("%s is named", diags[0].File)
			}
			if c.code == "unread-file" && (ws.Files[c.file] != nil || len(ws.Playbooks) != 1) {
				t.Errorf("it was read")
			}
		})
	}
}

// TestStraysAreBounded: a folder that is no part of the workspace costs little, however large.
func TestStraysAreBounded(t *testing.T) {
	folder := fstest.MapFS{playbooks.SchemaFile: {Data: []byte("usher: 1\n")}}
	for i := range files.MaxStray + 500 {
		folder["data/"+string(rune('a'+i%26))+"/"+string(rune(0x4e00+i))+".yaml"] = &fstest.MapFile{Data: []byte(aPlaybook)}
	}
	_, diags := Load(folder, testRegistry())
	if len(diags) == 0 || len(diags) > files.MaxStray {
		t.Errorf("%d folder are named", len(diags))
	}
}

func TestContents(t *testing.T) {
	files := fstest.MapFS{
		playbooks.SchemaFile:          {Data: []byte("usher: 1\nevents: {go: {}}\n")},
		"playbooks/welcome.yaml":      {Data: []byte(aPlaybook)},
		"playbooks/b.yaml":            {Data: []byte("id: b\nstatus: paused\n" + aPlaybook[len("id: welcome\n"):])},
		"playbooks/c.yaml":            {Data: []byte("id: c\nstatus: draft\n" + aPlaybook[len("id: welcome\n"):])},
		"playbooks/welcome_test.yaml": {Data: []byte(aTest)},
		"templates/hi.txt":            {Data: []byte("你好")},
	}
	ws, _ := Load(files, testRegistry())
	if got, want := check.Contents(ws), "3 playbooks (1 paused, 1 draft), 1 test, 1 template"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	files["snippets/thanks.yaml"] = &fstest.MapFile{Data: []byte(aSnippet)}
	ws, _ = Load(files, testRegistry())
	if got, want := check.Contents(ws), "3 playbooks (1 paused, 1 draft), 1 test, 1 template, 1 snippet"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
