package text

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/osteele/tuesday"
)

// numeralFormat finds a date format that gives a number.
var numeralFormat = regexp.MustCompile(`^(%-?[YymdeHkIlMSjuwsCGVU])+$`)

var (
	directive  = regexp.MustCompile(`%[-_0^#:]*[0-9]*.?`)
	dateLetter = regexp.MustCompile(`yyyy|YYYY|yy|MM|DD|dd|HH|hh|mm|ss|年|月|日`)
	// A minute where a month is meant, and a month where a minute is.
	minuteAsMonth = regexp.MustCompile(`%-?[Yy][^%]{0,3}%-?M|%-?M[^%]{0,3}%-?[de]`)
	monthAsMinute = regexp.MustCompile(`%-?[HIkl][^%]{0,3}%-?m`)
)

// otherFormats are the words of other languages' date formats.
var otherFormats = strings.NewReplacer("yyyy", "%Y", "YYYY", "%Y", "yy", "%y", "YY", "%y", "MM", "%m", "DD", "%d",
	"dd", "%d", "HH", "%H", "hh", "%I", "mm", "%M", "ss", "%S", "SS", "%S")

// dateFormat judges a constant date format.
func (c *textTyper) dateFormat(at Span, format string) {
	switch {
	case strings.TrimSpace(format) == "":
		c.error("bad-date-format", at, "the date format is empty", "as in date: '%Y-%m-%d'")
		return
	case !strings.Contains(format, "%"):
		label := "as in date: '%Y-%m-%d'"
		if better := otherFormats.Replace(format); better != format {
			label = "write '" + better + "'"
		} else if dateLetter.MatchString(format) {
			label = "as in date: '%Y年%m月%d日'"
		}
		c.error("bad-date-format", at, fmt.Sprintf("`%s` is no date format: it would be printed as it stands", format), label)
		return
	case len(format) > maxDateFormat || hugeWidth.MatchString(format):
		c.error("bad-date-format", at, "the date format is too wide", "")
		return
	}
	for _, d := range directive.FindAllString(format, -1) {
		if out, err := tuesday.Strftime(d, time.Unix(0, 0).UTC()); err != nil || out == d {
			c.error("bad-date-format", at, fmt.Sprintf("`%s` is no part of a date format", d),
				"%Y year, %m month, %d day, %H hour, %M minute, %S second, %A day of the week")
			return
		}
	}
	switch {
	case minuteAsMonth.MatchString(format):
		c.error("bad-date-format", at, "`%M` is the minute", "the month is %m")
	case monthAsMinute.MatchString(format):
		c.error("bad-date-format", at, "`%m` is the month", "the minute is %M")
	}
}

// maxDateFormat is how long a date format may be, in bytes.
const maxDateFormat = 200
