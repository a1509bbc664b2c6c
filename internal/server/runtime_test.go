package server

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// A server that allocates little is at rest after a while, and has work again in the second in which
// it allocates more.
func TestPace(t *testing.T) {
	const little, much = restBytes / 2, 2 * restBytes
	var p pace
	var told []string
	total, was := uint64(0), false
	for i, bytes := range []uint64{
		much, little, little, little, little, much, // starting takes its time
		little, little, little, little, little, little, // at rest in the fifth
		much, much, little, little, much, // a pause is no rest
		little, little, little, little, little,
	} {
		total += bytes
		p.second(total)
		if p.rests != was {
			told = append(told, fmt.Sprintf("%d: %d", i, p.percent()))
		}
		was = p.rests
	}
	if got := strings.Join(told, ", "); got != "10: 200, 12: 400, 21: 200" {
		t.Errorf("it changes in second %s", got)
	}
	before := allocated()
	taken := make([]byte, much)
	if got := allocated() - before; got < much {
		t.Errorf("%d bytes were allocated, and %d are told", len(taken), got)
	}
	runtime.KeepAlive(taken)
}
