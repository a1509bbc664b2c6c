package naming_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
)

// No member has the id of an object, each object has its own, and ids of a kind lie together.
func TestObjectsAreToldFromMembers(t *testing.T) {
	id := rapid.StringN(1, 20, 80)
	kind := rapid.SampledFrom([]string{"group", "groups", "grou", "store", "班级"})
	rapid.Check(t, func(t *rapid.T) {
		k, i := kind.Draw(t, "kind"), id.Draw(t, "id")
		subject := naming.ObjectID(k, i)
		if strictjson.MemberID(subject) == nil {
			t.Fatalf("%q may be a member's id", subject)
		}
		gotKind, gotID, ok := naming.CutObject(subject)
		if !ok || gotKind != k || gotID != i || naming.OutsideID(subject) != i {
			t.Fatalf("%q is %q of the kind %q, %v", subject, gotID, gotKind, ok)
		}
		if joined := naming.Joined("update", "r", subject); joined == naming.Joined("update", "r", i) ||
			joined == naming.Joined("update", "r", k, i) || strings.Contains(joined, "\x1f") && !strings.Contains(k+i, "\x1f") {
			t.Fatalf("%q is in an id %q", subject, joined)
		}
		if other := naming.ObjectID(kind.Draw(t, "other kind"), id.Draw(t, "other id")); other == subject {
			if k2, i2, _ := naming.CutObject(other); k2 != k || i2 != i {
				t.Fatalf("%q is two objects", subject)
			}
		}
		for _, of := range []string{"", "group", "groups", "grou", "store", "班级"} {
			first, last := naming.SubjectRange(of)
			if in := subject >= first && (last == "" || subject < last); in != (of == k) {
				t.Fatalf("%q is among those of %q: %v", subject, of, in)
			}
		}
		if member := id.Draw(t, "member"); strictjson.MemberID(member) == nil {
			if naming.IsObject(member) || naming.OutsideID(member) != member {
				t.Fatalf("the member %q is taken for an object", member)
			}
			for _, of := range []string{"", "group", "store", "班级"} {
				first, last := naming.SubjectRange(of)
				if in := member >= first && (last == "" || member < last); in != (of == "") {
					t.Fatalf("the member %q is among those of %q: %v", member, of, in)
				}
			}
		}
	})
}
