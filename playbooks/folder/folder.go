// Package folder gives the files of a workspace, from a folder of the machine or from an archive,
// as little as they can be trusted.
//
// A folder is read through [os.Root], so that no path leads out of it. Only regular files are
// opened, never links, pipes or devices, and opening waits for nobody. [Unpack] holds an archive to
// the same rules and to the bounds of a workspace.
package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Folder is a folder of the machine as an [fs.FS]. The folder itself may be named by a link.
type Folder struct{ root *os.Root }

var (
	_ fs.ReadDirFS  = (*Folder)(nil)
	_ fs.ReadLinkFS = (*Folder)(nil)
)

// errIrregular says that no regular file and no folder was to be opened.
var errIrregular = errors.New("it is no regular file")

// maxNames is how many names of one folder are listed at most: who reads them is told of a folder
// with so many.
const maxNames = 200_000

// Open opens a folder. Its error is a sentence for whoever named it.
func Open(dir string) (*Folder, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s", dir)
	case err != nil:
		return nil, fmt.Errorf("read the workspace %s: %w", dir, err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file: a workspace is the folder that holds usher.yaml", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("read the workspace %s: %w", dir, err)
	}
	return &Folder{root}, nil
}

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Open opens a regular file or a folder.
func (f *Folder) Open(name string) (fs.File, error) { return f.open(name) }

func (f *Folder) open(name string) (*os.File, error) {
	before, err := f.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() && !before.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	// What was looked at may have been replaced meanwhile.
	after, err := file.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = &fs.PathError{Op: "open", Path: name, Err: errIrregular}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Lstat describes what has the name, and follows no link.
func (f *Folder) Lstat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrInvalid}
	}
	return f.root.Lstat(name)
}

// ReadLink refuses: links are not followed.
func (f *Folder) ReadLink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: errors.ErrUnsupported}
}

// ReadDir lists a folder by name, up to a bound that is above those of a workspace.
func (f *Folder) ReadDir(name string) ([]fs.DirEntry, error) {
	dir, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // it was only read
	list, err := dir.ReadDir(maxNames)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}
