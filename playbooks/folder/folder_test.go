//go:build unix

package folder_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFolderIsAFileSystem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "usher.yaml", "usher: 1\n")
	write(t, dir, "playbooks/deep/a.yaml", "x\n")
	if err := fstest.TestFS(open(t, dir), "usher.yaml", "playbooks/deep/a.yaml"); err != nil {
		t.Error(err)
	}
}

// TestOnlyRegularFilesAreRead: the check names what is none, within its time, whatever it leads to.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret.txt", "the secret\n")
	for what, make := range map[string]func(path string) error{
		"a link out":         func(path string) error { return os.Symlink(filepath.Join(outside, "secret.txt"), path) },
		"a link in":          func(path string) error { return os.Symlink("../usher.yaml", path) },
		"a link to nothing":  func(path string) error { return os.Symlink("nowhere", path) },
		"a link to itself":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"a link to a folder": func(path string) error { return os.Symlink(outside, path) },
		"a pipe":             func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { _ = l.Close() })
			}
			return err
		},
	} {
		for _, name := range []string{
			"usher.yaml", "playbooks", "playbooks/a.yaml", "playbooks/a_test.yaml",
			"templates/a.txt", "templates/more",
		} {
			// Sockets have short names.
			dir, err := os.MkdirTemp("", "ws")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			write(t, dir, "usher.yaml", "usher: 1\n")
			path := filepath.Join(dir, name)
			if name == "usher.yaml" {
				err = os.Remove(path)
			} else {
				err = os.MkdirAll(filepath.Dir(path), 0o755)
			}
			if err := errors.Join(err, make(path)); err != nil {
				t.Fatal(err)
			}
			files := open(t, dir)
			ws, diags := loader.Load(files, actions.Registry())
			if len(diags) != 1 || diags[0].Code != "not-a-file" || diags[0].File != name {
				t.Errorf("%s at %s: %v", what, name, diags)
			}
			if ws.Files[name] != nil {
				t.Errorf("%s at %s was read: %q", what, name, ws.Files[name])
			}
			if _, err := files.Open(name); err == nil {
				t.Errorf("%s at %s was opened", what, name)
			}
		}
	}
}

func TestFolderNamedByALink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "v2/usher.yaml", "usher: 1\n")
	link := filepath.Join(dir, "current")
	if err := os.Symlink("v2", link); err != nil {
		t.Fatal(err)
	}
	if _, diags := loader.Load(open(t, link), actions.Registry()); len(diags) > 0 {
		t.Error(diags)
	}
}

func TestNoWayOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "secret.txt", "the secret\n")
	write(t, dir, "ws/usher.yaml", "usher: 1\n")
	if err := os.Symlink("..", filepath.Join(dir, "ws", "playbooks")); err != nil {
		t.Fatal(err)
	}
	f := open(t, filepath.Join(dir, "ws"))
	for _, name := range []string{"../secret.txt", "/etc/passwd", "playbooks/secret.txt", "playbooks/../../secret.txt"} {
		if data, err := fs.ReadFile(f, name); err == nil {
			t.Errorf("%s was read: %q", name, data)
		}
	}
}

func TestNoFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file", "")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none", "file", "pipe"} {
		if _, err := folder.Open(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}
