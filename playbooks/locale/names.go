package locale

import (
	"sync"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/id"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/ja"
	"github.com/go-playground/locales/ko"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/th"
	"github.com/go-playground/locales/vi"
	"github.com/go-playground/locales/zh"
	"github.com/go-playground/locales/zh_Hant"
)

// Names are what days and months are called in a language, as CLDR has them.
type Names struct {
	days, shortDays     [7]string  // from Sunday
	months, shortMonths [13]string // from 1
}

// tables are the languages whose names are known, by their keys.
var tables = map[string]func() *Names{
	"en": table(en.New), "zh": table(zh.New), "zh-hant": table(zh_Hant.New), "zh-tw": table(zh_Hant.New),
	"zh-hk": table(zh_Hant.New), "zh-mo": table(zh_Hant.New), "ja": table(ja.New), "ko": table(ko.New), "de": table(de.New),
	"fr": table(fr.New), "es": table(es.New), "it": table(it.New), "nl": table(nl.New), "pt": table(pt.New),
	"ru": table(ru.New), "vi": table(vi.New), "id": table(id.New), "th": table(th.New),
}

func table(of func() locales.Translator) func() *Names {
	return sync.OnceValue(func() *Names {
		t, n := of(), &Names{}
		for d := time.Sunday; d <= time.Saturday; d++ {
			n.days[d], n.shortDays[d] = t.WeekdayWide(d), t.WeekdayAbbreviated(d)
		}
		for m := time.January; m <= time.December; m++ {
			n.months[m], n.shortMonths[m] = t.MonthWide(m), t.MonthAbbreviated(m)
		}
		return n
	})
}

// NamesOf returns the names of the first of the locales whose language is known; English ones where
// none is.
func NamesOf(tags ...string) *Names {
	for _, tag := range tags {
		for key := range Lookup(tag) {
			if of := tables[key]; of != nil {
				return of()
			}
		}
	}
	return tables["en"]()
}

// Day returns what the day of the week is called.
func (n *Names) Day(d time.Weekday) string { return n.days[d] }

// ShortDay returns the short form of it.
func (n *Names) ShortDay(d time.Weekday) string { return n.shortDays[d] }

// Month returns what the month is called.
func (n *Names) Month(m time.Month) string { return n.months[m] }

// ShortMonth returns the short form of it.
func (n *Names) ShortMonth(m time.Month) string { return n.shortMonths[m] }
