package playbooks

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// file is one file of the workspace: its text, with a way from byte offsets to lines and columns.
type file struct {
	name  string
	text  string
	lines []int         // byte offset at which each line starts
	long  map[int][]int // see marks
}

// markEvery is how far apart the marks of a long line are, in bytes.
const markEvery = 256

// marks gives for a line how many characters begin before each multiple of markEvery. They keep places in a file that is one
// long line from taking time with the square of its length.
func (f *file) marks(i int) []int {
	start := f.lines[i]
	end := len(f.text)
	if i+1 < len(f.lines) {
		end = f.lines[i+1]
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
		if utf8.RuneStart(f.text[off]) {
			n++
		}
	}
	if f.long == nil {
		f.long = map[int][]int{}
	}
	f.long[i] = m
	return m
}

func newFile(name string, data []byte) *file {
	f := &file{name: name, text: string(data), lines: []int{0}}
	for i := 0; i < len(f.text); i++ {
		if f.text[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// pos gives the place of the bytes from (inclusive) to to (exclusive).
func (f *file) pos(from, to int) Pos {
	from = min(max(from, 0), len(f.text))
	to = min(max(to, from), len(f.text))
	line, col := f.lineCol(from)
	endLine, endCol := f.lineCol(to)
	return Pos{File: f.name, Line: line, Column: col, EndLine: endLine, EndColumn: endCol}
}

func (f *file) lineCol(off int) (line, col int) {
	i := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off }) - 1
	from, before := f.lines[i], 0
	if m := f.marks(i); m != nil {
		k := min((off-from)/markEvery, len(m)-1)
		from, before = from+k*markEvery, m[k]
	}
	for ; from < off; from++ {
		if utf8.RuneStart(f.text[from]) {
			before++
		}
	}
	return i + 1, before + 1
}

// offset gives the byte offset of a place; columns count characters.
func (f *file) offset(line, col int) int {
	if line < 1 || line > len(f.lines) {
		return len(f.text)
	}
	off := f.lines[line-1]
	if m := f.marks(line - 1); m != nil {
		k := max(0, sort.SearchInts(m, col)-1) // the last mark with fewer characters before it
		off, col = off+k*markEvery, col-m[k]
		for off < len(f.text) && !utf8.RuneStart(f.text[off]) {
			off++
		}
	}
	for ; col > 1 && off < len(f.text) && f.text[off] != '\n'; col-- {
		_, size := utf8.DecodeRuneInString(f.text[off:])
		off += size
	}
	return off
}

// lineEnd gives the offset of the line's end without its line break.
func (f *file) lineEnd(off int) int {
	end := strings.IndexByte(f.text[off:], '\n')
	if end < 0 {
		return len(f.text)
	}
	end += off
	if end > off && f.text[end-1] == '\r' {
		end--
	}
	return end
}

// line gives the text of a line (from 1) without its line break.
func (f *file) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	start := f.lines[n-1]
	return f.text[start:f.lineEnd(start)]
}

// linePos gives the place of a line's text without its indentation.
func (f *file) linePos(n int) Pos {
	n = min(max(n, 1), len(f.lines))
	text := f.line(n)
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	start := f.lines[n-1]
	return f.pos(start+indent, start+len(strings.TrimRight(text, " \t")))
}

// Source is the text of an expression with a way back to its place. At takes offsets in characters (runes) of Text, from
// inclusive, to exclusive, and gives their place in the file. A nil At gives the zero Pos.
type Source struct {
	Text string
	At   func(from, to int) Pos
}

func (s Source) pos(from, to int) Pos {
	if s.At == nil {
		return Pos{}
	}
	return s.At(from, to)
}
