package files

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// What a workspace may hold. An archive is held to the same when it is unpacked.
const (
	MaxFiles     = 20_000   // files that are read: more than ten thousand playbooks, each with its tests
	MaxFileSize  = 1 << 20  // bytes of one file
	MaxWorkspace = 32 << 20 // bytes of all files
	MaxEntries   = 100_000  // files and folders that are looked at, whether they are read or not
)

// Result is what was read of a folder.
type Result struct {
	Files     map[string][]byte // by slash-separated path; nil: a file that cannot be read
	WrongName bool              // there is a usher.yml instead of usher.yaml
	Full      bool              // a bound was reached: nothing more was read
}

// walk reads the files that belong to a workspace, and looks through the rest of its folder for
// what seems to; see strays. It opens regular files alone.
type walk struct {
	*diag.Collector
	Result
	fsys    fs.FS
	open    map[string][]byte
	entries int
	bytes   int
}

// Read reads all files that belong to the workspace in a folder. What open holds is read in place
// of what lies there, or beside it: the texts of an editor. Mistakes, and files that are not read
// although they look as if they belonged to it, go to the collector.
func Read(fsys fs.FS, open map[string][]byte, mistakes *diag.Collector) Result {
	w := &walk{Collector: mistakes, fsys: fsys, open: open}
	w.Files = map[string][]byte{}
	if info, err := fs.Lstat(fsys, playbooks.SchemaFile); err == nil {
		w.entry(playbooks.SchemaFile, info.Mode())
	} else if _, err := fs.Lstat(fsys, "usher.yml"); err == nil {
		w.WrongName = true
	}
	for _, dir := range []string{playbooks.PlaybookDir, playbooks.TemplateDir, playbooks.SnippetDir} {
		if info, err := fs.Lstat(fsys, dir); err == nil && w.isFolder(dir, info.Mode()) {
			w.folder(dir)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(open)) { // what the disk does not have yet
		_, read := w.Files[name]
		if !read && inside(name) && !hidden(name) {
			w.file(name)
		}
	}
	if !w.Full {
		w.strays()
	}
	return w.Result
}

// inside reports whether a path is one where files of a workspace lie.
func inside(name string) bool {
	return name == playbooks.SchemaFile || strings.HasPrefix(name, playbooks.PlaybookDir+"/") ||
		strings.HasPrefix(name, playbooks.TemplateDir+"/") || strings.HasPrefix(name, playbooks.SnippetDir+"/")
}

// hidden reports whether a part of a path begins with a dot.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }

// isFolder reports whether the mode is that of a folder; anything else is a mistake.
func (w *walk) isFolder(name string, mode fs.FileMode) bool {
	if mode.IsDir() {
		return true
	}
	w.irregular(name, mode)
	return false
}

func (w *walk) irregular(name string, mode fs.FileMode) {
	w.Error("not-a-file", playbooks.WholeFile(name), "this is "+kindOfEntry(mode)).
		Label("put the file itself here: only regular files and folders are read")
}

// kindOfEntry names what stands where a file or a folder should.
func kindOfEntry(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsDir():
		return "a folder"
	case mode.IsRegular():
		return "a file"
	}
	return "no regular file"
}

// folder reads what lies in a folder and below it.
func (w *walk) folder(dir string) {
	list, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		w.Error("unreadable", playbooks.WholeFile(dir), "the file or folder cannot be read")
	}
	for _, d := range list {
		name := path.Join(dir, d.Name())
		if w.entries++; w.entries > MaxEntries && !w.Full {
			w.tooMany(fmt.Sprintf("there are more than %d files and folders here", MaxEntries))
		}
		switch {
		case w.Full:
			return
		case hidden(d.Name()):
		case d.IsDir():
			w.folder(name)
		case !strings.HasPrefix(name, playbooks.TemplateDir+"/") && d.Type().IsRegular() && w.leftover(name, list):
		default:
			w.entry(name, d.Type())
		}
	}
}

func (w *walk) tooMany(what string) {
	w.Full = true
	w.Error("workspace-too-large", playbooks.WholeFile(playbooks.SchemaFile), what).
		Label("split the workspace, or move out what is no part of it")
}

// entry reads a file that belongs to the workspace.
func (w *walk) entry(name string, mode fs.FileMode) {
	switch {
	case !mode.IsRegular():
		w.irregular(name, mode)
		w.Files[name] = nil
	case name == playbooks.SchemaFile || w.belongs(name):
		w.file(name)
	}
}

// belongs tells by its name whether a file is part of the workspace; one that only looks so is
// pointed out.
func (w *walk) belongs(name string) bool {
	ext := path.Ext(name)
	if strings.HasPrefix(name, playbooks.TemplateDir+"/") {
		if !slices.Contains(playbooks.TemplateSuffixes, ext) {
			w.Warn("file-name", playbooks.WholeFile(name), "a template ends in "+diag.OneOf(playbooks.TemplateSuffixes)).
				Label("this file is not read")
			return false
		}
		return true
	}
	if ext != playbooks.YamlSuffix {
		w.wrongEnding(name)
	}
	return ext == playbooks.YamlSuffix
}

// file takes a file's text in, within what one file and all of them may hold.
func (w *walk) file(name string) {
	data, opened := w.open[name]
	if !opened {
		var err error
		if data, err = w.read(name); err != nil {
			w.Error("unreadable", playbooks.WholeFile(name), "the file cannot be read")
			w.Files[name] = nil
			return
		}
	}
	if len(data) > MaxFileSize {
		w.Error("file-too-large", playbooks.WholeFile(name),
			fmt.Sprintf("the file has more than %d bytes (1 MiB)", MaxFileSize)).
			Label("split it")
		data = nil
	} else if data == nil {
		data = []byte{}
	}
	switch w.bytes += len(data); {
	case w.Full:
		return
	case len(w.Files) == MaxFiles:
		w.tooMany(fmt.Sprintf("the workspace has more than %d files", MaxFiles))
		return
	case w.bytes > MaxWorkspace:
		w.tooMany(fmt.Sprintf("the files of the workspace have more than %d bytes (32 MiB) together", MaxWorkspace))
		return
	}
	w.Files[name] = data
}

// read returns a file's text, or the first byte too many of it and all before.
func (w *walk) read(name string) (data []byte, err error) {
	f, err := w.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
}
