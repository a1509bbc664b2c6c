package api

import (
	"errors"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/strictjson"
)

type redeemBody struct {
	ID string `json:"id,omitempty" doc:"of the redemption, as an order's number; else the Idempotency-Key" maxLength:"128"`
}

func noCoupon(code string) *apiError { return newError(codeNotFound, "there is no coupon `%s`", code) }

// redeem marks a coupon as used. One that was redeemed under the same id gets the same answer, also
// after it has expired.
func (s *server) redeem(c *gin.Context) (couponView, error) {
	var none couponView
	var body redeemBody
	if err := decode(c, &body, true); err != nil {
		return none, err
	}
	id := body.ID
	if len(id) > 128 {
		return none, newError(strictjson.CodeTooLarge, "a redemption's id has at most 128 bytes").with("path", "id")
	}
	if id == "" {
		var err error
		if id, err = s.idempotencyKey(c); err != nil {
			return none, err
		}
	}
	ctx, code, now := c.Request.Context(), c.Param("code"), s.now()
	before, err := s.Store.Coupon(ctx, code)
	if errors.Is(err, store.ErrNotFound) {
		return none, noCoupon(code)
	}
	if err != nil {
		return none, err
	}
	if before.RedeemedAt.IsZero() && !before.ExpiresAt.IsZero() && !now.Before(before.ExpiresAt) {
		return none, newError(codeExpired, "the coupon %s expired at %s", code, s.local(before.ExpiresAt)).
			with("expires_at", before.ExpiresAt)
	}
	after, err := s.Store.Redeem(ctx, code, id, now)
	if errors.Is(err, store.ErrConflict) {
		return none, newError(codeConflict, "the coupon %s was redeemed at %s already", code, s.local(after.RedeemedAt)).
			with("redeemed_at", after.RedeemedAt).with("redemption", after.RedemptionID)
	}
	if err != nil {
		return none, err
	}
	return s.viewCoupon(after), nil
}
