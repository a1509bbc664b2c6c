package playbooks_test

import (
	"os"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
)

func TestLin(t *testing.T) {
	_, d := playbooks.Load(os.DirFS("/tmp/me/lin"), actions.Registry())
	t.Log(len(d))
}
