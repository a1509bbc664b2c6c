package badlines

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// Lines that are bad for one reason are told once, with their numbers, in whatever order they come.
func TestBadLinesOfOneReason(t *testing.T) {
	var b Lines
	for line := 40; line > 2; line-- {
		b.Add(line, fmt.Sprintf("line %d: member: is missing", line))
	}
	b.Add(1, "line 1: event: is missing")
	b.Add(2, "line 2: time: is no time")
	b.Add(50, "line 50: time: is no time")
	for n := range 30 {
		b.Add(100+n, fmt.Sprintf("line %d: one of a kind %d", 100+n, n))
	}
	var said bytes.Buffer
	b.Write(&said)
	const want = "line 1: event: is missing\n" +
		"line 2: time: is no time\n  and 1 more line like this: 50\n" +
		"line 3: member: is missing\n  and 37 more lines like this: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, …\n" +
		"line 100: one of a kind 0\n"
	if got := said.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "… and 13 more\nusher: 71 bad lines were left out\n") {
		t.Errorf("got\n%s", got)
	}
}
