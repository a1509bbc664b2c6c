package folder

import (
	"io/fs"
	"testing/fstest"
)

// FS returns the files as a file system, for the loader.
func (f Files) FS() fs.FS {
	tree := fstest.MapFS{} // an fs.FS in memory; the standard library's only one
	for name, data := range f {
		tree[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return tree
}
