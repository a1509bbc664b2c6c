package channel

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareFeishuRobot() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "feishu_robot", AddressField: "url",
			Doc: "Posts messages to a group of Feishu (飞书) or Lark by its robot, 100 a minute and 5 a second at most: what is more waits. A message has " +
				"15,000 bytes at most; one with links becomes rich text.",
			Fields: robotFields("https://open.feishu.cn/open-apis/bot/v2/hook/…",
				"the secret of the robot's signature; when left out, nothing is signed"),
			Attach: []schema.AttachSpec{{Kind: "link", Most: 5}},
			Data: schema.ObjectOf(schema.Field{Name: "at", Type: schema.ListOf(schema.String).AsOptional()},
				schema.Field{Name: "at_all", Type: schema.Bool.AsOptional()}),
			Example: "feishu: {type: feishu_robot, url: \"${FEISHU_ROBOT_URL}\", secret: \"${FEISHU_ROBOT_SECRET}\"}",
		},
		make: func(_ string, config map[string]string, deps Deps) (Sender, error) {
			return newRobot("feishu_robot", provider{
				home: "https://open.feishu.cn/open-apis/bot/v2/hook/", limits: []limit{{5, time.Second}, {100, time.Minute}}, compose: feishuMessage, sign: signFeishu, code: "code",
				text: "msg", judge: judgeFeishu,
			}, config, deps)
		},
	}
}

// feishuText is how long a text of a robot of Feishu may be, in bytes: a request has 20 KB at most.
const feishuText = 15_000

// feishuMessage writes a text, or rich text when there are links.
func feishuMessage(m *engine.Message) (map[string]any, error) {
	if err := fits(m.Text, feishuText); err != nil {
		return nil, err
	}
	at := texts(m, "at")
	if says(m, "at_all") {
		at = append(at, "all")
	}
	if len(m.Attach) == 0 {
		text := m.Text
		for _, id := range at {
			text += " <at user_id=\"" + strings.ReplaceAll(id, `"`, "") + "\"></at>"
		}
		return map[string]any{"msg_type": "text", "content": map[string]any{"text": text}}, nil
	}
	lines := [][]map[string]any{{{"tag": "text", "text": m.Text}}}
	for _, id := range at {
		lines[0] = append(lines[0], map[string]any{"tag": "at", "user_id": id})
	}
	for _, a := range m.Attach {
		if a.Link != nil {
			lines = append(lines, []map[string]any{{"tag": "a", "text": a.Link.Title, "href": a.Link.URL}})
		}
	}
	return map[string]any{"msg_type": "post", "content": map[string]any{
		"post": map[string]any{"zh_cn": map[string]any{"content": lines}},
	}}, nil
}

// signFeishu adds the instant and the signature to the message.
func signFeishu(_ *url.URL, message map[string]any, secret string, now time.Time) {
	at := strconv.FormatInt(now.Unix(), 10)
	message["timestamp"], message["sign"] = at, macOf(at+"\n"+secret, "")
}

// judgeFeishu tells the codes of Feishu apart. A wrong address or signature, and an address that is
// not on the list, wait for the operator.
func judgeFeishu(code int, why string) verdict {
	switch {
	case code == 11232, strings.Contains(strings.ToLower(why), "frequency limited"):
		return verdict{wait: time.Minute}
	case code == 9499, code == 19024, code == 230001, code == 230025: // the message itself
		return verdict{permanent: true}
	case code == 19001:
		return verdict{permanent: !strings.Contains(why, "token")}
	}
	return verdict{}
}
