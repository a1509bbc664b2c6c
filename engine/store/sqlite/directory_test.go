package sqlite

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
)

// Of two members with one code neither is meant: who is brought must not be taken for brought by another.
func TestACodeOfTwoIsNobodys(t *testing.T) {
	ctx := context.Background()
	d := open(t, filepath.Join(t.TempDir(), "usher.db")).(*db)
	defer d.Close()
	fence, err := d.Claim(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	c := &engine.Changes{Members: []*engine.Member{{ID: "a", CreatedAt: at}, {ID: "b", CreatedAt: at}}}
	if err := d.Commit(ctx, 0, fence, 0, c); err != nil {
		t.Fatal(err)
	}
	secret, err := d.Secret(ctx)
	if err != nil {
		t.Fatal(err)
	}
	code := naming.NewKeys(secret).ReferralCode("a")
	if who, known, err := d.Find(ctx, code); who.ID != "a" || !known || err != nil {
		t.Fatalf("%+v, %v, %v", who, known, err)
	}
	err = d.write(ctx, 1, func(t *tx) error {
		_, err := t.exec("UPDATE subjects SET code = ? WHERE id = 'b'", code)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if who, known, err := d.Find(ctx, code); known || err != nil {
		t.Fatalf("%+v, %v", who, err)
	}
}

// What intake asks is read from an index, however many members and inputs there are.
func TestMembersAreFoundByIndex(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "usher.db")).(*db)
	defer d.Close()
	for read, index := range map[string]string{
		"SELECT s.id FROM subjects s WHERE s.code = 'x' AND s.code <> '' AND s.state IS NOT NULL": "subjects_code",
		"SELECT s.id FROM subjects s WHERE s.kind = 'member' AND s.id = 'x'":                      "subjects_id",
		undecidedEvents:   "inbox_history",
		undecidedUpdates:  "inbox_updates",
		referralsOf + "2": "referrals_inviter",
	} {
		plan := ""
		err := d.read(t.Context(), func(c *conn) error {
			args := make([]any, strings.Count(read, "?"))
			return c.query("EXPLAIN QUERY PLAN "+read, args, func(r row) error {
				plan += r.str(3) + "\n"
				return nil
			})
		})
		plan = strings.ReplaceAll(plan, "SCAN CONSTANT ROW", "")
		if err != nil || !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\n%s%v", read, plan, err)
		}
	}
}
