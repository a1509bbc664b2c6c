//go:build !linux

package syncer

import "os"

// Data brings a file's data to the disk.
func Data(f *os.File) error { return f.Sync() }
