// Package durability holds usher, as a real process, against a model of what must be true of a
// workspace whatever happens to the process and its disk: which orders were acknowledged, hence
// which entries, tags, coupons and messages exist exactly once. The model is in model_test.go and
// shares no line with the engine.
package durability

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// isLong makes the tests take what `make soak` takes: more crashes, longer stops, more orders.
var isLong = os.Getenv("USHER_TEST_SOAK") != ""

// roleEnv makes this test binary another program: see roles.
const roleEnv = "USHER_TEST_DURABILITY_ROLE"

// roles are what this test binary is beside a test, by the value of roleEnv.
var roles = map[string]func() error{}

var binary string // usher, built for these tests

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleEnv)]; role != nil {
		if err := role(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	// They wait for timers and disks more than for processors.
	if err := flag.Set("test.parallel", short("6", "2")); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "usher-durability")
	if err == nil {
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "usher")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, "../../cmd/usher").CombinedOutput(); err != nil {
			err = fmt.Errorf("build usher: %w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// short returns the figure of an ordinary run, or that of a long one.
func short[T any](ordinary, long T) T {
	if isLong {
		return long
	}
	return ordinary
}
