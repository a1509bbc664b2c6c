// Package statedir names the folder that usher keeps its own files in, and makes it.
package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// Name is the folder's name. It lies where usher was started.
	Name = ".usher"
	// KeyFile is the file with the admin key, beside the database.
	KeyFile = "admin.key"
)

// Make makes a folder with those above it. A state folder among them keeps itself out of git: it
// holds members' data and an admin key, and `git add .` must not take them.
func Make(dir string, mode os.FileMode) error {
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if filepath.Base(d) == Name {
			return ignoreAll(d)
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

// ignoreAll lets git take nothing of a folder. A .gitignore that is there already is left as it is.
func ignoreAll(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, ".gitignore"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep %s out of git: %w", dir, err)
	}
	_, err = f.WriteString("# Made by usher: members' data and keys stay out of git.\n*\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
