package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/htmlindex"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"usher": func() {
			os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
		},
	})
}

// TestScripts runs testdata/script/*.txtar. Beside testscript's own commands they have:
//
//	encode ENC A B    writes the file A as B in another encoding
//	ready             waits until the server at $ADDR is ready
//	until RE CMD…     repeats a command until its output matches
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// The port is free now; the server of the script takes it.
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer l.Close()
			e.Setenv("ADDR", l.Addr().String())
			e.Setenv("USHER_SERVER", "http://"+l.Addr().String())
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"encode": encode, "ready": ready, "until": until},
	})
}

func encode(ts *testscript.TestScript, _ bool, args []string) {
	enc, err := htmlindex.Get(args[0])
	ts.Check(err)
	text, err := enc.NewEncoder().String(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o644))
}

const patience = 20 * time.Second

func ready(ts *testscript.TestScript, _ bool, _ []string) {
	url := "http://" + ts.Getenv("ADDR") + "/readyz"
	poll(ts, "the server is not ready", func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile(args[0])
	last := ""
	poll(ts, "the output never matched "+args[0], func() bool {
		cmd := exec.Command(args[1], args[2:]...)
		cmd.Dir = ts.Getenv("WORK")
		cmd.Env = append(os.Environ(), "USHER_SERVER="+ts.Getenv("USHER_SERVER"), "TZ=UTC")
		out, err := cmd.CombinedOutput()
		last = fmt.Sprintf("%s%v", out, err)
		return re.MatchString(last)
	})
	ts.Logf("%s", last)
}

func poll(ts *testscript.TestScript, failure string, ok func() bool) {
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("%s", failure)
		}
	}
}
