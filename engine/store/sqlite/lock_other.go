//go:build !unix

package sqlite

import (
	"errors"
	"os"
)

// lockFile takes no file.
func lockFile(*os.File) (bool, error) { return false, errors.ErrUnsupported }
