package docs

import (
	gocontext "context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/worker/redistest"
)

// A block of commands has a marker before it too: they are run as they stand, each line in bash, in
// one of these worlds, or it is said why not.
//
//	<!-- run: starter -->     the top of the repository; examples/starter is served with its demo
//	<!-- run: shop -->        a folder that holds a workspace `shop`; where no `shop` is named, that workspace
//	<!-- run: page -->        the workspace of the page, which is served
//	<!-- run: … , fails -->   a command that must fail
//	<!-- shown: WHY -->       not run
//
// What a console block prints must be what the program prints, but for times, ids and codes.

// world is a folder with a server beside it.
type world struct {
	t     *testing.T
	dir   string // where commands run
	shop  string // where they run when they name no `shop`; empty: dir
	env   []string
	real  map[string]string // what stands in the docs -> what it is here
	words []*regexp.Regexp  // keys of real
}

const commandPatience = 30 * time.Second

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// newWorld makes an empty world. curl must be there: the docs use it.
func newWorld(t *testing.T) *world {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the commands in the docs need %s: install it", program)
		}
	}
	home, usher := t.TempDir(), build(t)
	put(t, filepath.Join(home, ".curlrc"), "fail-with-body\nsilent\n") // an answer that says no is a failure
	w := &world{t: t, dir: t.TempDir(), real: map[string]string{}}
	w.env = append(slices.DeleteFunc(os.Environ(),
		func(v string) bool { return strings.HasPrefix(v, "USHER_") || strings.HasPrefix(v, "GIT_") }),
		"HOME="+home, "CURL_HOME="+home, "PATH="+filepath.Dir(usher)+string(os.PathListSeparator)+os.Getenv("PATH"), "TZ=UTC")
	put(t, filepath.Join(w.dir, "bin/.keep"), "")
	if err := os.Symlink(usher, filepath.Join(w.dir, "bin/usher")); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) means(pattern, text string) {
	w.words = append(w.words, regexp.MustCompile(pattern))
	w.real[w.words[len(w.words)-1].String()] = text
}

func (w *world) here(line string) string {
	for _, re := range w.words {
		line = re.ReplaceAllLiteralString(line, w.real[re.String()])
	}
	return line
}

// serve starts a server of the world, which lasts as long as the test.
func (w *world) serve(args ...string) {
	w.t.Helper()
	addr := freeAddress(w.t)
	w.means(`(https://usher\.example\.com|http://127\.0\.0\.1:8080)`, "http://"+addr)
	w.env = append(w.env, "USHER_SERVER=http://"+addr)
	c := exec.Command(build(w.t), append([]string{"serve", "--addr", addr}, args...)...)
	c.Dir, c.Env = w.dir, w.env
	w.t.Cleanup(w.start(c, "is ready at"))
	key, err := os.ReadFile(filepath.Join(w.dir, ".usher/admin.key"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.env = append(w.env, "USHER_API_KEY="+strings.TrimSpace(string(key)), "KEY="+strings.TrimSpace(string(key)))
}

// start starts a program that goes on until it is told to stop, and waits until it has printed a
// text. What it returns stops it.
func (w *world) start(c *exec.Cmd, until string) (stop func()) {
	w.t.Helper()
	out, err := os.CreateTemp(w.t.TempDir(), "out")
	if err != nil {
		w.t.Fatal(err)
	}
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	said := func() string {
		text, _ := os.ReadFile(out.Name())
		return string(text)
	}
	stop = func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGINT) // the group of its own that it was started in
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("%s: %v\n%s", c.Args, err, said())
			}
		case <-time.After(commandPatience):
			_ = c.Process.Kill()
			w.t.Errorf("%s does not stop", c.Args)
		}
		out.Close()
	}
	for end := time.Now().Add(commandPatience); !strings.Contains(said(), until); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-done:
			done <- nil
			w.t.Fatalf("%s ended: %v\n%s", c.Args, err, said())
		default:
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s never printed %q:\n%s", c.Args, until, said())
		}
	}
	return stop
}

var (
	serving  = regexp.MustCompile(`^(\./bin/|bin/)?usher serve\b`)
	watching = regexp.MustCompile(`^(\./bin/|bin/)?usher test\b.*--watch\b`)
	setting  = regexp.MustCompile(`^export ([A-Z_]+=\S+)$`)
)

// run runs one line and returns what it printed.
func (w *world) run(line string) (string, error) {
	w.t.Helper()
	dir := w.dir
	if w.shop != "" && !regexp.MustCompile(`\bshop\b`).MatchString(line) {
		dir = filepath.Join(w.dir, w.shop)
	}
	line = w.here(line)
	if m := setting.FindStringSubmatch(line); m != nil {
		w.env = append(w.env, m[1])
		return "", nil
	}
	session := ""
	ctx, cancel := gocontext.WithTimeout(w.t.Context(), commandPatience)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", line)
	c.Dir, c.Env = dir, w.env
	if line == "usher lsp" { // an editor that comes and goes
		for _, m := range []string{
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`,
			`{"jsonrpc":"2.0","id":2,"method":"shutdown"}`, `{"jsonrpc":"2.0","method":"exit"}`,
		} {
			session += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(m), m)
		}
		c.Stdin = strings.NewReader(session)
	}
	switch {
	case serving.MatchString(line): // a server of its own, on another address and database
		c = exec.Command("bash", "-c", "exec "+line)
		c.Dir, c.Env = dir, append(slices.Clone(w.env), "USHER_ADDR="+freeAddress(w.t), "USHER_DB=sqlite:"+
			filepath.Join(w.t.TempDir(), "usher.db"))
		until := "is ready at"
		if strings.Contains(line, "--role") && !strings.Contains(line, "--role api") {
			until = "is at work"
		}
		w.start(c, until)()
		return "", nil
	case watching.MatchString(line):
		c = exec.Command("bash", "-c", "exec "+line)
		c.Dir, c.Env = dir, w.env
		w.start(c, "watching")()
		return "", nil
	}
	out, err := c.CombinedOutput()
	return string(out), err
}

// changing is what differs from one run of a program to the next.
var changing = []struct {
	re *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{21,22}`), "UUID"},
	{regexp.MustCompile(`\b1[0-9a-z]{24}\b`), "RUN"},
	{regexp.MustCompile(`\b([A-Z]+)-[A-Z0-9]{12}\b`), "$1-CODE"},
	{regexp.MustCompile(`\d+月\d+日`), "DATE"},
}

func unchanging(s string) string {
	for _, c := range changing {
		s = c.re.ReplaceAllString(s, c.as)
	}
	return strings.TrimRight(s, "\n")
}

// printed returns what a console block shows behind each of its commands.
func printed(b block) map[string]string {
	out := map[string]string{}
	command := ""
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if c, ok := strings.CutPrefix(line, "$ "); ok {
			command = strings.TrimSpace(c)
			continue
		}
		out[command] += line
	}
	return out
}

// try runs the commands of a block. Members are decided on in the background: what is to be shown
// is waited for.
func (w *world) try(page string, b block) {
	w.t.Helper()
	fails := strings.HasSuffix(b.run, ", fails")
	shows := map[string]string{}
	if b.lang == "console" {
		shows = printed(b)
	}
	for _, line := range lines(b) {
		want := unchanging(shows[line])
		var out string
		var err error
		for end := time.Now().Add(commandPatience); ; time.Sleep(50 * time.Millisecond) {
			out, err = w.run(line)
			if b.lang != "console" || unchanging(out) == want || time.Now().After(end) {
				break
			}
		}
		var exit *exec.ExitError
		switch {
		case err != nil && (!fails || !errors.As(err, &exit)):
			w.t.Errorf("%s:%d: %s: %v\n%s", page, b.line, line, err, out)
		case err == nil && fails:
			w.t.Errorf("%s:%d: %s does not fail:\n%s", page, b.line, line, out)
		case b.lang == "console" && unchanging(out) != want:
			w.t.Errorf("%s:%d: %s prints now:\n%s", page, b.line, line, out)
		}
	}
}

// lines returns the command lines of a block, each as it stands.
func lines(b block) []string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		prompt := false
		if b.lang == "console" {
			line, prompt = strings.CutPrefix(line, "$ ")
		}
		if (b.lang == "sh" || prompt) && line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestCommandsInTheDocsRun(t *testing.T) {
	marked := 0
	for _, page := range pagesOf(t) {
		blocks, _ := read(t, page)
		for _, b := range blocks {
			if b.run != "" {
				marked++
			}
		}
	}
	if marked < 20 {
		t.Errorf("%d blocks of commands are marked to be run", marked)
	}
	forEachPage(t, func(t *testing.T, page string) {
		worlds := map[string]*world{}
		c, tests := newContext(t), map[string]string{}
		blocks, _ := read(t, page)
		for _, b := range blocks { // a page's commands come before its last playbook
			c.see(b)
			id, ok := strings.CutPrefix(b.check, "test for ")
			switch {
			case ok && tests[id] == "":
				tests[id] = b.text
			case ok: // further tests of the same file
				tests[id] += strings.TrimPrefix(b.text, "playbook: "+id+"\ntests:\n")
			}
		}
		for _, b := range blocks {
			if len(lines(b)) == 0 {
				continue
			}
			if b.run == "" && b.shown == "" {
				t.Errorf("%s:%d: commands need a marker, run or shown: see docs/commands_test.go", page, b.line)
				continue
			}
			if b.shown != "" {
				continue
			}
			name := strings.TrimSuffix(b.run, ", fails")
			if worlds[name] == nil {
				switch name {
				case "starter":
					worlds[name] = starterWorld(t)
				case "shop":
					worlds[name] = shopWorld(t, true)
					worlds[name].means(`redis://127\.0\.0\.1:6379`, "redis://"+redistest.Start(t))
				case "page":
					worlds[name] = pageWorld(t, c, tests)
				default:
					t.Fatalf("%s:%d: there is no world %q", page, b.line, name)
				}
			}
			worlds[name].try(page, b)
		}
	})
}

// helpOf returns the examples that a command's --help prints, one a line.
func helpOf(t *testing.T, args ...string) (examples, commands []string) {
	t.Helper()
	out, err := exec.Command(build(t), append(args, "--help")...).Output()
	if err != nil {
		t.Fatalf("%s --help: %v", args, err)
	}
	part := ""
	for line := range strings.Lines(string(out)) {
		switch trimmed := strings.TrimSpace(line); {
		case !strings.HasPrefix(line, " "):
			part = trimmed
		case part == "Examples:" && trimmed != "":
			examples = append(examples, trimmed)
		case part == "Available Commands:" && trimmed != "":
			commands = append(commands, strings.Fields(trimmed)[0])
		}
	}
	return examples, commands
}

// refusals are the examples that this world refuses, and what it says: nothing has failed in it, its
// clock is right, it has no copy of its database, no raffle, and no pool whose codes are loaded. That they do what they say is shown by the tests of the
// commands.
var refusals = []struct {
	line *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`^usher (?:failures (?:retry|drop)|jobs cancel) 17`), "`17`: an id is the number"},
	{regexp.MustCompile(`^usher raffle proof`), "the active workspace has no raffle `spring`"},
	{regexp.MustCompile(`^usher raffle verify`), "spring.json"},
	{regexp.MustCompile(`^usher replay`), "look for the database"},
	{regexp.MustCompile(`^usher coupons import`), "there is no coupon pool `imported`"},
	{regexp.MustCompile(`^usher object`), "there is no kind of objects"},
	{regexp.MustCompile(`usher clock accept$`), "there is nothing to accept: the machine's clock is followed"},
}

// Every command has examples in its --help, and each of them runs.
func TestExamplesOfHelpRun(t *testing.T) {
	w := shopWorld(t, true)
	w.means(`redis://127\.0\.0\.1:6379`, "redis://"+redistest.Start(t))
	var try func(args ...string)
	try = func(args ...string) {
		examples, commands := helpOf(t, args...)
		for _, sub := range commands {
			if sub != "help" && sub != "completion" { // cobra's own
				try(append(slices.Clone(args), sub)...)
			}
		}
		if len(examples) == 0 && len(commands) == 0 {
			t.Errorf("usher %s --help has no example", strings.Join(args, " "))
		}
		for _, line := range examples {
			t.Run(line, func(t *testing.T) {
				in := *w
				in.t = t
				if strings.Contains(line, "usher init") { // the folder is a new one
					in.dir, in.shop = t.TempDir(), ""
					data, err := os.ReadFile(filepath.Join(w.dir, "events.jsonl"))
					if err != nil {
						t.Fatal(err)
					}
					put(t, filepath.Join(in.dir, "events.jsonl"), string(data))
				}
				out, err := in.run(line)
				for _, r := range refusals {
					if !r.line.MatchString(line) {
						continue
					}
					if err == nil || !strings.Contains(out, r.says) {
						t.Errorf("it is in the --help of usher %s, and says %v\n%s", strings.Join(args, " "), err, out)
					}
					return
				}
				if err != nil {
					t.Errorf("it is in the --help of usher %s, and fails: %v\n%s", strings.Join(args, " "), err, out)
				}
			})
		}
	}
	try()
}
