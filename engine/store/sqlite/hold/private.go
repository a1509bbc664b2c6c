package hold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// CloseToOthers makes the database's files their owner's alone. SQLite gives what it makes beside
// the database the same permissions, whatever the umask.
func CloseToOthers(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", "-inbox"} {
		if err := Private(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Private makes a file or a folder its owner's alone, when others may use it.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 { // Windows has other permissions
		return err
	}
	if err := os.Chmod(path, info.Mode().Perm()&^0o077); err != nil {
		return fmt.Errorf("others may use %s, and it cannot be closed to them: `chmod go= %s` as its owner: %w", path, path,
			err)
	}
	return nil
}
