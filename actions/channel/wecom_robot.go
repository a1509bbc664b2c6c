package channel

import (
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareWecomRobot() declared {
	texts := schema.ListOf(schema.String).AsOptional()
	return declared{
		spec: schema.ChannelSpec{
			Type: "wecom_robot", AddressField: "url",
			Doc: "Posts messages to a group of WeCom (企业微信) by its robot, 20 a minute at most: what is more waits. A text has 2,048 bytes at most; " +
				"one with attachments becomes a card.",
			Fields: robotFields("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…", ""),
			Attach: []schema.AttachSpec{{Kind: "image", Most: 1}, {Kind: "link", Most: 2}, {Kind: "miniprogram", Most: 1}},
			Data: schema.ObjectOf(schema.Field{Name: "mentioned", Type: texts},
				schema.Field{Name: "mentioned_mobiles", Type: texts}),
			DataOrAttach: true,
			Example:      "wecom: {type: wecom_robot, url: \"${WECOM_ROBOT_URL}\"}",
		},
		make: func(_ string, config map[string]string, deps Deps) (Sender, error) {
			return newRobot("wecom_robot", provider{
				home: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=", limits: []limit{{20, time.Minute}}, compose: wecomMessage, code: "errcode", text: "errmsg", judge: judgeWecom,
			}, config, deps)
		},
	}
}

// wecomText is how long a text of a robot of WeCom may be, in bytes.
const wecomText = 2048

// wecomMessage writes a text, or a card when there are attachments.
func wecomMessage(m *engine.Message) (map[string]any, error) {
	if err := fits(m.Text, wecomText); err != nil {
		return nil, err
	}
	if len(m.Attach) > 0 {
		return wecomCard(m), nil
	}
	text := map[string]any{"content": m.Text}
	if list := texts(m, "mentioned"); len(list) > 0 {
		text["mentioned_list"] = list
	}
	if list := texts(m, "mentioned_mobiles"); len(list) > 0 {
		text["mentioned_mobile_list"] = list
	}
	return map[string]any{"msgtype": "text", "text": text}, nil
}

// wecomCard writes a card: with an image one of news, else one of text. What is touched first is
// what the card as a whole leads to.
func wecomCard(m *engine.Message) map[string]any {
	card := map[string]any{"card_type": "text_notice", "sub_title_text": m.Text}
	var jumps []map[string]any
	var whole map[string]any
	for _, a := range m.Attach {
		switch {
		case a.Link != nil:
			jumps = append(jumps, map[string]any{"type": 1, "url": a.Link.URL, "title": a.Link.Title})
		case a.MiniProgram != nil:
			jumps = append(jumps, map[string]any{
				"type": 2, "appid": a.MiniProgram.AppID, "pagepath": a.MiniProgram.Page, "title": a.MiniProgram.Title,
			})
		default:
			title, rest := firstLine(m.Text)
			card = map[string]any{
				"card_type": "news_notice", "main_title": map[string]any{"title": title, "desc": rest},
				"card_image": map[string]any{"url": a.Image, "aspect_ratio": 1.3},
			}
			whole = map[string]any{"type": 1, "url": a.Image}
		}
	}
	if len(jumps) > 0 {
		whole = map[string]any{"type": jumps[0]["type"]}
		for _, field := range []string{"url", "appid", "pagepath"} {
			if v, ok := jumps[0][field]; ok {
				whole[field] = v
			}
		}
		card["jump_list"] = jumps
	}
	card["card_action"] = whole
	return map[string]any{"msgtype": "template_card", "template_card": card}
}

// judgeWecom tells the codes of WeCom apart. A wrong address waits for the operator.
func judgeWecom(code int, _ string) verdict {
	switch code {
	case 45009, 45033: // too often
		return verdict{wait: time.Minute}
	case 40008, 40058, 44004, 45002, 40063: // a wrong kind, a wrong field, no content, too long
		return verdict{permanent: true}
	}
	return verdict{}
}
