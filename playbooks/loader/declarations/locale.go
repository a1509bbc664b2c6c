package declarations

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks/locale"
	"github.com/usher-run/usher/playbooks/syntax"
)

// languages are words that stand for a language, with its tag.
var languages = map[string]string{
	"chinese": "zh", "mandarin": "zh", "simplified chinese": "zh-CN", "traditional chinese": "zh-TW", "cn": "zh-CN",
	"中文": "zh", "简体中文": "zh-CN", "繁体中文": "zh-TW", "繁體中文": "zh-TW", "汉语": "zh", "英文": "en", "英语": "en",
	"english": "en", "japanese": "ja", "jp": "ja-JP", "日本語": "ja", "日语": "ja", "korean": "ko",
	"german": "de", "french": "fr", "spanish": "es", "china": "zh-CN", "us": "en-US",
}

// locale reads which locale the workspace is in.
func (c *reader) locale(n *syntax.Node) {
	if n == nil {
		return
	}
	text, ok := c.Str(n, "locale")
	if !ok {
		return
	}
	if _, known := locale.Known(text); known {
		c.Schema.Locale = text
		return
	}
	r := c.Error("bad-value", n.Pos(), fmt.Sprintf("BCP 47 knows no locale `%s`", text))
	if meant := languages[strings.ToLower(text)]; meant != "" {
		r.Label("write "+meant).Edit(n.Pos(), meant)
	} else {
		r.Label("as in zh-CN, zh or en-GB")
	}
}
