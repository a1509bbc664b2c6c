package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/internal/apiclient"
	"github.com/usher-run/usher/internal/page"
	"golang.org/x/text/width"
)

func (c *asking) couponCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "coupon CODE", Short: "Show a coupon: whose, until when, and whether it was redeemed", Args: cobra.ExactArgs(1),
		Example:           "  usher coupon NEW-SKA44GH5TZVQ",
		ValidArgsFunction: c.complete(couponCandidates),
	}
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		var k shownCoupon
		text, err := cl.Get(ctx, couponPath(args[0]), &k)
		if err != nil {
			return nil, nil, cl.suggestCoupon(ctx, args[0], err)
		}
		return text, func(p *printout) { p.coupon(&k) }, nil
	})
}

func couponPath(code string) string { return "/v1/coupons/" + url.PathEscape(code) }

// suggestCoupon adds to the error that there is no coupon which one was probably meant. Codes are
// exact, so it is only said: small letters, spaces around the code and full-width letters are how
// codes are typed and pasted.
func (cl *client) suggestCoupon(ctx context.Context, code string, err error) error {
	var said *apiclient.Error
	if !errors.As(err, &said) || said.Status != http.StatusNotFound {
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
		if _, missing := cl.Do(ctx, http.MethodGet, couponPath(likely), nil); missing == nil {
			return fmt.Errorf("%w; did you mean `%s`? A code is taken exactly as it was issued", err, likely)
		}
	}
	return err
}

func (p *printout) coupon(k *shownCoupon) {
	rows := [][]string{
		{"coupon", k.Code},
		{"pool", strings.TrimSpace(k.Pool + "  " + k.Name)},
		{"member", k.Member},
		{"playbook", k.Playbook},
		{"run", k.Run},
		{"issued", p.Clock(k.IssuedAt)},
	}
	if k.ExpiresAt != nil {
		rows = append(rows, []string{"expires", p.Clock(*k.ExpiresAt)})
	}
	switch {
	case k.RedeemedAt != nil:
		rows = append(rows, []string{"redeemed", p.Clock(*k.RedeemedAt) + ", as " + k.Redemption})
	default:
		rows = append(rows, []string{"redeemed", "no"})
	}
	p.Zoned()
	p.Table(rows, page.Layout{Wrap: true, Fixed: []int{0}})
}

func (c *asking) redeemCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "redeem CODE", Short: "Redeem a coupon, once", Args: cobra.ExactArgs(1),
		Long:              "Redeems a coupon. With the --id of an order the same again gives the same answer, and another order is refused.",
		Example:           "  usher redeem NEW-SKA44GH5TZVQ --id o-2001",
		ValidArgsFunction: c.complete(couponCandidates),
	}
	cmd.Flags().StringVar(&id, "id", "", "of the redemption, as an order's number")
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		var k shownCoupon
		text, err := cl.PostFor(ctx, couponPath(args[0])+"/redeem", id, nil, &k)
		if err != nil {
			return nil, nil, cl.suggestCoupon(ctx, args[0], err)
		}
		return text, func(p *printout) { p.coupon(&k) }, nil
	})
}
