// Package locale knows the tags of BCP 47 as zh-CN, which of them a text for another may stand in
// for, and what days and months are called in a language. It has no clock and no settings.
package locale
