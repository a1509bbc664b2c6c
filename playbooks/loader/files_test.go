package loader

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/files"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

func codesOf(diags []diag.Diagnostic) []string {
	var out []string
	for _, d := range diags {
		out = append(out, d.Code)
	}
	return out
}

// TestHostileFiles: what would take the YAML library's time or stack is refused, at once and by
// name.
func TestHostileFiles(t *testing.T) {
	playbook := "id: p\nstage: retention\ntrigger: {event: e}\n"
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		bomb += string(rune('b'+i)) + ": &" + string(rune('b'+i)) + " [" + strings.Repeat("*"+string(rune('a'+i))+",", 9) +
			"]\n"
	}
	for name, c := range map[string]struct{ text, code string }{
		"a deep list": {playbook + "actions: " + strings.Repeat("[", 100_000), "too-deep"},
		"a deep list, closed": {
			playbook + "actions: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
			"too-deep",
		},
		"a deep block list":        {playbook + "actions:\n" + strings.Repeat("- ", 100_000) + "x\n", "too-deep"},
		"deep mappings":            {playbook + "actions: " + strings.Repeat("{a: ", 100_000), "too-deep"},
		"deep keys":                {strings.Repeat("? ", 100_000), "too-deep"},
		"a staircase":              {staircase(1000), "too-deep"},
		"a staircase of lists":     {strings.Repeat("- \n", 1) + stairs("- ", 800), "too-deep"},
		"an alias bomb":            {bomb, "yaml-feature"},
		"a large file":             {playbook + "name: " + strings.Repeat("x", 1<<20), "file-too-large"},
		"a NUL":                    {"id: a\x00b\n", "not-text"},
		"bytes that are not UTF-8": {"id: \xff\xfe\n", "not-text"},
		"many quotes":              {strings.Repeat("'", 200_001), "yaml-syntax"},
		"one long line":            {playbook + "actions: [" + strings.Repeat("{a: b}, ", 50_000) + "]\n", "unknown-action"},
		"one long line of nulls":   {playbook + "actions: [" + strings.Repeat("{a}, ", 75_000) + "]\n", ""},
		"one long line of 中文":      {playbook + "actions: [" + strings.Repeat("{中: 文}, ", 30_000) + "]\n", "unknown-action"},
		"one long line of slips": {playbook + "actions: {" + strings.Repeat("a: (b: (", 100) +
			strings.Repeat("x: [(, ", 100_000) + "}\n", ""},
		"quotes that never close":   {playbook + "name: [" + strings.Repeat("\"\\", 300_000) + "\n", ""},
		"tabs in quotes":            {playbook + "name: \"" + strings.Repeat("\n\t\tx", 100_000) + "\"\n", "missing-key"},
		"many tabs":                 {playbook + "name: [\"" + strings.Repeat("\n\t\tx", 100_000) + "\"\n", "tab"},
		"many colons":               {strings.Repeat(": ", 200_000), ""},
		"many keys without a value": {strings.Repeat("a:\n", 100_000), "duplicate-key"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			ws, diags := Load(fstest.MapFS{
				playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\n")},
				"playbooks/p.yaml":   {Data: []byte(c.text)},
			}, testRegistry())
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			if err := diag.Render(new(strings.Builder), "text", diags, ws.Files); err != nil {
				t.Error(err)
			}
			if len(diags) == 0 || c.code != "" && !slices.Contains(codesOf(diags), c.code) {
				t.Errorf("got %.300v, want %s", diags, c.code)
			}
		})
	}
}

func staircase(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func stairs(item string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + item + "\n")
	}
	return b.String()
}

func TestLongExpression(t *testing.T) {
	_, errs := loadOne(t, head+"condition: member.points > 1"+strings.Repeat(" + 1", 4000)+"\nactions:\n  - tag: x\n", nil)
	if len(errs) != 1 || errs[0].Code != "expression-too-long" {
		t.Errorf("got %.300v", errs)
	}
}

// brokenFS fails on one file.
type brokenFS struct {
	fstest.MapFS
	broken string
}

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == b.broken {
		return nil, errors.New("no")
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadFile(name string) ([]byte, error) {
	if name == b.broken {
		return nil, errors.New("no")
	}
	return b.MapFS.ReadFile(name)
}

func TestUnreadableFile(t *testing.T) {
	files := fstest.MapFS{playbooks.SchemaFile: {Data: []byte("usher: 1\n")}, "playbooks/p.yaml": {Data: []byte(head)}}
	for _, name := range []string{"playbooks/p.yaml", playbooks.SchemaFile} {
		_, diags := Load(brokenFS{files, name}, testRegistry())
		if !slices.Contains(codesOf(diags), "unreadable") && name != playbooks.SchemaFile {
			t.Errorf("%s: got %v", name, diags)
		}
		if len(diags) == 0 {
			t.Errorf("%s: no mistake", name)
		}
	}
}

// TestIrregularFiles: what is no regular file is a mistake with its name, and is not opened.
func TestIrregularFiles(t *testing.T) {
	for what, mode := range map[string]fs.FileMode{
		"a symbolic link": fs.ModeSymlink, "a named pipe": fs.ModeNamedPipe, "a socket": fs.ModeSocket,
		"a device":        fs.ModeDevice,
		"no regular file": fs.ModeIrregular,
	} {
		for _, name := range []string{
			playbooks.SchemaFile, "playbooks/p.yaml", "playbooks/in/p_test.yaml",
			"templates/t.txt", "templates/x", "playbooks", "templates",
		} {
			files := fstest.MapFS{playbooks.SchemaFile: {Data: []byte("usher: 1\n")}}
			files[name] = &fstest.MapFile{Mode: mode | 0o644, Data: []byte("playbooks/p.yaml")}
			_, diags := Load(noOpening{files, name, t}, testRegistry())
			if len(diags) != 1 || diags[0].Code != "not-a-file" || diags[0].File != name || diags[0].Message != "this is "+what {
				t.Errorf("%s %s: %v", name, what, diags)
			}
		}
	}
}

// noOpening is a file system of which one name must not be opened.
type noOpening struct {
	fstest.MapFS
	name string
	t    *testing.T
}

func (n noOpening) Open(name string) (fs.File, error) {
	if name == n.name {
		n.t.Errorf("%s was opened", name)
	}
	return n.MapFS.Open(name)
}

func TestWorkspaceTooLarge(t *testing.T) {
	sized := func(name string, n, size int) fstest.MapFS {
		files := fstest.MapFS{playbooks.SchemaFile: {Data: []byte("usher: 1\n")}}
		data := bytes.Repeat([]byte("#"), size)
		for i := range n {
			files[fmt.Sprintf(name, i)] = &fstest.MapFile{Data: data}
		}
		return files
	}
	for name, files := range map[string]fstest.MapFS{
		"files": sized("playbooks/%d.yaml", files.MaxFiles, 0), "bytes": sized("templates/%d.txt", 33, 1<<20),
		"names": sized("playbooks/%d.md", files.MaxEntries+1, 0),
	} {
		_, diags := Load(files, testRegistry())
		if len(diags) != 1 || diags[0].Code != "workspace-too-large" {
			t.Errorf("too many %s: %v", name, diags)
		}
	}
}

func TestFilesThatDoNotBelong(t *testing.T) {
	files := fstest.MapFS{
		playbooks.SchemaFile: {Data: []byte("usher: 1\n")}, "README.md": {Data: []byte("x")},
		"playbooks/README.md":    {Data: []byte("x")},
		"playbooks/.hidden.yaml": {Data: []byte("x")}, "playbooks/.git/x.yaml": {Data: []byte("x")},
		".git/config":         {Data: []byte("x")},
		"templates/.DS_Store": {Data: []byte("x")},
	}
	ws, diags := Load(files, testRegistry())
	if len(diags) > 0 || len(ws.Files) != 1 {
		t.Errorf("read %d files, %v", len(ws.Files), diags)
	}
}

// TestWorkspaceFromItsFiles: Files is enough to load the workspace again, to the same revisions.
func TestWorkspaceFromItsFiles(t *testing.T) {
	ws, diags := Load(manyPlaybooks(t, 2), testRegistry())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	files := map[string]string{}
	for name, data := range ws.Files {
		files[name] = string(data)
	}
	again, _ := Load(mapFS(files), testRegistry())
	if len(again.Playbooks) != len(ws.Playbooks) {
		t.Fatalf("%d playbooks, then %d", len(ws.Playbooks), len(again.Playbooks))
	}
	for i, p := range ws.Playbooks {
		if again.Playbooks[i].Revision != p.Revision {
			t.Errorf("%s: revision %s, then %s", p.ID, p.Revision, again.Playbooks[i].Revision)
		}
		if ws.Playbook(p.ID) != p {
			t.Errorf("%s is not found by its id", p.ID)
		}
	}
}

// A file in another encoding is refused with the name of the encoding that it probably has,
// whichever file of the workspace it is.
func TestEncodings(t *testing.T) {
	const book = "# 欢迎新会员\nid: a\nstage: retention\ntrigger: {event: e}\nactions:\n  - tag: 新会员\n"
	encode := func(e encoding.Encoding, text string) []byte {
		out, err := e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(out)
	}
	wide := func(bom unicode.BOMPolicy, order unicode.Endianness) encoding.Encoding {
		return unicode.UTF16(order, bom)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"GBK": {
			encode(simplifiedchinese.GBK, book),
			"the file is not UTF-8, it looks like GB18030 (GBK)",
		},
		"GB18030": {
			encode(simplifiedchinese.GB18030, book),
			"the file is not UTF-8, it looks like GB18030 (GBK)",
		},
		"Big5": {
			encode(traditionalchinese.Big5, "# 歡迎新會員使用這個功能，請點選連結\n"),
			"the file is not UTF-8, it looks like Big5",
		},
		"UTF-16": {
			encode(wide(unicode.UseBOM, unicode.LittleEndian), book),
			"the file is not UTF-8, it looks like UTF-16LE",
		},
		"UTF-16, big end first": {
			encode(wide(unicode.UseBOM, unicode.BigEndian), book),
			"the file is not UTF-8, it looks like UTF-16BE",
		},
		"UTF-16 without its mark": {
			encode(wide(unicode.IgnoreBOM, unicode.LittleEndian), "id: a\n"),
			"the file is not UTF-8, it looks like UTF-16LE",
		},
		"UTF-8 with a broken byte": {[]byte(book + "name: 会员\xff\n"), "the file is not UTF-8 from here on"},
	} {
		for _, file := range []string{"playbooks/a.yaml", "playbooks/a_test.yaml", "templates/a.txt", playbooks.SchemaFile} {
			fsys := fstest.MapFS{playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\n")}}
			fsys[file] = &fstest.MapFile{Data: c.data}
			_, diags := Load(fsys, testRegistry())
			if i := slices.IndexFunc(diags, func(d diag.Diagnostic) bool {
				return d.Code == "not-text" &&
					d.File == file
			}); i < 0 || diags[i].Message != c.want {
				t.Errorf("%s as %s: got %v, want %q", name, file, diags, c.want)
			}
		}
	}
}
