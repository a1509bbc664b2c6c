//go:build !unix

package hold

import (
	"errors"
	"os"
)

// Lock takes no file.
func Lock(*os.File) (bool, error) { return false, errors.ErrUnsupported }
