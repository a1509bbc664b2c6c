package server

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// TuneRuntime sets up the Go runtime of a process that is a server, until ctx ends: small in memory,
// and waiting for the disk. It is not part of New, because it is about the whole process.
// While there is work garbage is collected half as often as usual and less, which costs some tens of
// megabytes and saves a tenth of the CPU time; at rest it is not worth them, and what is free is given
// back to the machine.
// More threads than cores let the writer go on as soon as the disk has answered, instead of
// queueing behind requests. Whoever sets GOGC or GOMAXPROCS is left alone.
func TuneRuntime(ctx context.Context, env func(string) (string, bool)) {
	if _, set := env("GOMAXPROCS"); !set {
		runtime.GOMAXPROCS(4 * runtime.NumCPU())
	}
	_, set := env("GOGC")
	if !set {
		debug.SetGCPercent(busyPercent)
	}
	go func() {
		var p pace
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			was := p.rests
			if p.second(allocated()); p.rests == was {
				continue
			}
			if !set {
				debug.SetGCPercent(p.percent())
			}
			if p.rests {
				debug.FreeOSMemory()
			}
		}
	}()
}

const (
	busyPercent, restPercent = 400, 200 // as GOGC
	// restBytes is what a server at rest allocates in a second at most: 400 events take so much.
	restBytes = 8 << 20
	// restAfter is how many seconds of rest follow each other before a server is at rest. What starting
	// has used, workspaces are compiled, is given back then, too.
	restAfter = 5
)

// pace tells a server at rest from one that has work, by what it allocates.
type pace struct {
	allocated uint64 // up to the last second
	quiet     int    // seconds
	rests     bool
}

// second takes up what was allocated since the start of the process, once a second.
func (p *pace) second(allocated uint64) {
	p.quiet++
	if allocated-p.allocated > restBytes {
		p.quiet = 0
	}
	p.allocated = allocated
	p.rests = p.quiet >= restAfter
}

func (p *pace) percent() int {
	if p.rests {
		return restPercent
	}
	return busyPercent
}

// allocated returns how many bytes the process has allocated since its start.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
