//go:build !linux

package journal

import "os"

// SyncData brings a file's data to the disk.
func SyncData(f *os.File) error { return f.Sync() }
