package durability

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The power fails under load: the process is killed, and every write since the last sync of its
// file is undone.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for cut := range short(1, 8) {
		t.Run(fmt.Sprint(cut), cutPower)
	}
}

func cutPower(t *testing.T) {
	s := newServer(t)
	s.wrap = underDisk
	s.start()
	l := newLoad(t, s.url(), 120, 4, 20*time.Millisecond)
	l.start()
	// What is undone has to have had effects outside.
	s.until("messages of emitted events go out", func() string {
		if n := s.sink.count("mail told "); n < l.members/2 {
			return fmt.Sprintf("%d of %d were received", n, l.members/2)
		}
		return ""
	})
	s.kill()
	l.stop()
	// A decision that is made again in the same second may come to the same ids by chance.
	time.Sleep(1100 * time.Millisecond)
	s.start()
	// What the cut has undone is to be right before anything is sent again.
	s.holds("power cut", 1, l.now())
}

// The disk is full for a while: nothing is acknowledged that is not stored, and once there is room
// the server goes on by itself.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.wrap = underDisk
	s.start()
	l := newLoad(t, s.url(), short(120, 1600), 4, short[time.Duration](20, 200)*time.Millisecond)
	l.start()
	for range short(1, 8) {
		s.untilAcknowledged(l, l.acknowledged()+l.members*l.each/short(3, 10))
		s.tellDisk("full")
		time.Sleep(short(time.Second, 5*time.Second))
		s.tellDisk("free")
	}
	l.wait()
	s.holds("full disk", 0, l.now())
}

func (s *server) tellDisk(command string) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.disk, command); err != nil {
		s.t.Fatal(err)
	}
}

// The disk of these tests does what it says: after a cut a file holds what was synced and no more.
func TestCutUndoesWhatWasNotSynced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, commands := underDisk(t, dir, os.Args[:1])
	cmd.Env = append(os.Environ(), append(cmd.Env, innerRoleEnv+"=writer", "DIR="+dir)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the process said %q, want %q", lines.Text(), want)
		}
	}
	next("written")
	if _, err := fmt.Fprintln(commands, "full"); err != nil {
		t.Fatal(err)
	}
	next("no space left on device")
	if err := commands.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"old": "01ab456789", "new": "synced", "short": "01", "never": ""} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, want %q; %v", name, got, want, err)
		}
	}
}

func init() { roles["writer"] = write }

// write writes, syncs some of it, and then writes until the disk is full.
func write() error {
	files := map[string]*os.File{}
	for _, name := range []string{"old", "new", "short", "never"} {
		f, err := os.OpenFile(filepath.Join(os.Getenv("DIR"), name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		files[name] = f
	}
	var err error
	at := func(name, text string, at int64) {
		_, e := files[name].WriteAt([]byte(text), at)
		err = errors.Join(err, e)
	}
	at("old", "ab", 2)
	at("short", "0123456789", 0)
	err = errors.Join(err, files["old"].Sync(), files["short"].Truncate(2), files["short"].Sync())
	at("old", "cd", 6)
	at("old", "more", 20)
	_, e := files["new"].WriteString("syn")
	err = errors.Join(err, e)
	_, e = files["new"].WriteString("ced")
	err = errors.Join(err, e, files["new"].Sync(), files["new"].Truncate(1), files["short"].Truncate(0))
	at("never", "x", 0)
	if err != nil {
		return err
	}
	fmt.Println("written")
	for {
		if _, err := files["never"].WriteAt([]byte("y"), 0); err != nil {
			fmt.Println(errors.Unwrap(err))
			select {}
		}
	}
}
