package folder

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"

	"github.com/usher-run/usher/playbooks/files"
)

// ErrTooLarge is what an error wraps that says that an archive is beyond the bounds of a workspace.
var ErrTooLarge = errors.New("too large for a workspace")

// ErrNotTar is what an error wraps that says that no tar file was read.
var ErrNotTar = errors.New("not a tar file")

var errTooLong = fmt.Errorf("unpacked it has more than %d bytes (32 MiB): it is %w", files.MaxWorkspace, ErrTooLarge)

// Files are the files of a workspace by their paths, as an archive or a request brings them.
type Files map[string][]byte

// Add takes a file in, or says why it cannot be one of a workspace.
func (f Files) Add(name string, data []byte) error {
	switch _, twice := f[name]; {
	case !fs.ValidPath(name) || name == "." || strings.Contains(name, `\`) ||
		strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%q is not a path inside a workspace", name)
	case twice:
		return fmt.Errorf("the file %s is there twice", name)
	case len(f) == files.MaxFiles:
		return fmt.Errorf("there are more than %d files: this is %w", files.MaxFiles, ErrTooLarge)
	case len(data) > files.MaxFileSize:
		return fmt.Errorf("%s has more than %d bytes (1 MiB): it is %w; leave out what is no part of it", name,
			files.MaxFileSize, ErrTooLarge)
	}
	f[name] = data
	return nil
}

// maxMembers is how many members of an archive are looked at, folders and notes about files among
// them.
const maxMembers = 2 * files.MaxFiles

// Unpack reads a tar file, plain or in gzip. No more is unpacked than a workspace may hold. Folders
// are passed over; a link, a device, a sparse file or a path out of the folder is an error.
func Unpack(in io.Reader) (Files, error) {
	plain, err := gunzip(in)
	if err != nil {
		return nil, err
	}
	bounded := &io.LimitedReader{R: plain, N: files.MaxWorkspace + 1}
	files := Files{}
	r := tar.NewReader(bounded)
	for members := 0; ; members++ {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case bounded.N == 0:
			return nil, errTooLong
		case err != nil:
			return nil, fmt.Errorf("the body is %w", ErrNotTar)
		case members == maxMembers:
			return nil, fmt.Errorf("it has more than %d members: it is %w", maxMembers, ErrTooLarge)
		}
		if err := files.member(h, r); err != nil {
			if bounded.N == 0 {
				err = errTooLong
			}
			return nil, err
		}
	}
}

// gunzip reads what begins as gzip does through it.
func gunzip(in io.Reader) (io.Reader, error) {
	b := bufio.NewReader(in)
	if magic, err := b.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return b, nil //nolint:nilerr // what is too short for gzip is too short for tar, which says so
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("the body begins as gzip does, and is %w", ErrNotTar)
	}
	return z, nil
}

// member takes in a member of an archive.
func (f Files) member(h *tar.Header, in io.Reader) error {
	name := strings.TrimPrefix(h.Name, "./")
	switch h.Typeflag {
	case tar.TypeXGlobalHeader: // a note of `git archive`
		return nil
	case tar.TypeDir:
		if name = strings.TrimSuffix(name, "/"); name != "" && !fs.ValidPath(name) {
			return fmt.Errorf("%q is not a path inside a workspace", h.Name)
		}
		return nil
	case tar.TypeReg:
	default:
		return fmt.Errorf("%s is %s: a workspace is made of regular files alone", h.Name, kindOf(h.Typeflag))
	}
	if isSparse(h) {
		return fmt.Errorf("%s is a sparse file: pack it whole", h.Name)
	}
	if h.Size > files.MaxFileSize {
		return f.Add(name, make([]byte, files.MaxFileSize+1)) // which says that it is too large, or what else is wrong
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("the body ends inside %s: it is %w", h.Name, ErrNotTar)
	}
	return f.Add(name, data)
}

func kindOf(typeflag byte) string {
	switch typeflag {
	case tar.TypeSymlink, tar.TypeLink:
		return "a link"
	case tar.TypeFifo:
		return "a named pipe"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeGNUSparse:
		return "a sparse file"
	}
	return fmt.Sprintf("of the unknown kind %q", typeflag)
}

// isSparse reports whether a few bytes of the archive stand for many of the file.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
