package check

import "testing"

func TestDifferByTypo(t *testing.T) {
	for _, pair := range [][2]string{
		{"newcomer", "newcomr"},
		{"newcomer", "newocmer"},
		{"onboarding", "onbordig"},
		{"newcomer", "newcumer"},
		{"complaining", "complaning"},
		{"old-friend", "old-fiend"},
		{"Newcomer", "newcomer"},
		{"cart_rescue", "cart-rescue"},
		{"vip-gold-1", "vip-glod-1"},
		{"first order", "first-order"},
		{"crm-team", "crm-taem"},
		{"bloom-gifted", "bloom-ifted"},
		{"покупатель", "покупатеь"},
	} {
		if !differByTypo(pair[0], pair[1]) || !differByTypo(pair[1], pair[0]) {
			t.Errorf("%q and %q are most likely the same", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"vip-1", "vip-2"},
		{"step1", "step2"},
		{"vip1", "vip"},
		{"orders-30", "orders-90"},
		{"buyer", "buyers"},
		{"renew", "renewed"},
		{"lapse", "lapsed"},
		{"purchased", "purchaser"},
		{"active", "inactive"},
		{"subscribed", "unsubscribed"},
		{"activated", "reactivated"},
		{"reactivated", "deactivated"},
		{"early", "yearly"},
		{"user-typical", "user-atypical"},
		{"gold", "bold"},
		{"gold", "good"},
		{"lost", "last"},
		{"winter", "winner"},
		{"connected", "collected"},
		{"group-a", "group-b"},
		{"plan-xs", "plan-xl"},
		{"sign-in", "sign-up"},
		{"vip", "vi"},
		{"crm", "cm"},
		{"高价值会员", "低价值会员"},
		{"活跃会员名单", "活跃会员单"},
		{"new-bayer-list", "old-buyer-list"},
		{"", "a"},
	} {
		if differByTypo(pair[0], pair[1]) || differByTypo(pair[1], pair[0]) {
			t.Errorf("%q and %q may both be meant", pair[0], pair[1])
		}
	}
}
