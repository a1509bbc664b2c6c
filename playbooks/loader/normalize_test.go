package loader

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

func TestNormalized(t *testing.T) {
	shanghai, _ := time.LoadLocation("Asia/Shanghai")
	for _, tt := range []struct {
		how      playbooks.Normalization
		zone     *time.Location
		in, want any
	}{
		{playbooks.NormalLower, nil, "  Xiao.Man@Example.TEST ", "xiao.man@example.test"},
		{playbooks.NormalLower, nil, 7.0, 7.0},
		{playbooks.NormalLower, nil, nil, nil},
		{playbooks.NormalNone, nil, " A ", " A "},
		{playbooks.NormalPhone, shanghai, "138 0013 8000", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "138-0013-8000", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "（86）13800138000", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "+86 138 0013 8000", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "0086 13800138000", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "１３８００１３８０００", "+8613800138000"},
		{playbooks.NormalPhone, shanghai, "+1 (555) 010-9999", "+15550109999"},
		{playbooks.NormalPhone, shanghai, "010-8888 6666", "01088886666"},
		{playbooks.NormalPhone, time.UTC, "13800138000", "13800138000"},
		{playbooks.NormalPhone, time.UTC, "86 13800138000", "8613800138000"},
		{playbooks.NormalPhone, shanghai, " wx_小满 ", "wx_小满"},
		{playbooks.NormalPhone, shanghai, "110", "110"},
		{playbooks.NormalPhone, shanghai, "", ""},
	} {
		s := &playbooks.Schema{Timezone: tt.zone}
		if got := s.Normalized(&playbooks.Attribute{Normal: tt.how}, tt.in); got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.how, tt.in, got, tt.want)
		}
	}
}

// What is normalized already stays as it is.
func TestNormalizedTwice(t *testing.T) {
	shanghai, _ := time.LoadLocation("Asia/Shanghai")
	rapid.Check(t, func(t *rapid.T) {
		s := &playbooks.Schema{Timezone: rapid.SampledFrom([]*time.Location{shanghai, time.UTC}).Draw(t, "zone")}
		a := &playbooks.Attribute{Normal: rapid.SampledFrom([]playbooks.Normalization{
			playbooks.NormalLower,
			playbooks.NormalPhone,
		}).Draw(t, "how")}
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ +0-9()\-]{0,18}`)).Draw(t, "text")
		once := s.Normalized(a, text)
		if twice := s.Normalized(a, once); once != twice {
			t.Fatalf("%q, then %q", once, twice)
		}
	})
}

func TestNormalizeIsDeclared(t *testing.T) {
	const text = `usher: 1
timezone: Asia/Shanghai
member:
  email: {type: string, normalize: lower}
  手机: {type: string, normalize: phone, default: ""}
  thing: {type: string, normalize: string}
`
	s := loadEvents(t, []byte(text))
	if s.Attribute("email").Normal != playbooks.NormalLower || s.Attribute("手机").Normal != playbooks.NormalPhone ||
		s.Attribute("email").Type.Kind != schema.KindString {
		t.Errorf("%+v", s.Attributes)
	}
	if s.Attribute("手机").Default != "" || s.Attribute("thing").Type.Kind != schema.KindObject {
		t.Errorf("%+v", s.Attributes)
	}
	for line, code := range map[string]string{
		"{type: string, normalize: upper}": "bad-value", "{type: int, normalize: lower}": "type-mismatch",
	} {
		_, diags := Load(fstest.MapFS{"usher.yaml": {Data: []byte("usher: 1\nmember:\n  a: " + line + "\n")}},
			&schema.Registry{})
		found := false
		for _, d := range diags {
			found = found || d.Code == code
		}
		if !found {
			t.Errorf("%s: %v", line, diags)
		}
	}
}

// What is one member's id is declared beside the attributes.
func TestMemberIDsAreNormalized(t *testing.T) {
	for how, want := range map[string]string{"lower": "138 0013 8000", "phone": "+8613800138000"} {
		s := loadEvents(t, []byte("usher: 1\ntimezone: Asia/Shanghai\nmember:\n  id: {normalize: "+how+
			"}\n  nickname: string\n"))
		if got := s.MemberID(" 138 0013 8000 "); got != want || len(s.Attributes) != 1 {
			t.Errorf("%s: %q, %d attributes", how, got, len(s.Attributes))
		}
		if again := s.MemberSyntax()["id"].(map[string]any)["normalize"]; again != how {
			t.Errorf("a sender is told %v", again)
		}
	}
	if got := (*playbooks.Schema)(nil).MemberID(" A "); got != " A " {
		t.Errorf("without a schema: %q", got)
	}
	for line, code := range map[string]string{
		"string": "reserved-name", "{type: string}": "reserved-name", "{normalize: upper}": "bad-value",
		"{normalize: [lower]}":             "bad-value",
		"{normalize: lower, type: string}": "unknown-key",
	} {
		_, diags := Load(fstest.MapFS{"usher.yaml": {Data: []byte("usher: 1\nmember:\n  id: " + line + "\n")}},
			&schema.Registry{})
		found := false
		for _, d := range diags {
			found = found || d.Code == code
		}
		if !found {
			t.Errorf("%s: %v", line, diags)
		}
	}
}
