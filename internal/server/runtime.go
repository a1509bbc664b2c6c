package server

import (
	"runtime"
	"runtime/debug"
)

// TuneRuntime sets up the Go runtime of a process that is a server: small in memory, and waiting
// for the disk. It is not part of New, because it is about the whole process.
// Collecting garbage half as often costs some tens of megabytes and saves a tenth of the CPU time.
// More threads than cores let the writer go on as soon as the disk has answered, instead of
// queueing behind requests. Whoever sets GOGC or GOMAXPROCS is left alone.
func TuneRuntime(env func(string) (string, bool)) {
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(400)
	}
	if _, set := env("GOMAXPROCS"); !set {
		runtime.GOMAXPROCS(4 * runtime.NumCPU())
	}
}

// ReturnMemory gives back to the machine what starting has used: workspaces are compiled, and most of
// that is not needed again.
func ReturnMemory() { debug.FreeOSMemory() }
