package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/text/width"
)

func (c *cli) couponCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "coupon CODE", Short: "Show a coupon: whose, until when, and whether it was redeemed", Args: cobra.ExactArgs(1),
		Example:           "  usher coupon NEW-SKA44GH5TZVQ",
		ValidArgsFunction: c.complete(couponCandidates),
	}
	serverFlags(cmd)
	shown := outputFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := shown.check(); err != nil {
			return err
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		var k shownCoupon
		text, err := cl.get(cmd.Context(), couponPath(args[0]), &k)
		if err != nil {
			return cl.meantCoupon(cmd.Context(), args[0], err)
		}
		return show(cmd.Context(), c, cl, shown, text, func(p *page) { p.coupon(&k) })
	}
	return cmd
}

func couponPath(code string) string { return "/v1/coupons/" + url.PathEscape(code) }

// meantCoupon adds to the error that there is no coupon which one was probably meant. Codes are exact, so it is only said: small
// letters, spaces around the code and full-width letters are how codes are typed and pasted.
func (cl *client) meantCoupon(ctx context.Context, code string, err error) error {
	var said *serverError
	if !errors.As(err, &said) || said.status != http.StatusNotFound {
		return err
	}
	plain := width.Narrow.String(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, code))
	for _, likely := range []string{plain, strings.ToUpper(plain)} {
		if likely == code || likely == "" {
			continue
		}
		if _, missing := cl.do(ctx, http.MethodGet, couponPath(likely), nil); missing == nil {
			return fmt.Errorf("%w; did you mean `%s`? A code is taken exactly as it was issued", err, likely)
		}
	}
	return err
}

func (p *page) coupon(k *shownCoupon) {
	rows := [][]string{{"coupon", k.Code}, {"pool", k.Pool}, {"member", k.Member}, {"playbook", k.Playbook}, {"run", k.Run}, {"issued", p.clock(k.IssuedAt)}}
	if k.ExpiresAt != nil {
		rows = append(rows, []string{"expires", p.clock(*k.ExpiresAt)})
	}
	switch {
	case k.RedeemedAt != nil:
		rows = append(rows, []string{"redeemed", p.clock(*k.RedeemedAt) + ", as " + k.Redemption})
	default:
		rows = append(rows, []string{"redeemed", "no"})
	}
	p.zoned()
	p.table(rows, layout{wrap: true, fixed: []int{0}})
}

func (c *cli) redeemCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "redeem CODE", Short: "Redeem a coupon, once", Args: cobra.ExactArgs(1),
		Long:              "Redeems a coupon. With the --id of an order the same again gives the same answer, and another order is refused.",
		Example:           "  usher redeem NEW-SKA44GH5TZVQ --id o-2001",
		ValidArgsFunction: c.complete(couponCandidates),
	}
	serverFlags(cmd)
	shown := outputFlags(cmd)
	cmd.Flags().StringVar(&id, "id", "", "of the redemption, as an order's number")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := shown.check(); err != nil {
			return err
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		text, err := cl.post(cmd.Context(), couponPath(args[0])+"/redeem", id, nil)
		if err != nil {
			return cl.meantCoupon(cmd.Context(), args[0], err)
		}
		var k shownCoupon
		if err := json.Unmarshal(text, &k); err != nil {
			return fmt.Errorf("the server at %s answered something that is not usher's JSON", cl.base)
		}
		return show(cmd.Context(), c, cl, shown, text, func(p *page) { p.coupon(&k) })
	}
	return cmd
}
