package diag

import "strings"

// LikelyEncoding names the encoding that a text which is no UTF-8 probably has, as programs and as
// people call it. Both are "" when nothing speaks for one.
func LikelyEncoding(text []byte) (name, called string) {
	name = LikelyUTF16(text)
	if name == "" {
		name = likelyBytes(text)
	}
	switch name {
	case "gb18030":
		return name, "GB18030 (GBK)"
	case "big5":
		return name, "Big5"
	case "windows-1252":
		return name, "Windows-1252 (Latin-1)"
	}
	return name, strings.ToUpper(name)
}

// likelyBytes looks at how the bytes beyond ASCII pair up.
func likelyBytes(text []byte) string {
	var lone, runs int         // runs of bytes beyond ASCII, and those of one byte
	var pairs, simple, low int // pairs, those that GB2312 uses for its common characters, those whose second byte is ASCII
	for i := 0; i < len(text); {
		if text[i] < 0x80 {
			i++
			continue
		}
		runs++
		if i+1 == len(text) || text[i+1] < 0x80 {
			lone++
		}
		for i < len(text) && text[i] >= 0x80 {
			if i+1 < len(text) && (text[i+1] >= 0x40 && text[i+1] != 0x7f) {
				pairs++
				switch {
				case text[i+1] < 0x80:
					low++
				case text[i] >= 0xb0 && text[i] <= 0xd7 && text[i+1] >= 0xa1:
					simple++
				}
				i++
			}
			i++
		}
	}
	switch {
	case runs == 0:
		return ""
	case lone*10 >= runs*9 && simple == 0:
		return "windows-1252"
	case low*10 > pairs && simple*2 < pairs:
		return "big5"
	}
	return "gb18030"
}

// LikelyUTF16 names the order of bytes of a text in UTF-16, by where the zero bytes of its ASCII
// characters stand; "" for other texts.
func LikelyUTF16(text []byte) string {
	var zeros [2]int
	for i, b := range text {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case zeros[1] > 4*zeros[0]:
		return "utf-16le"
	case zeros[0] > 4*zeros[1]:
		return "utf-16be"
	}
	return ""
}
