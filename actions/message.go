package actions

import (
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func message() action {
	text := schema.String
	outcome := &schema.Type{Kind: schema.KindString, Enum: []string{"queued", "sent", "skipped", "failed"}}
	return action{
		ActionSpec: schema.ActionSpec{
			Key: "message",
			Doc: "Sends a message over a channel. It does not hold the run: what became of it arrives later under `actions.<id>`.",
			Fields: []schema.FieldSpec{
				{Name: "channel", Kind: schema.FieldChannel, Required: true, Doc: "a channel of usher.yaml"},
				{
					Name: "template", Kind: schema.FieldTemplate, OneOf: "text",
					Doc: "a text below templates/, without its extension",
				},
				{Name: "text", Kind: schema.FieldText, OneOf: "text", Doc: "the text itself, in Liquid"},
				{
					Name: "variants", Kind: schema.FieldVariants, OneOf: "text",
					Doc: "several texts with their weights, to compare them: a member always gets the same",
				},
				{Name: "subject", Kind: schema.FieldText, Doc: "the subject of a mail, in Liquid"},
				{
					Name: "attach", Kind: schema.FieldAttach,
					Doc: "what hangs on it: images, links, pages of mini programs, as far as the channel can send them; texts are Liquid",
				},
				{
					Name: "data", Kind: schema.FieldData,
					Doc: "further fields, which the type of the channel declares; texts in them are Liquid",
				},
				{
					Name: "to", Kind: schema.FieldAddress,
					Doc: "the address, when it is not the member's own; or an object that the message goes to, as in {group: = trigger.group}",
				},
				{
					Name: "with", Kind: schema.FieldCarried, Needs: "to",
					Doc: "values that the text for an object reads as `with.name`: it sees the object, and nothing else of the run",
				},
				{
					Name: "class", Kind: schema.FieldEnum, Enum: []string{engine.Promotional, engine.Transactional},
					Default: engine.Promotional,
					Doc:     "a transactional message passes consent, frequency caps and quiet hours",
				},
			},
			Results: []schema.ResultSpec{
				{Name: "status", Type: outcome, Doc: "what became of it"},
				{Name: "variant", Type: text, Doc: "the name of the variant, when it has `variants`"},
				{Name: "reason", Type: text.AsOptional(), Doc: "why it was skipped or failed"},
				{Name: "delivered_at", Type: schema.Datetime.AsOptional(), Doc: "when the channel took it"},
				{Name: "opened_at", Type: schema.Datetime.AsOptional(), Doc: "when the member opened it, where the channel tells"},
				{
					Name: "clicked_at", Type: schema.Datetime.AsOptional(),
					Doc: "when the member followed a link, where the channel tells",
				},
			},
			Example: "message: {channel: wecom, text: \"{{ member.nickname | default: '朋友' }}，欢迎回来\"}",
		},
		effect: sendMessage,
	}
}

// sendMessage sends what a message's fields say.
func sendMessage(a *engine.Act) error {
	body := a.String("text")
	name, html := a.Template("template")
	if name != "" {
		body = a.String("template")
		a.Detail("template", name)
	}
	class := a.String("class")
	if class == "" {
		class = engine.Promotional
	}
	data, err := a.Data("data")
	if err != nil {
		return err
	}
	attach, err := attachments(a.Args["attach"])
	if err != nil {
		return err
	}
	a.Send(a.String("channel"), engine.Message{
		To: a.String("to"), Subject: a.String("subject"), Text: body,
		HTML: html, Class: class, Attach: attach, Data: data,
	})
	return nil
}

// attachments returns what hangs on a message, as its field lists it. One whose address came out empty
// is left out; the error says that an address is none of the web.
func attachments(field any) ([]engine.Attachment, error) {
	list, _ := field.([]any)
	var out []engine.Attachment
	for i, item := range list {
		one, _ := item.(map[string]any)
		fields := func(kind, name string) string {
			of, _ := one[kind].(map[string]any)
			s, _ := of[name].(string)
			return s
		}
		switch image, isImage := one["image"].(string); {
		case isImage && image == "", one["link"] != nil && fields("link", "url") == "":
		case isImage && !schema.IsWebAddress(image), one["link"] != nil && !schema.IsWebAddress(fields("link", "url")):
			return nil, fmt.Errorf("attach[%d]: %.80q is no address: it begins with https:// or http:// and a host", i,
				image+fields("link", "url"))
		case isImage:
			out = append(out, engine.Attachment{Image: image})
		case one["link"] != nil:
			out = append(out, engine.Attachment{Link: &schema.Link{URL: fields("link", "url"), Title: fields("link", "title")}})
		case one["miniprogram"] != nil:
			out = append(out, engine.Attachment{MiniProgram: &schema.MiniProgram{
				AppID: fields("miniprogram", "appid"), Page: fields("miniprogram", "page"), Title: fields("miniprogram", "title"),
			}})
		}
	}
	return out, nil
}
