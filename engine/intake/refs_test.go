package intake

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

func refSchema() *playbooks.Schema {
	who := schema.RefTo(schema.Member)
	maybe := who.AsOptional()
	return &playbooks.Schema{
		Timezone: time.UTC, IDs: playbooks.NormalLower,
		Attributes: []playbooks.Attribute{{Name: "inviter", Type: maybe}, {Name: "level", Type: schema.String.AsOptional()}},
		Events: []playbooks.EventType{
			{Name: "joined", Properties: schema.ObjectOf(
				schema.Field{Name: "by", Type: maybe}, schema.Field{Name: "n", Type: schema.Number.AsOptional()})},
			{Name: "named", Properties: schema.ObjectOf(
				schema.Field{Name: "best", Type: who}, schema.Field{Name: "others", Type: schema.ListOf(who).AsOptional()},
				schema.Field{Name: "in", Type: schema.ObjectOf(schema.Field{Name: "it", Type: maybe}).AsOptional()})},
			{Name: "plain", Properties: schema.ObjectOf(schema.Field{Name: "by", Type: schema.String})},
		},
		Referral: &playbooks.Referral{Event: "joined", Property: "by"},
	}
}

// people are those who are there, by id and by code, with the day since when they are.
func people(name string) (engine.Found, bool, error) {
	if name == "broken" {
		return engine.Found{}, false, errors.New("the disk is gone")
	}
	day := map[string]int{"old": 1, "m": 5, "new": 9}
	id := map[string]string{"CODE-OLD": "old", "CODE-M": "m"}[name]
	if id == "" {
		id = name
	}
	at, known := day[id]
	if !known {
		return engine.Found{}, false, nil
	}
	return engine.Found{ID: id, CreatedAt: time.Date(2026, 3, at, 0, 0, 0, 0, time.UTC)}, true, nil
}

func TestRefsToMembers(t *testing.T) {
	for _, c := range []struct{ name, event, data, want, rejected string }{
		{"an id stays as it came", `"joined","member":"m"`, `"by":"old","n":1.234567890123456789`, `{"p":{"by":"old","n":1.234567890123456789}}`, ""},
		{"an id is written as ids are", `"joined","member":"m"`, `"by":" OLD"`, `{"p":{"by":"old"},"s":{"properties.by":" OLD"}}`, ""},
		{
			"a code becomes the id", `"joined","member":"m"`, `"n":1.234567890123456789,"by":"CODE-OLD"`,
			`{"p":{"by":"old","n":1.234567890123456789},"s":{"properties.by":"CODE-OLD"}}`, "",
		},
		{
			"nobody known is missing", `"joined","member":"m"`, `"by":"x","n":1`,
			`{"m":{"properties.by":"unknown member"},"p":{"n":1},"s":{"properties.by":"x"}}`, "",
		},
		{"nothing is left", `"joined","member":"m"`, `"by":"x"`, `{"m":{"properties.by":"unknown member"},"s":{"properties.by":"x"}}`, ""},
		{"oneself", `"joined","member":"m"`, `"by":"m"`, `{"m":{"properties.by":"oneself"},"s":{"properties.by":"m"}}`, ""},
		{"oneself by code", `"joined","member":"M"`, `"by":"CODE-M"`, `{"m":{"properties.by":"oneself"},"s":{"properties.by":"CODE-M"}}`, ""},
		{"oneself, who is new", `"joined","member":"stranger"`, `"by":"stranger"`, `{"m":{"properties.by":"oneself"},"s":{"properties.by":"stranger"}}`, ""},
		{"oneself, where that is no referral", `"named","member":"stranger"`, `"best":"stranger"`, `{"p":{"best":"stranger"}}`, ""},
		{"younger", `"joined","member":"m"`, `"by":"new"`, `{"m":{"properties.by":"younger"},"s":{"properties.by":"new"}}`, ""},
		{"somebody new was brought by anybody", `"joined","member":"stranger"`, `"by":"new"`, `{"p":{"by":"new"}}`, ""},
		{
			"history counts by its time", `"joined","member":"stranger","backfill":true,"time":"2026-03-07T00:00:00Z"`, `"by":"new"`,
			`{"b":true,"m":{"properties.by":"younger"},"s":{"properties.by":"new"}}`, "",
		},
		{"older than history", `"joined","member":"new","backfill":true,"time":"2026-03-07T00:00:00Z"`, `"by":"m"`, `{"p":{"by":"m"},"b":true}`, ""},
		{
			"a list and an object", `"named","member":"m"`, `"best":"m","others":["CODE-OLD","new"],"in":{"it":"CODE-M","x":1}`,
			`{"p":{"best":"m","in":{"it":"m","x":1},"others":["old","new"]},"s":{"properties.in":{"it":"CODE-M","x":1},"properties.others":["CODE-OLD","new"]}}`, "",
		},
		{
			"missing in an object", `"named","member":"m"`, `"best":"m","in":{"it":"x","x":1}`,
			`{"m":{"properties.in.it":"unknown member"},"p":{"best":"m","in":{"x":1}},"s":{"properties.in":{"it":"x","x":1}}}`, "",
		},
		{
			"needed", `"named","member":"m"`, `"best":"x","others":["old","y"]`, "",
			`properties.best: "x" is neither the id of a member who was seen, nor a referral code; properties.others[1]: "y" is neither the id of a member who was seen, nor a referral code`,
		},
		{"no ref", `"plain","member":"m"`, `"by":"CODE-OLD"`, `{"p":{"by":"CODE-OLD"}}`, ""},
		{
			"attributes", `"plain","member":"m","attributes":{"inviter":"CODE-OLD","level":"CODE-OLD"}`, `"by":"x"`,
			`{"a":{"inviter":"old","level":"CODE-OLD"},"p":{"by":"x"},"s":{"attributes.inviter":"CODE-OLD"}}`, "",
		},
		{
			"an attribute that names nobody stays as it is", `"plain","member":"m","attributes":{"inviter":"x"}`, `"by":"x"`,
			`{"m":{"attributes.inviter":"unknown member"},"p":{"by":"x"},"s":{"attributes.inviter":"x"}}`, "",
		},
		{"an attribute is removed", `"plain","member":"m","attributes":{"inviter":null}`, `"by":"x"`, `{"p":{"by":"x"},"a":{"inviter":null}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := fmt.Sprintf(`{"event":%s,"properties":{%s}}`, c.event, c.data)
			in, rej := Event(refSchema(), []byte(raw))
			if rej != nil {
				t.Fatal(rej)
			}
			file, rej := Recorded(refSchema(), []byte(raw), nil)
			if rej != nil {
				t.Fatal(rej)
			}
			sent := in
			for _, in := range []*engine.Input{&in, &file} {
				rej, err := Resolve(refSchema(), in, people)
				if err != nil {
					t.Fatal(err)
				}
				if c.rejected != "" {
					if rej == nil || rej.Error() != c.rejected {
						t.Fatalf("%v, want %s", rej, c.rejected)
					}
					continue
				}
				if rej != nil {
					t.Fatal(rej)
				}
			}
			if c.rejected != "" {
				return
			}
			if string(in.Data) != c.want {
				t.Errorf("got  %s\nwant %s", in.Data, c.want)
			}
			p, err := in.Decode()
			all := func(p *engine.Payload) string { return fmt.Sprint(p.Properties, p.Attributes, p.Sent, p.Missing) }
			if err != nil || all(p) != all(file.Payload) {
				t.Errorf("served %+v, from a file %+v, %v", p, file.Payload, err)
			}
			store.AssignInstant(&in, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
			in.Payload, sent.Payload = nil, nil
			if store.Differs(in, sent) {
				t.Errorf("what came again is taken for something else: %s, %s", in.Data, sent.Data)
			}
		})
	}
}

func TestRefsThatCannotBeLookedUp(t *testing.T) {
	in, rej := Event(refSchema(), []byte(`{"event":"joined","member":"m","properties":{"by":"broken"}}`))
	if rej != nil {
		t.Fatal(rej)
	}
	if _, err := Resolve(refSchema(), &in, people); err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("got %v", err)
	}
}

func TestParamsNameMembers(t *testing.T) {
	params := schema.ObjectOf(schema.Field{Name: "who", Type: schema.RefTo(schema.Member)}, schema.Field{Name: "why", Type: schema.String})
	got, rej, err := ResolveParams(refSchema(), params, map[string]any{"who": "CODE-M", "why": "CODE-M"}, people)
	if rej != nil || err != nil || !reflect.DeepEqual(got, map[string]any{"who": "m", "why": "CODE-M"}) {
		t.Errorf("got %v, %v, %v", got, rej, err)
	}
	if _, rej, _ = ResolveParams(refSchema(), params, map[string]any{"who": "x", "why": "y"}, people); rej == nil || rej.Path != "params.who" {
		t.Errorf("got %v", rej)
	}
}

// Where no property and no attribute names a member, nobody is asked.
func TestNobodyIsLookedUpWhereNothingNamesMembers(t *testing.T) {
	in, rej := Event(intakeSchema(), []byte(paid("")))
	if rej != nil {
		t.Fatal(rej)
	}
	before := string(in.Data)
	ask := func(string) (engine.Found, bool, error) { t.Fatal("asked"); return engine.Found{}, false, nil }
	allocs := testing.AllocsPerRun(10, func() { _, _ = Resolve(plainSchema, &in, ask) })
	if allocs > 0 || string(in.Data) != before {
		t.Errorf("%v allocations, %s", allocs, in.Data)
	}
	// Of those that do, only the events that name one ask.
	in, rej = Event(refSchema(), []byte(`{"event":"plain","member":"m","properties":{"by":"old"}}`))
	if rej != nil {
		t.Fatal(rej)
	}
	if rej, err := Resolve(refSchema(), &in, ask); rej != nil || err != nil {
		t.Error(rej, err)
	}
}

var plainSchema = intakeSchema()

func TestReferralCodesAreTypedByPeople(t *testing.T) {
	keys := naming.NewKeys([]byte("secret"))
	code := keys.ReferralCode("m1")
	if len(code) != 10 || code == keys.ReferralCode("m2") || code != keys.ReferralCode("m1") ||
		code == naming.NewKeys([]byte("other")).ReferralCode("m1") || strings.ContainsAny(code, "01IO") {
		t.Errorf("code %s", code)
	}
	for text, want := range map[string]bool{
		code: true, strings.ToLower(code): true, " " + code[:4] + "-" + code[4:] + " ": true,
		code[:9]: false, code + "A": false, code[:9] + "0": false, "": false, strings.Repeat("-", 30) + code: false,
	} {
		if got, ok := naming.AsReferralCode(text); ok != want || ok && got != code {
			t.Errorf("%q is %q, %v", text, got, ok)
		}
	}
}
