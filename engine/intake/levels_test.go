package intake

import (
	"testing"

	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// What follows a number is not written from outside: not with an event, and not of a member.
func TestLevelIsReadOnly(t *testing.T) {
	s := intakeSchema()
	s.Levels = &playbooks.Levels{Attribute: "level", Source: diag.Source{Text: "member.points"}}
	_, ofEvent := Event(s, []byte(`{"event":"x","member":"m","attributes":{"level":"gold"}}`))
	_, ofMember := Member(s, "m", []byte(`{"attributes":{"level":null}}`))
	for what, rej := range map[string]*strictjson.Rejection{"an event": ofEvent, "a member": ofMember} {
		if rej == nil || rej.Code != strictjson.CodeReadOnly || rej.Path != "attributes.level" ||
			rej.Message != "`level` follows `member.points`: it cannot be written" {
			t.Errorf("with %s: %+v", what, rej)
		}
	}
}
