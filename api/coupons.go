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
	ctx, code := c.Request.Context(), c.Param("code")
	k, err := s.Store.Redeem(ctx, code, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return none, noCoupon(code)
	case errors.Is(err, store.ErrExpired):
		return none, newError(codeExpired, "the coupon %s expired at %s", code, s.local(k.ExpiresAt)).
			with("expires_at", k.ExpiresAt)
	case errors.Is(err, store.ErrConflict):
		return none, newError(codeConflict, "the coupon %s was redeemed at %s already", code, s.local(k.RedeemedAt)).
			with("redeemed_at", k.RedeemedAt).with("redemption", k.RedemptionID)
	case err != nil:
		return none, err
	}
	s.Wake(k.Member)
	return s.viewCoupon(k), nil
}
