package channel

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// provider speaks the documented protocol of a provider on loopback: it takes what the
// documentation says, and answers what is wrong as the provider does.
type fakeProvider struct {
	*httptest.Server
	mu     sync.Mutex
	taken  []map[string]any // bodies, in order
	asked  int              // requests, those that were refused too
	answer func(w http.ResponseWriter) bool
}

// post describes how a provider reads a message. It returns what it answers.
type reads func(r *http.Request, body map[string]any, raw []byte) (status int, reply string, taken bool)

func speak(t *testing.T, how reads) *fakeProvider {
	t.Helper()
	p := &fakeProvider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		raw, err := io.ReadAll(r.Body)
		var body map[string]any
		if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
			json.Unmarshal(raw, &body) != nil {
			w.WriteHeader(http.StatusNotAcceptable)
			return
		}
		if p.answer != nil && p.answer(w) {
			return
		}
		status, reply, taken := how(r, body, raw)
		if taken {
			p.taken = append(p.taken, body)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *fakeProvider) bodies() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken)
}

func (p *fakeProvider) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// answers makes the provider answer everything with a status and a body.
func (p *fakeProvider) answers(status int, body string, header ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = func(w http.ResponseWriter) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		if status == 0 {
			panic(http.ErrAbortHandler) // hangs up
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// text follows keys of a body; "" where there is none.
func textAt(v any, path ...any) string {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return ""
			}
			v = list[step]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

const robotKey = "633a31f6-7f9c-4bc4"

// readsWecom takes what https://developer.work.weixin.qq.com/document/path/91770 says.
func readsWecom(r *http.Request, body map[string]any, _ []byte) (int, string, bool) {
	refuse := func(code int, why string) (int, string, bool) {
		return 200, fmt.Sprintf(`{"errcode":%d,"errmsg":%q}`, code, why), false
	}
	if r.URL.Path != "/cgi-bin/webhook/send" || r.URL.Query().Get("key") != robotKey {
		return refuse(93000, "invalid webhook url")
	}
	card, _ := body["template_card"].(map[string]any)
	action := textAt(card, "card_action", "type")
	switch textAt(body, "msgtype") {
	case "text":
		if n := len(textAt(body, "text", "content")); n == 0 || n > 2048 {
			return refuse(40058, "content exceed max length")
		}
	case "template_card":
		jumps, _ := card["jump_list"].([]any)
		switch textAt(card, "card_type") {
		case "text_notice":
			if textAt(card, "sub_title_text") == "" && textAt(card, "main_title", "title") == "" {
				return refuse(40058, "missing title")
			}
		case "news_notice":
			if textAt(card, "main_title", "title") == "" || textAt(card, "card_image", "url") == "" {
				return refuse(40058, "missing image")
			}
		default:
			return refuse(40008, "invalid card type")
		}
		if action == "1" && textAt(card, "card_action", "url") == "" || action == "2" && textAt(card, "card_action", "appid") == "" ||
			action != "1" && action != "2" || len(jumps) > 3 {
			return refuse(40058, "card_action")
		}
		for _, j := range jumps {
			if textAt(j, "title") == "" || textAt(j, "type") == "1" && textAt(j, "url") == "" ||
				textAt(j, "type") == "2" && textAt(j, "appid") == "" {
				return refuse(40058, "jump_list")
			}
		}
	default:
		return refuse(40008, "invalid message type")
	}
	return 200, `{"errcode":0,"errmsg":"ok"}`, true
}

const robotSecret = "SEC0123456789"

// signature is the one that providers of robots compute.
func signature(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// readsDingtalk takes what https://open.dingtalk.com/document/robots/custom-robot-access says.
func readsDingtalk(r *http.Request, body map[string]any, _ []byte) (int, string, bool) {
	refuse := func(code int, why string) (int, string, bool) {
		return 200, fmt.Sprintf(`{"errcode":%d,"errmsg":%q}`, code, why), false
	}
	q := r.URL.Query()
	if r.URL.Path != "/robot/send" || q.Get("access_token") != robotKey {
		return refuse(300005, "token is not exist")
	}
	if q.Get("timestamp") != fmt.Sprint(noon.UnixMilli()) ||
		q.Get("sign") != signature(robotSecret, q.Get("timestamp")+"\n"+robotSecret) {
		return refuse(310000, "sign not match")
	}
	switch kind := textAt(body, "msgtype"); {
	case kind == "text" && textAt(body, "text", "content") != "":
	case kind == "markdown" && textAt(body, kind, "title") != "" && textAt(body, kind, "text") != "":
	case kind == "actionCard" && textAt(body, kind, "title") != "" && textAt(body, kind, "text") != "" &&
		textAt(body, kind, "btns", 0, "title") != "" && textAt(body, kind, "btns", 0, "actionURL") != "":
	default:
		return refuse(400105, "unsupported msgtype")
	}
	return 200, `{"errcode":0,"errmsg":"ok"}`, true
}

// readsFeishu takes what https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot says.
func readsFeishu(r *http.Request, body map[string]any, raw []byte) (int, string, bool) {
	refuse := func(code int, why string) (int, string, bool) {
		return 400, fmt.Sprintf(`{"code":%d,"data":{},"msg":%q}`, code, why), false
	}
	at := textAt(body, "timestamp")
	switch {
	case r.URL.Path != "/open-apis/bot/v2/hook/"+robotKey:
		return refuse(19001, "param invalid: incoming webhook access token invalid")
	case at != fmt.Sprint(noon.Unix()) || textAt(body, "sign") != signature(at+"\n"+robotSecret, ""):
		return refuse(19021, "sign match fail or timestamp is not within one hour from current time")
	case len(raw) > 20_000:
		return refuse(9499, "Bad Request")
	}
	switch textAt(body, "msg_type") {
	case "text":
		if textAt(body, "content", "text") == "" {
			return refuse(9499, "Bad Request")
		}
	case "post":
		if textAt(body, "content", "post", "zh_cn", "content", 0, 0, "tag") != "text" {
			return refuse(9499, "Bad Request")
		}
	default:
		return refuse(9499, "Bad Request")
	}
	return 200, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`, true
}

var serviceKey = bytes.Repeat([]byte("k"), 32)

// readsService takes what Standard Webhooks says.
func readsService(r *http.Request, body map[string]any, raw []byte) (int, string, bool) {
	id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	want := "v1," + signature(string(serviceKey), id+"."+at+"."+string(raw))
	if id == "" || at != fmt.Sprint(noon.Unix()) || r.Header.Get("webhook-signature") != want {
		return 401, "", false
	}
	if r.URL.Path != "/messages" || textAt(body, "text") == "" || textAt(body, "key") != id {
		return 422, "", false
	}
	return 202, `{"id":"msg_17"}`, true
}

// remote is how a channel type that posts is tested.
type remote struct {
	reads  reads
	config func(base string) map[string]any
	passes map[string]string // an answer that passes, or that asks to wait: why
	stays  map[string]string // an answer that is for ever
	busy   []string          // the answers to too much
	waits  time.Duration     // how long nothing is sent then
	most   int               // messages a minute; 0: any number
	second int               // messages a second; 0: as many as a minute takes
}

func robotAt(path string) func(string) map[string]any {
	return func(base string) map[string]any {
		return map[string]any{"url": base + path, "secret": "${ROBOT_SECRET}"}
	}
}

var remotes = map[string]remote{
	"wecom_robot": {
		reads: readsWecom,
		config: func(base string) map[string]any {
			return map[string]any{"url": base + "/cgi-bin/webhook/send?key=" + robotKey}
		},
		passes: map[string]string{
			`200 {"errcode":-1,"errmsg":"system busy"}`:            "it is busy",
			`200 {"errcode":93000,"errmsg":"invalid webhook url"}`: "the operator mends it",
			`502 bad gateway`: "it is down", `200 <html>`: "it is not the robot",
		},
		stays: map[string]string{
			`200 {"errcode":40058,"errmsg":"invalid request parameter"}`: "the message", `404 `: "nothing is there",
			`302 `: "a redirect is not followed", `200 {"errcode":40008,"errmsg":"invalid message type"}`: "the message",
			`200 {"errcode":44004,"errmsg":"empty content"}`:             "the message",
			`200 {"errcode":45002,"errmsg":"content size out of limit"}`: "the message",
			`200 {"errcode":40063,"errmsg":"some parameters are empty"}`: "the message",
		},
		busy: []string{
			`200 {"errcode":45009,"errmsg":"api freq out of limit"}`,
			`200 {"errcode":45033,"errmsg":"api concurrent out of limit"}`,
		},
		waits: time.Minute, most: 20,
	},
	"dingtalk_robot": {
		reads: readsDingtalk, config: robotAt("/robot/send?access_token=" + robotKey),
		passes: map[string]string{
			`200 {"errcode":-1,"errmsg":"系统繁忙"}`:                   "it is busy",
			`200 {"errcode":310000,"errmsg":"sign not match"}`:     "the operator mends it",
			`200 {"errcode":300005,"errmsg":"token is not exist"}`: "the operator mends it",
			`200 {"errcode":400102,"errmsg":"bot is stopped"}`:     "it is started again",
		},
		stays: map[string]string{
			`200 {"errcode":310000,"errmsg":"keywords not in content"}`: "the message", `200 {"errcode":400105,"errmsg":"msgtype"}`: "the message",
			`200 {"errcode":400013,"errmsg":"群已被解散"}`:               "the group is no more",
			`200 {"errcode":40035,"errmsg":"缺少参数 json"}`:            "the message",
			`200 {"errcode":43004,"errmsg":"无效的HTTP HEADER"}`:       "the message",
			`200 {"errcode":430101,"errmsg":"unsafe link"}`:         "the message",
			`200 {"errcode":430102,"errmsg":"inappropriate text"}`:  "the message",
			`200 {"errcode":430103,"errmsg":"inappropriate image"}`: "the message",
			`200 {"errcode":430104,"errmsg":"inappropriate"}`:       "the message",
		},
		busy: []string{
			`200 {"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`,
			`200 {"errcode":410100,"errmsg":"发送速度太快而限流"}`,
			`200 {"errcode":90030,"errmsg":"your robot is limited"}`,
		},
		waits: 10 * time.Minute, most: 20,
	},
	"feishu_robot": {
		reads: readsFeishu, config: robotAt("/open-apis/bot/v2/hook/" + robotKey),
		passes: map[string]string{
			`400 {"code":19021,"msg":"sign match fail"}`:                                      "the operator mends it",
			`400 {"code":19022,"msg":"Ip Not Allowed"}`:                                       "the operator mends it",
			`400 {"code":19001,"msg":"param invalid: incoming webhook access token invalid"}`: "the operator mends it",
			`500 `: "it is down",
		},
		stays: map[string]string{
			`400 {"code":9499,"msg":"Bad Request"}`: "the message", `400 {"code":19024,"msg":"Key Words Not Found"}`: "the message",
			`400 {"code":230001,"msg":"invalid request parameter"}`:  "the message",
			`400 {"code":230025,"msg":"the message is too long"}`:    "the message",
			`400 {"code":19001,"msg":"param invalid: the msg_type"}`: "the message",
		},
		busy: []string{
			`200 {"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}`,
			`400 {"code":9499,"msg":"too many request: frequency limited"}`,
		},
		waits: time.Minute, most: 100, second: 5,
	},
	"http": {
		reads: readsService,
		config: func(base string) map[string]any {
			return map[string]any{"url": base + "/messages", "secret": "whsec_" + base64.StdEncoding.EncodeToString(serviceKey)}
		},
		passes: map[string]string{`500 `: "it is down", `429 `: "it is busy", `408 `: "it was slow", `425 `: "it is too early"},
		stays:  map[string]string{`400 `: "the message", `401 `: "the signature", `410 `: "nobody wants it", `302 `: "a redirect is not followed"},
	},
}

// conforming makes the sender of a channel type and what it speaks to. The clock can be set.
func conforming(t *testing.T, kind string) (Sender, *fakeProvider, *time.Time) {
	t.Helper()
	of := remotes[kind]
	p, now := speak(t, of.reads), noon
	s, err := New(playbooks.Channel{Name: "c", Type: kind, Config: of.config(p.URL)}, env(map[string]string{"ROBOT_SECRET": robotSecret}),
		Deps{Out: io.Discard, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if service, ok := s.(*service); ok {
		t.Cleanup(service.client.CloseIdleConnections)
	}
	return s, p, &now
}

// attachment returns one of a kind.
func attachment(kind string) engine.Attachment {
	switch kind {
	case "image":
		return engine.Attachment{Image: "https://shop.test/new.png"}
	case "link":
		return engine.Attachment{Link: &schema.Link{URL: "https://shop.test/?a=1&b=2", Title: "看看"}}
	}
	return engine.Attachment{MiniProgram: &schema.MiniProgram{AppID: "wx1", Page: "/p", Title: "打开"}}
}

// eachRemote runs a test for every channel type that carries messages away, but for those that are
// no posts of JSON.
func eachRemote(t *testing.T, f func(t *testing.T, spec *schema.ChannelSpec)) {
	t.Helper()
	specs := Specs()
	for i := range specs {
		spec := &specs[i]
		if _, posts := remotes[spec.Type]; !posts {
			if !slices.Contains([]string{"log", "null", "smtp", "webhook"}, spec.Type) {
				t.Errorf("no provider is there to test %s with", spec.Type)
			}
			continue
		}
		t.Run(spec.Type, func(t *testing.T) { f(t, spec) })
	}
}

func TestChannelsDeliver(t *testing.T) {
	eachRemote(t, func(t *testing.T, spec *schema.ChannelSpec) {
		s, p, _ := conforming(t, spec.Type)
		id, err := s.Send(t.Context(), delivery(), 1)
		if err != nil || len(p.bodies()) != 1 {
			t.Fatalf("%v; %d messages have come", err, len(p.bodies()))
		}
		raw, _ := json.Marshal(p.bodies()[0])
		text, _ := json.Marshal(delivery().Message.Text)
		if !bytes.Contains(raw, bytes.Trim(text, `"`)) {
			t.Errorf("the text is not in %s", raw)
		}
		if spec.Type == "http" && id != "msg_17" {
			t.Errorf("the service calls it %q", id)
		}
	})
}

// What a channel declares to send is taken, alone and all at once, and is in what arrives.
func TestChannelsSendWhatTheyDeclare(t *testing.T) {
	eachRemote(t, func(t *testing.T, spec *schema.ChannelSpec) {
		var all []engine.Attachment
		for _, a := range spec.Attach {
			one := attachment(a.Kind)
			many := slices.Repeat([]engine.Attachment{one}, min(a.Most, 3))
			for _, list := range [][]engine.Attachment{{one}, many} {
				checkAttached(t, spec.Type, list)
			}
			all = append(all, many...)
		}
		checkAttached(t, spec.Type, all)
	})
}

func checkAttached(t *testing.T, kind string, list []engine.Attachment) {
	t.Helper()
	s, p, _ := conforming(t, kind)
	d := delivery()
	d.Message.Text = "新品到店\n来看看"
	d.Message.Attach = list
	if _, err := s.Send(t.Context(), d, 1); err != nil {
		t.Fatalf("%v: %v", list, err)
	}
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p.bodies()[0]); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"新品到店", "来看看"} {
		if !strings.Contains(raw.String(), part) {
			t.Errorf("%s is not in %s", part, raw.String())
		}
	}
	for _, a := range list {
		parts := []string{a.Image}
		if a.Link != nil {
			parts = []string{a.Link.URL, a.Link.Title}
		}
		if a.MiniProgram != nil {
			parts = []string{a.MiniProgram.AppID, a.MiniProgram.Page, a.MiniProgram.Title}
		}
		for _, part := range parts {
			if !strings.Contains(raw.String(), part) {
				t.Errorf("%s is not in %s", part, raw.String())
			}
		}
	}
}

func TestChannelsTakeData(t *testing.T) {
	for kind, c := range map[string]struct {
		data map[string]any
		want map[string][]any // the value, by what stands there
	}{
		"wecom_robot": {
			map[string]any{"mentioned": []any{"wang", "@all"}, "mentioned_mobiles": []any{"13800138000"}},
			map[string][]any{"@all": {"text", "mentioned_list", 1}, "13800138000": {"text", "mentioned_mobile_list", 0}},
		},
		"dingtalk_robot": {
			map[string]any{"at_mobiles": []any{"13800138000"}, "at_all": true},
			map[string][]any{"13800138000": {"at", "atMobiles", 0}, "true": {"at", "isAtAll"}},
		},
		"feishu_robot": {
			map[string]any{"at": []any{"ou_1"}, "at_all": true},
			map[string][]any{delivery().Message.Text + ` <at user_id="ou_1"></at> <at user_id="all"></at>`: {"content", "text"}},
		},
		"http": {map[string]any{"order": "o1"}, map[string][]any{"o1": {"data", "order"}}},
	} {
		s, p, _ := conforming(t, kind)
		d := delivery()
		d.Message.Data = c.data
		if _, err := s.Send(t.Context(), d, 1); err != nil {
			t.Fatal(kind, err)
		}
		for want, path := range c.want {
			if got := textAt(p.bodies()[0], path...); got != want {
				t.Errorf("%s: at %v stands %q, want %q", kind, path, got, want)
			}
		}
	}
}

// answerOf reads "200 body".
func answerOf(t *testing.T, s string) (status int, body string) {
	t.Helper()
	code, body, _ := strings.Cut(s, " ")
	if _, err := fmt.Sscan(code, &status); err != nil {
		t.Fatal(err)
	}
	return status, body
}

func TestChannelsTellFaultsApart(t *testing.T) {
	eachRemote(t, func(t *testing.T, spec *schema.ChannelSpec) {
		of := remotes[spec.Type]
		check := func(answer, why string, permanent bool) {
			s, p, _ := conforming(t, spec.Type)
			status, body := answerOf(t, answer)
			p.answers(status, body)
			_, err := s.Send(t.Context(), delivery(), 1)
			var forever *PermanentError
			if err == nil || errors.As(err, &forever) != permanent {
				t.Errorf("%s (%s): %v; want an error, permanent: %v", answer, why, err, permanent)
			}
			if err != nil && (strings.Contains(err.Error(), robotKey) || strings.Contains(err.Error(), p.URL)) {
				t.Errorf("the error shows the address: %v", err)
			}
		}
		for answer, why := range of.passes {
			check(answer, why, false)
		}
		for answer, why := range of.stays {
			check(answer, why, true)
		}
		check("0 ", "it hangs up", false)
		s, p, _ := conforming(t, spec.Type)
		p.Close()
		var forever *PermanentError
		if _, err := s.Send(t.Context(), delivery(), 1); err == nil || errors.As(err, &forever) ||
			strings.Contains(err.Error(), robotKey) {
			t.Errorf("nobody is there: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s, p, _ = conforming(t, spec.Type)
		if _, err := s.Send(ctx, delivery(), 1); err == nil || len(p.bodies()) > 0 {
			t.Errorf("sent although the context was over: %v", err)
		}
	})
}

// A limit is kept, whatever is asked for: what is more is put off, and is told when; then it goes out.
func TestChannelsKeepLimits(t *testing.T) {
	eachRemote(t, func(t *testing.T, spec *schema.ChannelSpec) {
		of := remotes[spec.Type]
		if of.most == 0 {
			return // a service of the team's own has none
		}
		s, p, now := conforming(t, spec.Type)
		if spec.Type != "wecom_robot" { // their signatures are of noon
			p.answers(200, `{"errcode":0,"code":0}`)
		}
		var at []time.Time
		waiting := []time.Time{}
		for range 3 * of.most {
			waiting = append(waiting, *now)
		}
		told := map[time.Time]int{}
		for len(waiting) > 0 {
			slices.SortFunc(waiting, func(a, b time.Time) int { return a.Compare(b) })
			*now = waiting[0]
			waiting = waiting[1:]
			_, err := s.Send(t.Context(), delivery(), 1)
			var later *PutOffError
			switch {
			case err == nil:
				at = append(at, *now)
			case errors.As(err, &later) && later.After > 0:
				again := now.Add(later.After)
				told[again]++
				waiting = append(waiting, again)
			default:
				t.Fatal(err)
			}
		}
		if p.requests() != 3*of.most {
			t.Errorf("%d requests for %d messages", p.requests(), 3*of.most)
		}
		kept := func(most int, per time.Duration) {
			for i := most; most > 0 && i < len(at); i++ {
				if at[i].Sub(at[i-most]) < per {
					t.Fatalf("message %d goes out %s after the one %d before it", i, at[i].Sub(at[i-most]), most)
				}
			}
		}
		kept(of.most, time.Minute)
		kept(of.second, time.Second)
		if last := at[len(at)-1].Sub(noon); last > 4*time.Minute {
			t.Errorf("the last message goes out after %s", last)
		}
		for again, n := range told {
			if n > 5 {
				t.Errorf("%d messages are told to come back at %s", n, again)
			}
		}
	})
}

// What is applied anew keeps the limit that is used up.
func TestPacesOutliveSenders(t *testing.T) {
	p := speak(t, readsWecom)
	deps := Deps{Now: func() time.Time { return noon }, Paces: &Paces{}}
	sent := 0
	for range 5 {
		s, err := New(playbooks.Channel{Name: "c", Type: "wecom_robot", Config: remotes["wecom_robot"].config(p.URL)}, env(nil), deps)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := s.Send(t.Context(), delivery(), 1); err == nil {
				sent++
			}
		}
	}
	if sent != 20 || p.requests() != 20 {
		t.Errorf("%d messages went out in a minute, in %d requests", sent, p.requests())
	}
}

// When the provider says that it was too much, nothing is sent for as long as it blocks.
func TestChannelsStopWhenToldTo(t *testing.T) {
	eachRemote(t, func(t *testing.T, spec *schema.ChannelSpec) {
		of := remotes[spec.Type]
		if len(of.busy) == 0 {
			s, p, _ := conforming(t, spec.Type)
			p.answers(429, "", "Retry-After", "7")
			_, err := s.Send(t.Context(), delivery(), 1)
			var later *RetryAfterError
			if !errors.As(err, &later) || later.After != 7*time.Second {
				t.Errorf("%v; want to be asked again after 7 s", err)
			}
		}
		for _, answer := range of.busy {
			checkStopped(t, spec.Type, answer)
		}
	})
}

func checkStopped(t *testing.T, kind, answer string) {
	t.Helper()
	of := remotes[kind]
	s, p, now := conforming(t, kind)
	status, body := answerOf(t, answer)
	p.answers(status, body)
	_, err := s.Send(t.Context(), delivery(), 1)
	var later *RetryAfterError
	if !errors.As(err, &later) || later.After != of.waits {
		t.Fatalf("%s: %v; want to be asked again after %s", answer, err, of.waits)
	}
	p.answers(200, `{"errcode":0,"code":0}`)
	*now = noon.Add(of.waits - time.Second)
	var putOff *PutOffError
	_, err = s.Send(t.Context(), delivery(), 1)
	if !errors.As(err, &putOff) || putOff.After != time.Second || p.requests() != 1 {
		t.Errorf("%s: %v after %d requests; want to be put off for a second", answer, err, p.requests())
	}
	*now = noon.Add(of.waits)
	if _, err := s.Send(t.Context(), delivery(), 1); err != nil {
		t.Error(err)
	}
}

func TestRobotsRefuseWhatIsTooLong(t *testing.T) {
	for kind, most := range map[string]int{"wecom_robot": wecomText, "dingtalk_robot": dingtalkText, "feishu_robot": feishuText} {
		s, p, _ := conforming(t, kind)
		d := delivery()
		for _, text := range []string{strings.Repeat("x", most+1), " \n "} {
			d.Message.Text = text
			var forever *PermanentError
			if _, err := s.Send(t.Context(), d, 1); !errors.As(err, &forever) || p.requests() > 0 {
				t.Errorf("%s, %d bytes: %v after %d requests", kind, len(text), err, p.requests())
			}
		}
		d.Message.Text = strings.Repeat("x", most)
		if _, err := s.Send(t.Context(), d, 1); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
