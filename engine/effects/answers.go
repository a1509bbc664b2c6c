package effects

import (
	"strconv"
	"time"

	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/naming"
)

// Transactional is the class of messages that nothing holds back.
const Transactional = "transactional"

// ReleaseAgain returns the input that asks to release a late message again. It is accepted once for
// each release.
func ReleaseAgain(d *Delivery) input.Input {
	in := input.Input{
		Kind: input.Release, ID: naming.Joined("release", d.Key, d.ReleasedAt.UTC().Format(time.RFC3339Nano)),
		Member: d.Member, Name: d.Run, Time: d.ReleasedAt,
		Payload: &input.Payload{Channel: d.Channel, Properties: map[string]any{
			"delivery": d.Key, "playbook": d.Playbook, "step": d.Step,
		}},
	}
	if d.Message.Of != "" {
		in.Properties[ofKey] = d.Message.Of
	}
	return in
}

// ResultOf returns the input that tells a run what became of its delivery: values under
// actions.<id>. values is taken over.
func ResultOf(d *Delivery, values map[string]any) input.Input {
	values["step"] = d.Step
	if d.Message.Of != "" {
		values[ofKey] = d.Message.Of
	}
	in := input.Input{
		Kind: input.Result, ID: input.AnswerID(d.Key), Member: d.Member, Name: d.Run, Time: d.ReleasedAt,
		Payload: &input.Payload{Properties: values},
	}
	if values["status"] == "failed" && !d.ReleasedAt.Equal(d.At) { // each release has its own place to give back
		in.ID += input.AgainID + strconv.FormatInt(d.ReleasedAt.UnixMilli(), 10)
	}
	if d.Message.Webhook == nil && d.Message.Class != Transactional {
		in.Payload.Channel = d.Channel
	}
	return in
}

// redeemID begins the id of an input that says that a coupon was redeemed.
const redeemID = "redeem:"

// RedemptionOf returns the input that tells the member's line that a coupon was redeemed. Its instant is when.
func RedemptionOf(c *Coupon) input.Input {
	return input.Input{
		Kind: input.Redeem, ID: redeemID + c.Code, Member: c.Member, Name: c.Run,
		Payload: &input.Payload{Properties: map[string]any{"code": c.Code, "pool": c.Pool, "step": c.Step}},
	}
}
