package sqlconn

import (
	"fmt"
	"net/url"

	"github.com/usher-run/usher/engine/store/sqlite/vfs"
)

// Sizes of a database, in bytes: of a page, and of a log that is cut when it begins anew.
const (
	PageSize = 2048
	logLimit = 64 << 20
)

// cacheSize keeps what the writer changes time and again, 16 MB. After a commit that has split pages
// SQLite goes through all of its cache: a larger one costs more than it saves.
const cacheSize = "cache_size(-16384)"

// ReadingOnly makes a DSN that of a reader, whose cache is empty after every commit: a large one
// only takes long to empty.
const ReadingOnly = "&_pragma=query_only(1)&_pragma=cache_size(-2048)"

// Spilling comes behind ReadingOnly: what is sorted spills into files of the system's temporary folder.
const Spilling = "&_pragma=temp_store(FILE)"

// DSN returns by what a database is opened. It carries the pragmas, so that every connection has
// them, and the layer that writes the log. A busy timeout is for a second process on the file.
func DSN(path string) (string, error) {
	if err := vfs.Register(); err != nil {
		return "", err
	}
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", fmt.Sprintf("page_size(%d)", PageSize), "journal_mode(WAL)", "synchronous(NORMAL)",
		cacheSize,
		"temp_store(MEMORY)", "wal_autocheckpoint(0)", fmt.Sprintf("journal_size_limit(%d)", logLimit),
		"foreign_keys(0)",
	}, "_txlock": {"immediate"}, "vfs": {vfs.Name}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode(), nil
}
