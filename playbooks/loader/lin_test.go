package loader_test

import (
	"os"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/loader"
)

func TestLin(t *testing.T) {
	_, d := loader.Load(os.DirFS("/tmp/me/lin"), actions.Registry())
	t.Log(len(d))
}
