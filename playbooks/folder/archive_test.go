package folder_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/usher-run/usher/playbooks/files"
	"github.com/usher-run/usher/playbooks/folder"
)

// packed makes a tar file of the headers; a size without data is filled with zeros.
func packed(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := range headers {
		h := headers[i]
		if h.Mode == 0 && h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(w, zeros{}, h.Size); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	archive := packed(t,
		tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "a commit"}},
		tar.Header{Typeflag: tar.TypeDir, Name: "./"}, tar.Header{Name: "./usher.yaml", Size: 9},
		tar.Header{Typeflag: tar.TypeDir, Name: "playbooks/"}, tar.Header{Name: "playbooks/促销.yaml", Size: 3},
	)
	for _, data := range [][]byte{archive, zipped(t, archive)} {
		files, err := folder.Unpack(bytes.NewReader(data))
		if err != nil || len(files) != 2 || len(files["usher.yaml"]) != 9 || len(files["playbooks/促销.yaml"]) != 3 {
			t.Errorf("got %v, %v", files, err)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	name := func(name string) []byte { return packed(t, tar.Header{Name: name}) }
	kind := func(flag byte) []byte {
		return packed(t, tar.Header{Name: "usher.yaml", Typeflag: flag, Linkname: "/etc/passwd"})
	}
	for what, c := range map[string]struct {
		data []byte
		want string
	}{
		"an absolute path":    {name("/etc/passwd"), "not a path inside a workspace"},
		"a path out":          {name("../usher.yaml"), "not a path inside a workspace"},
		"a path out and in":   {name("playbooks/../../a.yaml"), "not a path inside a workspace"},
		"a path with dots":    {name("playbooks/./a.yaml"), "not a path inside a workspace"},
		"a path of Windows":   {name(`playbooks\a.yaml`), "not a path inside a workspace"},
		"a path with a break": {name("playbooks/a\n.yaml"), "not a path inside a workspace"},
		"a folder outside":    {packed(t, tar.Header{Name: "../x/", Typeflag: tar.TypeDir}), "not a path inside a workspace"},
		"a name twice":        {packed(t, tar.Header{Name: "usher.yaml"}, tar.Header{Name: "./usher.yaml"}), "there twice"},
		"a symbolic link":     {kind(tar.TypeSymlink), "a link"},
		"a hard link":         {kind(tar.TypeLink), "a link"},
		"a pipe":              {kind(tar.TypeFifo), "a named pipe"},
		"a device":            {kind(tar.TypeChar), "a device"},
		"a disk":              {kind(tar.TypeBlock), "a device"},
		"an unknown kind":     {kind('7'), "unknown kind"},
		"a sparse file":       {sparse(1_500_000_000), "sparse"},
		"a small sparse file": {sparse(100), "sparse"},
		"a large file": {
			packed(t, tar.Header{Name: "a.yaml", Size: files.MaxFileSize + 1}),
			"more than 1048576 bytes",
		},
		"no archive":     {[]byte("no archive"), "not a tar file"},
		"broken gzip":    {[]byte("\x1f\x8bno archive"), "not a tar file"},
		"half of a file": {packed(t, tar.Header{Name: "a.yaml", Size: 4000})[:2000], "ends inside"},
	} {
		files, err := folder.Unpack(bytes.NewReader(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || files != nil {
			t.Errorf("%s: %d files, %v", what, len(files), err)
		}
	}
}

// TestUnpackIsBounded: what is small and becomes large is refused before it has.
func TestUnpackIsBounded(t *testing.T) {
	var many, folders []tar.Header
	for i := range files.MaxFiles + 1 {
		many = append(many, tar.Header{Name: fmt.Sprintf("playbooks/%d.yaml", i)})
	}
	for i := range 2*files.MaxFiles + 1 {
		folders = append(folders, tar.Header{Name: fmt.Sprintf("%d/", i), Typeflag: tar.TypeDir})
	}
	var large []tar.Header
	for i := range 64 {
		large = append(large, tar.Header{Name: fmt.Sprintf("%d.yaml", i), Size: files.MaxFileSize})
	}
	for what, data := range map[string][]byte{
		"files": packed(t, many...), "folders": packed(t, folders...), "bytes": packed(t, large...),
		"zipped bytes": zipped(t, packed(t, large...)), "zeros": zipped(t, append(packed(t)[:0:0], make([]byte, 64<<20)...)),
	} {
		before := allocated()
		files, err := folder.Unpack(bytes.NewReader(data))
		if what == "zeros" { // an archive ends at the first of them
			if err != nil || len(files) > 0 {
				t.Errorf("%s: %d files, %v", what, len(files), err)
			}
		} else if !errors.Is(err, folder.ErrTooLarge) {
			t.Errorf("too many %s: %d files, %v", what, len(files), err)
		}
		if used := allocated() - before; used > 128<<20 {
			t.Errorf("%s: %d bytes were allocated", what, used)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// sparse makes an archive of a kilobyte or two, whose one file is so long and all holes.
func sparse(size int) []byte {
	record := func(key, value string) string {
		rest := fmt.Sprintf(" %s=%s\n", key, value)
		n := len(rest) + 1
		for len(fmt.Sprint(n))+len(rest) != n {
			n = len(fmt.Sprint(n)) + len(rest)
		}
		return fmt.Sprint(n) + rest
	}
	block := func(text string) string { return text + strings.Repeat("\x00", (512-len(text)%512)%512) }
	head := func(name string, size int, kind byte) string {
		b := make([]byte, 512)
		copy(b, name)
		copy(b[100:], "0000644\x000000000\x000000000\x00")
		copy(b[124:], fmt.Sprintf("%011o\x0000000000000\x00        %c", size, kind))
		copy(b[257:], "ustar\x0000")
		sum := 0
		for _, c := range b {
			sum += int(c)
		}
		copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
		return string(b)
	}
	records := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") +
		record("GNU.sparse.name", "usher.yaml") +
		record("GNU.sparse.realsize", fmt.Sprint(size))
	return []byte(head("PaxHeaders/x", len(records), 'x') + block(records) + head("GNUSparseFile/usher.yaml", 512, '0') +
		block("0\n") + strings.Repeat("\x00", 1024))
}
