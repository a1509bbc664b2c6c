package durability

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"
)

// The disk below a process, for tests: a tracer that sees each write, truncation and sync of the
// files in a folder before the process does. It knows what a sync has made durable. At the end of
// its commands it kills the process, and leaves in the files what was durable: every write since
// the last sync is undone, as a power cut may do. Names of files count as durable at once; what is
// mapped into memory (the index of SQLite's log) is removed, as a start makes it anew.
//
// Commands come on the standard input, a line each: `full` lets all writes fail for want of room,
// `free` ends that. The disk runs in a process of its own, because whoever traces has to wait for
// all threads of the traced.

func init() {
	roles["disk"] = runDisk
	roles["traced"] = runTraced
}

// innerRoleEnv is the role of the process on the disk, when it is this test binary.
const innerRoleEnv = roleEnv + "_INNER"

// underDisk returns a command that runs the one of args on a disk that holds the folder, and takes
// the disk's commands.
func underDisk(t *testing.T, dir string, args []string) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{dir}, args...)...)
	commands, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{roleEnv + "=disk"}
	return cmd, commands
}

// Numbers of linux/amd64 that package syscall does not have.
const (
	sysProcessVMReadv = 310
	sysSeccomp        = 317

	setModeFilter    = 1
	filterAllThreads = 1 // SECCOMP_FILTER_FLAG_TSYNC
	retAllow         = 0x7fff0000
	retTrace         = 0x7ff00000
	prSetNoNewPrivs  = 38

	optTraceSeccomp = 0x80     // PTRACE_O_TRACESECCOMP
	optExitKill     = 0x100000 // PTRACE_O_EXITKILL
	eventSeccomp    = 7
)

// traced are the system calls that the disk looks at.
var traced = []uint32{
	syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV, syscall.SYS_PWRITEV, syscall.SYS_FTRUNCATE,
	syscall.SYS_FALLOCATE, syscall.SYS_FSYNC, syscall.SYS_FDATASYNC,
}

// runTraced becomes the command of its arguments, under a filter that stops at the traced calls
// only: all others cost nothing.
func runTraced() error {
	type instruction struct {
		code uint16
		jt   uint8
		_    uint8
		k    uint32
	}
	const load, jumpEqual, ret = 0x20, 0x15, 0x06
	program := []instruction{{code: load}} // the number of the call
	for i, nr := range traced {
		program = append(program, instruction{code: jumpEqual, jt: uint8(len(traced) - i), k: nr})
	}
	program = append(program, instruction{code: ret, k: retAllow}, instruction{code: ret, k: retTrace})
	filter := struct {
		n     uint16
		first *instruction
	}{uint16(len(program)), &program[0]}
	if err := os.Setenv(roleEnv, os.Getenv(innerRoleEnv)); err != nil {
		return err
	}
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	_, _, errno := syscall.RawSyscall(sysSeccomp, setModeFilter, filterAllThreads, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
}

// disk is the tracer.
type disk struct {
	dir    string
	pid    int // of the process
	files  map[string]*diskFile
	calls  map[int]*call // by thread: what it is in
	known  map[int]bool  // threads that have been seen
	isFull atomic.Bool
}

// diskFile is what is known of a file.
type diskFile struct {
	durable []byte
	pending []change // not synced, in order
}

// change is a write, or a truncation to at.
type change struct {
	at        int64
	data      []byte
	truncates bool
}

// call is a system call that has begun.
type call struct {
	file   *diskFile
	sync   int // how many of the file's changes a sync covers; -1: it is none
	change change
	isFull bool // it fails
}

// runDisk traces the command of its arguments behind the folder until the commands end.
func runDisk() error {
	runtime.LockOSThread() // only the thread that began may trace
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d := &disk{dir: os.Args[1], files: map[string]*diskFile{}, calls: map[int]*call{}, known: map[int]bool{}}
	if err := d.readFiles(); err != nil {
		return err
	}
	if err := os.Setenv(roleEnv, "traced"); err != nil {
		return err
	}
	d.pid, err = syscall.ForkExec(self, append([]string{self}, os.Args[2:]...), &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return err
	}
	go d.obey()
	if err := d.trace(); err != nil {
		_ = syscall.Kill(d.pid, syscall.SIGKILL)
		return err
	}
	return d.restore()
}

func (d *disk) readFiles() error {
	list, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(d.dir, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		d.files[path] = &diskFile{durable: data}
	}
	return nil
}

func (d *disk) obey() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		d.isFull.Store(lines.Text() == "full")
	}
	_ = syscall.Kill(d.pid, syscall.SIGKILL)
}

// trace follows all threads of the process until it has ended.
func (d *disk) trace() error {
	var status syscall.WaitStatus
	if _, err := wait(d.pid, &status); err != nil {
		return fmt.Errorf("wait for the start: %w", err)
	}
	d.known[d.pid] = true
	const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEEXEC | syscall.PTRACE_O_TRACESYSGOOD |
		optTraceSeccomp | optExitKill
	if err := syscall.PtraceSetOptions(d.pid, options); err != nil {
		return os.NewSyscallError("ptrace", err)
	}
	if err := syscall.PtraceCont(d.pid, 0); err != nil {
		return os.NewSyscallError("ptrace", err)
	}
	for {
		tid, err := wait(-1, &status)
		if errors.Is(err, syscall.ECHILD) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for a thread: %w", err)
		}
		if !status.Stopped() {
			delete(d.calls, tid)
			continue
		}
		// A thread that is killed meanwhile is gone; its end is told by the next wait.
		if err := d.stopped(tid, status); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

func wait(pid int, status *syscall.WaitStatus) (int, error) {
	for {
		tid, err := syscall.Wait4(pid, status, syscall.WALL, nil)
		if !errors.Is(err, syscall.EINTR) {
			return tid, err
		}
	}
}

// stopped looks at why a thread has stopped, and lets it go on.
func (d *disk) stopped(tid int, status syscall.WaitStatus) error {
	isNew := !d.known[tid]
	d.known[tid] = true
	switch sig := status.StopSignal(); {
	case sig == syscall.SIGTRAP|0x80: // the end of a call
		if err := d.end(tid); err != nil {
			return err
		}
	case sig == syscall.SIGTRAP && status.TrapCause() == eventSeccomp: // the beginning of a call
		watched, err := d.begin(tid)
		if err != nil {
			return err
		}
		if watched {
			return syscall.PtraceSyscall(tid, 0)
		}
	case sig == syscall.SIGTRAP, sig == syscall.SIGSTOP && isNew:
	default:
		return syscall.PtraceCont(tid, int(sig))
	}
	return syscall.PtraceCont(tid, 0)
}

// begin notes the call that a thread begins; false: it is none of a file in the folder.
func (d *disk) begin(tid int) (bool, error) {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return false, err
	}
	fd := int(regs.Rdi)
	path := d.path(fd)
	if path == "" {
		return false, nil
	}
	f := d.files[path]
	if f == nil {
		f = &diskFile{}
		d.files[path] = f
	}
	c := &call{file: f, sync: -1}
	d.calls[tid] = c
	var err error
	switch regs.Orig_rax {
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		c.sync = len(f.pending)
		return true, nil
	case syscall.SYS_FTRUNCATE:
		c.change = change{at: int64(regs.Rsi), truncates: true}
	case syscall.SYS_PWRITE64:
		c.change.at = int64(regs.R10)
		c.change.data, err = d.read(regs.Rsi, regs.Rdx)
	case syscall.SYS_WRITE:
		if c.change.at, err = d.position(fd); err == nil {
			c.change.data, err = d.read(regs.Rsi, regs.Rdx)
		}
	default:
		return false, fmt.Errorf("%s is written by the call %d, which this disk does not know", path, regs.Orig_rax)
	}
	if err != nil {
		return false, err
	}
	if c.isFull = d.isFull.Load(); c.isFull {
		regs.Orig_rax = ^uint64(0) // no call
		err = syscall.PtraceSetRegs(tid, &regs)
	}
	return true, err
}

// path returns the name of an open file in the folder; empty: it is none.
func (d *disk) path(fd int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", d.pid, fd))
	if err != nil || filepath.Dir(path) != d.dir || strings.HasSuffix(path, "-shm") {
		return ""
	}
	return path
}

// end notes what the call has done that a thread was in.
func (d *disk) end(tid int) error {
	c := d.calls[tid]
	delete(d.calls, tid)
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil || c == nil {
		return err
	}
	if c.isFull {
		regs.Rax = ^uint64(syscall.ENOSPC) + 1
		return syscall.PtraceSetRegs(tid, &regs)
	}
	done := int64(regs.Rax)
	switch {
	case done < 0:
	case c.sync >= 0:
		c.file.sync(c.sync)
	case c.change.truncates:
		c.file.pending = append(c.file.pending, c.change)
	default:
		c.change.data = c.change.data[:done]
		c.file.pending = append(c.file.pending, c.change)
	}
	return nil
}

// sync makes the first n of what is pending durable, or as many as another sync has left.
func (f *diskFile) sync(n int) {
	n = min(n, len(f.pending))
	for _, c := range f.pending[:n] {
		end := c.at + int64(len(c.data))
		if c.truncates && end < int64(len(f.durable)) {
			f.durable = f.durable[:end]
		}
		if more := end - int64(len(f.durable)); more > 0 {
			f.durable = append(f.durable, make([]byte, more)...)
		}
		copy(f.durable[c.at:], c.data)
	}
	f.pending = append([]change(nil), f.pending[n:]...)
}

// read returns what lies in the memory of the process.
func (d *disk) read(at, n uint64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	type vector struct{ base, n uint64 }
	data := make([]byte, n)
	local := vector{uint64(uintptr(unsafe.Pointer(&data[0]))), n}
	remote := vector{at, n}
	got, _, errno := syscall.Syscall6(sysProcessVMReadv, uintptr(d.pid), uintptr(unsafe.Pointer(&local)), 1,
		uintptr(unsafe.Pointer(&remote)), 1, 0)
	runtime.KeepAlive(data)
	if errno != 0 || uint64(got) != n {
		return nil, fmt.Errorf("read %d bytes of the process: %d, %w", n, got, errno)
	}
	return data, nil
}

// position returns where in a file the process reads and writes.
func (d *disk) position(fd int) (at int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", d.pid, fd))
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscanf(string(text), "pos: %d", &at)
	return at, err
}

// restore leaves in the files what was durable.
func (d *disk) restore() error {
	for path, f := range d.files {
		info, err := os.Lstat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // the process has removed it
		}
		if err == nil && strings.HasSuffix(path, "-shm") {
			err = os.Remove(path)
		} else if err == nil {
			undone := 0
			for _, c := range f.pending {
				undone += len(c.data)
			}
			fmt.Fprintf(os.Stderr, "the cut undoes %d changes of %s, %d bytes\n", len(f.pending), filepath.Base(path), undone)
			err = os.WriteFile(path, f.durable, info.Mode())
		}
		if err != nil {
			return err
		}
	}
	shm, err := filepath.Glob(filepath.Join(d.dir, "*-shm"))
	for _, path := range shm {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
