package text

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/render"
)

// A text could keep the machine busy for long without printing anything: loops in loops, and in
// them filters over long texts. So the work of a rendering is counted, and a text that takes too
// much fails. It is counted, not timed, so that it fails everywhere or nowhere.
//
// Only what stands in a loop happens more often than it is written. Behind the head of each loop a
// hidden tag is put, which adds the work of one round: a step for each tag and each text that is
// printed, and one or more for each filter.

// maxWork is the most steps of one rendering. A step takes some microseconds, with texts as long as
// they may be some dozens.
const maxWork = 50_000

const (
	workTag = "usher_work"
	workKey = "the work of the text" // no name of Liquid has a space
)

var errTooMuchWork = fmt.Errorf("the text takes too much work: more than %d steps; shorten its loops", maxWork)

// filterWork gives the steps of the filters that go over a list or over a text more than once.
var filterWork = map[string]int{
	"sort": 20, "sort_natural": 20, "uniq": 20, "strip_html": 20, "json": 10, "truncatewords": 10, "where": 5, "map": 5,
	"sum": 5, "join": 5,
	"concat": 5, "replace": 5, "remove": 5, "reverse": 5, "compact": 5, "split": 5,
}

var (
	filterOf    = regexp.MustCompile(`\|\s*(\w+)`)
	workTagName = regexp.MustCompile(`^\w+`)
	containsUse = regexp.MustCompile(`\bcontains\b`)
)

// countedText puts the hidden tag into the loops of a text that is well formed.
func countedText(text string) string {
	type mark struct {
		at, before int // where the tag goes, and the steps up to there
		tag        string
	}
	var open, marks []*mark
	steps := 0
	for i := 0; ; {
		rest := strings.IndexByte(text[i:], '{')
		if rest < 0 || i+rest+1 >= len(text) {
			break
		}
		i += rest
		closing := map[byte]string{'{': "}}", '%': "%}"}[text[i+1]]
		end := strings.Index(text[i+1:], closing)
		if closing == "" || end < 1 {
			i++
			continue
		}
		end += i + 1
		inner := strings.Trim(text[i+2:max(end, i+2)], "- \t\r\n")
		steps += work(inner)
		name := workTagName.FindString(inner)
		end += len(closing)
		switch {
		case closing == "}}":
		case name == "comment" || name == "raw":
			if m := regexp.MustCompile(`\{%-?\s*end` + name + `\s*-?%\}`).FindStringIndex(text[end:]); m != nil {
				end += m[1]
			}
		case name == "for":
			m := &mark{at: end, before: steps}
			open, marks = append(open, m), append(marks, m)
		case name == "endfor" && len(open) > 0:
			m := open[len(open)-1]
			open = open[:len(open)-1]
			dash := ""
			if strings.HasSuffix(text[:m.at], "-%}") { // what trims the space behind the head goes on behind the tag
				dash = "-"
			}
			m.tag = "{% " + workTag + " " + strconv.Itoa(steps-m.before) + " " + dash + "%}"
		}
		i = end
	}
	var b strings.Builder
	at := 0
	for _, m := range marks {
		b.WriteString(text[at:m.at])
		b.WriteString(m.tag)
		at = m.at
	}
	b.WriteString(text[at:])
	return b.String()
}

// work returns the steps of what stands in one pair of brackets.
func work(inner string) int {
	n := 1 + len(containsUse.FindAllString(inner, -1))
	for _, m := range filterOf.FindAllStringSubmatch(inner, -1) {
		n += max(1, filterWork[m[1]])
	}
	return n
}

// countWork teaches an engine the hidden tag.
func countWork(e *liquid.Engine) {
	e.RegisterTag(workTag, func(ctx render.Context) (string, error) {
		done, _ := ctx.Get(workKey).(*int)
		n, err := strconv.Atoi(ctx.TagArgs())
		if done == nil || err != nil {
			return "", errTooMuchWork
		}
		if *done += n; *done > maxWork {
			return "", errTooMuchWork
		}
		return "", nil
	})
}
