package locale

import (
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	day := time.Date(2026, 11, 12, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{"zh-CN"}, "星期四 周四 十一月 11月"},
		{[]string{"zh-TW"}, "星期四 週四 11月 11月"},
		{[]string{"en-GB"}, "Thursday Thu November Nov"},
		{[]string{"de"}, "Donnerstag Do. November Nov."},
		{[]string{"ja_JP"}, "木曜日 木 11月 11月"},
		{[]string{"xh", "fr-CA"}, "jeudi jeu. novembre nov."},
		{[]string{"", ""}, "Thursday Thu November Nov"},
		{nil, "Thursday Thu November Nov"},
	} {
		n := NamesOf(c.tags...)
		got := n.Day(day.Weekday()) + " " + n.ShortDay(day.Weekday()) + " " + n.Month(day.Month()) + " " + n.ShortMonth(day.Month())
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.tags, got, c.want)
		}
	}
	for key, of := range tables {
		n := of()
		for d := range n.days {
			if n.days[d] == "" || n.shortDays[d] == "" {
				t.Errorf("%s: day %d has no name", key, d)
			}
		}
		for m := time.January; m <= time.December; m++ {
			if n.Month(m) == "" || n.ShortMonth(m) == "" {
				t.Errorf("%s: %s has no name", key, m)
			}
		}
	}
}
