// Package diag says what is wrong with a workspace, and where: places in files, mistakes with their
// edits, what was probably meant.
//
// Whoever reads a file turns it into a [File], which knows the line and column of every byte. A
// mistake is a [Diagnostic]: a value with a code, a place, a label and edits that would mend it.
// Mistakes are gathered by a [Collector]; they pile up and never stop the reading of the rest.
// Every code is declared once, in [Codes], with the page that `usher explain` prints.
//
// What was meant is guessed here, too, since all stages ask for it: [Closest] finds a near name
// among the known ones, and full-width and invisible characters are traced to the plain ones that
// they stand for.
//
// [Render] prints mistakes as text with the lines that they are about, as JSON, as SARIF, or as
// annotations of GitHub.
package diag
