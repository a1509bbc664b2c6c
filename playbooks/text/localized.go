package text

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/osteele/liquid"
	"github.com/osteele/tuesday"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/locale"
)

// localeFilters are those whose words depend on the member's locale, or on what values are called.
func localeFilters(e *liquid.Engine) {
	e.RegisterFilter("date", formatDate)
	e.RegisterFilter("weekday", weekday)
	e.RegisterFilter("label", func(v any, labels map[string]any) any {
		value, _ := v.(string)
		if label, ok := labels[value]; ok {
			return label
		}
		return v // of another revision
	})
}

// hugeWidth finds a width in a date format that would pad the text without end.
var hugeWidth = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{3}`)

// namedPart finds the parts of a date format that are words.
var namedPart = regexp.MustCompile(`%([-_^#]*)([AaBbh])`)

// formatDate writes a time as strftime does, with the names of a locale: see [playbooks.LocaleVar].
// Only times of the language are taken: words as "now" would ask the machine's clock.
func formatDate(v any, format, tags func(string) string) (string, error) {
	f := format("%Y-%m-%d")
	if len(f) > maxDateFormat || hugeWidth.MatchString(f) {
		return "", errors.New("date: the format is too wide")
	}
	t, ok := timeOf(v)
	switch {
	case v == nil:
		return "", nil
	case !ok:
		return "", errors.New("date: this is not a time")
	}
	if names := namesOf(tags("")); names != namesOf("") { // strftime's own are English
		f = namedPart.ReplaceAllStringFunc(f, func(part string) string {
			name := nameIn(names, part[len(part)-1], t)
			if strings.ContainsRune(part, '^') {
				name = strings.ToUpper(name)
			}
			return strings.ReplaceAll(name, "%", "%%")
		})
	}
	return tuesday.Strftime(f, t)
}

func namesOf(tags string) *locale.Names { return locale.NamesOf(playbooks.SplitLocales(tags)...) }

// nameIn returns what a letter of a date format stands for.
func nameIn(names *locale.Names, letter byte, t time.Time) string {
	switch letter {
	case 'A':
		return names.Day(t.Weekday())
	case 'a':
		return names.ShortDay(t.Weekday())
	case 'B':
		return names.Month(t.Month())
	}
	return names.ShortMonth(t.Month())
}

// weekday returns the day of the week. A missing time stays missing.
func weekday(v any, tags func(string) string) (any, error) {
	if v == nil {
		return nil, nil
	}
	t, ok := timeOf(v)
	if !ok {
		return nil, errors.New("weekday: this is not a time")
	}
	return namesOf(tags("")).Day(t.Weekday()), nil
}
