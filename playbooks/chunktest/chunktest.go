// Package chunktest reads, in tests, files of many small workspaces whose expected mistakes stand on
// the lines that they are about:
//
//	What the cases of this file have in common.
//
//	=== one-slip
//	A line about the case, or a word that the test knows.
//	-- playbooks/a.yaml --
//	id: a
//	condition: member.levle == 1 ### unknown-field at "levle" "member has no `levle`" help "write .*"
//
// A case begins with === and its name, and goes on as a txtar archive; one empty line before the
// next is between the two. From ` ### ` on, a line is not part of the workspace, but says what is
// found there: see [Want].
package chunktest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/tools/txtar"
)

// File is a file of cases.
type File struct {
	Comment string // what stands above the first case
	Cases   []*Case
}

// Case is one workspace, with the mistakes that it has.
type Case struct {
	Name    string
	Archive *txtar.Archive // without the expectations
	Wants   []*Want        // in the order of the file
}

const (
	caseMark = "=== "
	wantMark = " ### "
)

var caseName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Parse reads a file of cases; name stands in errors.
func Parse(name string, data []byte) (*File, error) {
	file, seen := &File{}, map[string]bool{}
	var c *Case
	var errs []error
	fail := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", name, line, fmt.Sprintf(format, args...)))
	}
	var text strings.Builder
	end := func(whole string) {
		if c == nil {
			file.Comment = whole
		} else {
			c.Archive = txtar.Parse([]byte(whole))
		}
		text.Reset()
	}
	inFile, inLine := "", 0
	for i, line := range strings.SplitAfter(string(data), "\n") {
		if title, ok := strings.CutPrefix(line, caseMark); ok {
			end(withoutEmptyLine(text.String()))
			c = &Case{Name: strings.TrimSuffix(title, "\n")}
			if !caseName.MatchString(c.Name) || seen[c.Name] {
				fail(i+1, "%q is no name of a case, or one that another has", c.Name)
			}
			seen[c.Name] = true
			file.Cases = append(file.Cases, c)
			inFile, inLine = "", 0
			continue
		}
		rest, wants, found := strings.Cut(line, wantMark)
		switch begun := beginsFile(line); {
		case begun != "":
			inFile, inLine = begun, 0
		case found && inFile == "":
			fail(i+1, "an expectation stands on a line of a file")
		case found:
			list, err := parseWants(strings.TrimSuffix(wants, "\n"))
			if err != nil {
				fail(i+1, "%v", err)
			}
			for _, w := range list {
				w.File, w.Line, w.source = inFile, inLine+1, fmt.Sprintf("%s:%d", name, i+1)
				c.Wants = append(c.Wants, w)
			}
			line = rest + "\n"
			fallthrough
		default:
			inLine++
		}
		text.WriteString(line)
	}
	end(text.String())
	return file, errors.Join(errs...)
}

func withoutEmptyLine(text string) string {
	if text == "\n" || strings.HasSuffix(text, "\n\n") {
		return text[:len(text)-1]
	}
	return text
}

// beginsFile returns the name of the file that the line begins, or "".
func beginsFile(line string) string {
	if a := txtar.Parse([]byte(line)); len(a.Files) == 1 {
		return a.Files[0].Name
	}
	return ""
}

// Format returns the text that [Parse] reads. It fails when an expectation has no line to stand on.
func (f *File) Format() (string, error) {
	var out strings.Builder
	out.WriteString(f.Comment)
	for _, c := range f.Cases {
		out.WriteString("\n" + caseMark + c.Name + "\n")
		out.Write(c.Archive.Comment)
		written := 0
		for _, file := range c.Archive.Files {
			fmt.Fprintf(&out, "-- %s --\n", file.Name)
			lines := strings.SplitAfter(string(file.Data), "\n")
			for i, line := range lines {
				if line == "" {
					continue // after the last line break
				}
				out.WriteString(strings.TrimSuffix(line, "\n"))
				for _, w := range c.Wants {
					if w.File == file.Name && w.Line == i+1 {
						out.WriteString(" " + w.String())
						written++
					}
				}
				out.WriteString("\n")
			}
		}
		if written < len(c.Wants) {
			return "", fmt.Errorf("%s: a mistake is about no line of a file of the case: it needs a full rendering", c.Name)
		}
	}
	return out.String(), nil
}
