package diag

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// File is one file of the workspace: its text, with a way from byte offsets to lines and columns.
type File struct {
	Name  string
	Text  string
	Lines []int         // byte offset at which each line starts
	long  map[int][]int // see marks
}

// markEvery is how far apart the marks of a long line are, in bytes.
const markEvery = 256

// marks returns for a line how many characters begin before each multiple of markEvery. They keep
// places in a file that is one long line from taking time with the square of its length.
func (f *File) marks(i int) []int {
	start := f.Lines[i]
	end := len(f.Text)
	if i+1 < len(f.Lines) {
		end = f.Lines[i+1]
	}
	if end-start <= markEvery {
		return nil
	}
	if m, ok := f.long[i]; ok {
		return m
	}
	var m []int
	n := 0
	for off := start; off < end; off++ {
		if (off-start)%markEvery == 0 {
			m = append(m, n)
		}
		if utf8.RuneStart(f.Text[off]) {
			n++
		}
	}
	if f.long == nil {
		f.long = map[int][]int{}
	}
	f.long[i] = m
	return m
}

// NewFile returns a file with its lines found.
func NewFile(name string, data []byte) *File {
	f := &File{Name: name, Text: string(data), Lines: []int{0}}
	for i := 0; i < len(f.Text); i++ {
		if f.Text[i] == '\n' {
			f.Lines = append(f.Lines, i+1)
		}
	}
	return f
}

// Pos returns the place of the bytes from (inclusive) to to (exclusive).
func (f *File) Pos(from, to int) Pos {
	from = min(max(from, 0), len(f.Text))
	to = min(max(to, from), len(f.Text))
	line, col := f.LineCol(from)
	endLine, endCol := f.LineCol(to)
	return Pos{File: f.Name, Line: line, Column: col, EndLine: endLine, EndColumn: endCol}
}

// LineCol returns the line and the column, in characters, of a byte offset; both count from 1.
func (f *File) LineCol(off int) (line, col int) {
	i := sort.Search(len(f.Lines), func(i int) bool { return f.Lines[i] > off }) - 1
	from, before := f.Lines[i], 0
	if m := f.marks(i); m != nil {
		k := min((off-from)/markEvery, len(m)-1)
		from, before = from+k*markEvery, m[k]
	}
	for ; from < off; from++ {
		if utf8.RuneStart(f.Text[from]) {
			before++
		}
	}
	return i + 1, before + 1
}

// Offset returns the byte offset of a place; columns count characters.
func (f *File) Offset(line, col int) int {
	if line < 1 || line > len(f.Lines) {
		return len(f.Text)
	}
	off := f.Lines[line-1]
	if m := f.marks(line - 1); m != nil {
		k := max(0, sort.SearchInts(m, col)-1) // the last mark with fewer characters before it
		off, col = off+k*markEvery, col-m[k]
		for off < len(f.Text) && !utf8.RuneStart(f.Text[off]) {
			off++
		}
	}
	for ; col > 1 && off < len(f.Text) && f.Text[off] != '\n'; col-- {
		_, size := utf8.DecodeRuneInString(f.Text[off:])
		off += size
	}
	return off
}

// LineEnd returns the offset of the line's end without its line break.
func (f *File) LineEnd(off int) int {
	end := strings.IndexByte(f.Text[off:], '\n')
	if end < 0 {
		return len(f.Text)
	}
	end += off
	if end > off && f.Text[end-1] == '\r' {
		end--
	}
	return end
}

// Line returns the text of a line (from 1) without its line break.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.Lines) {
		return ""
	}
	start := f.Lines[n-1]
	return f.Text[start:f.LineEnd(start)]
}

// LinePos returns the place of a line's text without its indentation.
func (f *File) LinePos(n int) Pos {
	n = min(max(n, 1), len(f.Lines))
	text := f.Line(n)
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	start := f.Lines[n-1]
	return f.Pos(start+indent, start+len(strings.TrimRight(text, " \t")))
}

// Source is the text of an expression with a way back to its place. At takes offsets in characters
// (runes) of Text, from inclusive, to exclusive, and gives their place in the file. A nil At gives
// the zero Pos.
type Source struct {
	Text string
	At   func(from, to int) Pos
}

// Pos returns the place of the characters from (inclusive) to to (exclusive); the zero Pos when it
// is not known.
func (s Source) Pos(from, to int) Pos {
	if s.At == nil {
		return Pos{}
	}
	return s.At(from, to)
}

// Positions returns the place of any of the file's characters, which are counted from its beginning.
func (f *File) Positions() func(from, to int) Pos {
	var offsets []int
	return func(from, to int) Pos {
		if offsets == nil {
			for i := range f.Text {
				offsets = append(offsets, i)
			}
			offsets = append(offsets, len(f.Text))
		}
		last := len(offsets) - 1
		return f.Pos(offsets[min(from, last)], offsets[min(to, last)])
	}
}
