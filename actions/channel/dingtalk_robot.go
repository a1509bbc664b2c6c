package channel

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareDingtalkRobot() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "dingtalk_robot", AddressField: "url",
			Doc: "Posts messages to a group of DingTalk (钉钉) by its robot, 20 a minute at most: what is more waits, as DingTalk blocks a robot for " +
				"10 minutes that sends more. A text has 15,000 bytes at most; one with attachments becomes a card in Markdown.",
			Fields: robotFields("https://oapi.dingtalk.com/robot/send?access_token=…",
				"the secret of the robot's signature, which begins with SEC; when left out, nothing is signed"),
			Attach: []schema.AttachSpec{{Kind: "image", Most: 3}, {Kind: "link", Most: 5}},
			Data: schema.ObjectOf(schema.Field{Name: "at_mobiles", Type: schema.ListOf(schema.String).AsOptional()},
				schema.Field{Name: "at_all", Type: schema.Bool.AsOptional()}),
			DataOrAttach: true,
			Example:      "ding: {type: dingtalk_robot, url: \"${DING_ROBOT_URL}\", secret: \"${DING_ROBOT_SECRET}\"}",
		},
		make: func(_ string, config map[string]string, deps Deps) (Sender, error) {
			return newRobot("dingtalk_robot", provider{
				home: "https://oapi.dingtalk.com/robot/send?access_token=", limits: []limit{{20, time.Minute}}, compose: dingtalkMessage, sign: signDingtalk, code: "errcode", text: "errmsg",
				judge: judgeDingtalk,
			}, config, deps)
		},
	}
}

// dingtalkText is how long a text of a robot of DingTalk may be, in bytes.
const dingtalkText = 15_000

// dingtalkMessage writes a text, one in Markdown when there are images, or a card with a button for
// each link.
func dingtalkMessage(m *engine.Message) (map[string]any, error) {
	if err := fits(m.Text, dingtalkText); err != nil {
		return nil, err
	}
	if len(m.Attach) == 0 {
		out := map[string]any{"msgtype": "text", "text": map[string]any{"content": m.Text}}
		if mobiles, all := texts(m, "at_mobiles"), says(m, "at_all"); len(mobiles) > 0 || all {
			out["at"] = map[string]any{"atMobiles": mobiles, "isAtAll": all}
		}
		return out, nil
	}
	title, _ := firstLine(m.Text)
	body := strings.ReplaceAll(m.Text, "\n", "\n\n") // a line break of Markdown
	var buttons []map[string]any
	for _, a := range m.Attach {
		if a.Link != nil {
			buttons = append(buttons, map[string]any{"title": a.Link.Title, "actionURL": a.Link.URL})
		} else {
			body = "![](" + a.Image + ")\n\n" + body
		}
	}
	card := map[string]any{"title": title, "text": body}
	if len(buttons) == 0 {
		return map[string]any{"msgtype": "markdown", "markdown": card}, nil
	}
	card["btnOrientation"], card["btns"] = "0", buttons
	return map[string]any{"msgtype": "actionCard", "actionCard": card}, nil
}

// signDingtalk adds the instant and the signature to the address.
func signDingtalk(u *url.URL, _ map[string]any, secret string, now time.Time) {
	at := strconv.FormatInt(now.UnixMilli(), 10)
	q := u.Query()
	q.Set("timestamp", at)
	q.Set("sign", macOf(secret, at+"\n"+secret))
	u.RawQuery = q.Encode()
}

// judgeDingtalk tells the codes of DingTalk apart. A wrong token or signature, a robot that was
// stopped and an address that is not on the list wait for the operator.
func judgeDingtalk(code int, why string) verdict {
	switch code {
	case 130101, 410100, 90030: // too often
		return verdict{wait: 10 * time.Minute}
	case 310000:
		return verdict{permanent: strings.Contains(strings.ToLower(why), "keyword")}
	case 40035, 43004, 400105, 400013, 430101, 430102, 430103, 430104: // the message, or a group that is no more
		return verdict{permanent: true}
	}
	return verdict{}
}
