package workspaces

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/usher-run/usher/playbooks/folder"
)

// Disk is the machine's file system, for the language server.
type Disk struct{}

// Workspace climbs from a file to the nearest folder with a usher.yaml.
func (Disk) Workspace(path string) (string, bool) {
	for dir := filepath.Dir(filepath.FromSlash(path)); ; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(filepath.Join(dir, "usher.yaml")); err == nil && info.Mode().IsRegular() {
			return filepath.ToSlash(dir), true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// Read hands the files of a workspace to read.
func (Disk) Read(dir string, read func(fs.FS)) error {
	files, err := folder.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	read(files)
	return files.Close()
}

// Absolute returns the whole path, with slashes.
func Absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(abs)
}
