package member_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/member"
)

// What a document says of coupons is read as it was written, whatever a code is.
func TestCouponsAreStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.Custom(func(t *rapid.T) member.Coupon {
			instant := rapid.Custom(func(t *rapid.T) member.Instant {
				return member.Instant(rapid.Int64Range(0, 1<<43).Draw(t, "instant"))
			})
			return member.Coupon{
				Code: rapid.StringN(1, 30, -1).Draw(t, "code"), Pool: rapid.StringMatching(`[a-z][a-z0-9_-]{0,9}`).Draw(t, "pool"),
				IssuedAt: instant.Draw(t, "issued"), ExpiresAt: instant.Draw(t, "expires"), RedeemedAt: instant.Draw(t, "redeemed"),
			}
		})
		coupons := member.Coupons{List: rapid.SliceOfN(in, 1, 4).Draw(t, "list")}
		data, err := json.Marshal(coupons)
		if err != nil {
			t.Fatal(err)
		}
		var got member.Coupons
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if !slices.Equal(got.List, coupons.List) {
			t.Errorf("%s was written for %+v and read as %+v", data, coupons.List, got.List)
		}
	})
	for _, text := range []string{"", "1", "1 2 3", "1 2 3 pool", "1 x 3 pool code"} {
		if err := new(member.Coupon).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a coupon", text)
		}
	}
}
