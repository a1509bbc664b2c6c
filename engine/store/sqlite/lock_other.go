//go:build !unix

package sqlite

import (
	"errors"
	"os"
)

// lockFile takes no file: where none can be held for one process alone, there is no journal.
func lockFile(*os.File) (bool, error) { return false, errors.ErrUnsupported }
