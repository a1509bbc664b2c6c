package schema

import (
	"net/url"
	"strings"
)

// Attached is what hangs on a message: exactly one field is set.
type Attached struct {
	Image       string       `json:"image,omitempty"` // its address
	Link        *Link        `json:"link,omitempty"`
	MiniProgram *MiniProgram `json:"miniprogram,omitempty"`
}

// Link is an address with its title.
type Link struct {
	URL   string `json:"url"`
	Title string `json:"title"`
}

// MiniProgram is a page of a mini program with its title.
type MiniProgram struct {
	AppID string `json:"appid"`
	Page  string `json:"page"`
	Title string `json:"title"`
}

// AttachmentSpec declares a kind of what may hang on a message.
type AttachmentSpec struct {
	Kind   string
	Doc    string
	Fields []FieldSpec // texts, all of them required; none: the value is itself the one text, an address
}

// Attachments are the kinds of what may hang on a message. A channel says which it can send.
var Attachments = []AttachmentSpec{
	{Kind: "image", Doc: "the address of an image"},
	{Kind: "link", Doc: "a link with its title", Fields: []FieldSpec{
		{Name: "url", Kind: FieldURL, Doc: "the address"}, {Name: "title", Kind: FieldText, Doc: "what stands on it"},
	}},
	{Kind: "miniprogram", Doc: "a page of a mini program", Fields: []FieldSpec{
		{Name: "appid", Kind: FieldText, Doc: "the id of the mini program"},
		{Name: "page", Kind: FieldText, Doc: "the path of the page"},
		{Name: "title", Kind: FieldText, Doc: "what stands on it"},
	}},
}

// Attachment returns the declaration of a kind of attachment, or nil.
func Attachment(kind string) *AttachmentSpec {
	for i := range Attachments {
		if Attachments[i].Kind == kind {
			return &Attachments[i]
		}
	}
	return nil
}

// AttachmentKinds returns the kinds of attachments in the order of their declaration.
func AttachmentKinds() []string {
	var kinds []string
	for _, a := range Attachments {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

// IsWebAddress reports whether a text is an address that begins with https:// or http:// and a host.
func IsWebAddress(s string) bool {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Host != ""
}
