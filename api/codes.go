package api

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine/strictjson"
)

const (
	maxCodes   = 1000
	maxCodeLen = 64
)

type codesBody struct {
	Codes []string `json:"codes" doc:"in the order in which they are to be given out"`
}

type codesView struct {
	Loaded   int            `json:"loaded" doc:"how many are loaded now"`
	Known    int            `json:"known" doc:"how many the pool had already, given out or not"`
	Left     int            `json:"left" doc:"how many codes the pool has now that are not given out"`
	Rejected []rejectedCode `json:"rejected" doc:"those that cannot be codes of the pool"`
}

type rejectedCode struct {
	Index   int    `json:"index" doc:"its place in the list, from 0"`
	Message string `json:"message"`
}

// wrongCode returns what is wrong with a text that is to be a code; "" when it can be one.
func wrongCode(code string) string {
	if bad := strictjson.CheckName("codes", "a code", code, maxCodeLen); bad != nil {
		return bad.Message
	}
	if strings.ContainsFunc(code, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) }) {
		return "a code has no character that cannot be seen"
	}
	if strings.ContainsFunc(code, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;\"", r) }) {
		return "a code has no space, comma, semicolon or quote"
	}
	return ""
}

// loadCodes loads codes of a pool whose codes others make. What is loaded once stays so: the same again
// changes nothing.
func (s *server) loadCodes(c *gin.Context) (codesView, error) {
	var body codesBody
	if err := decode(c, &body, false); err != nil {
		return codesView{}, err
	}
	if len(body.Codes) > maxCodes {
		return codesView{}, newError(strictjson.CodeTooLarge, "at most %d codes are loaded at once", maxCodes).with("path", "codes")
	}
	name := c.Param("pool")
	ws, _ := s.Workspace()
	if ws == nil || ws.Schema.Pool(name) == nil {
		return codesView{}, newError(codeNotFound, "there is no coupon pool `%s`", name)
	}
	if !ws.Schema.Pool(name).Imported {
		return codesView{}, newError(codeConflict, "usher makes the codes of the pool `%s` itself: it is not declared with `codes: imported`",
			name)
	}
	v := codesView{Rejected: []rejectedCode{}}
	var good []string
	var at []int
	first := map[string]bool{}
	for i, code := range body.Codes {
		switch wrong := wrongCode(code); {
		case wrong != "":
			v.Rejected = append(v.Rejected, rejectedCode{i, wrong})
		case first[code]:
			v.Rejected = append(v.Rejected, rejectedCode{i, "the code is in the list already"})
		default:
			first[code] = true
			good, at = append(good, code), append(at, i)
		}
	}
	had, err := s.Store.LoadCodes(c.Request.Context(), name, good)
	if err != nil {
		return codesView{}, err
	}
	for i, pool := range had {
		switch pool {
		case "":
			v.Loaded++
		case name:
			v.Known++
		default:
			v.Rejected = append(v.Rejected, rejectedCode{at[i], fmt.Sprintf("it is a code of the pool `%s` already", pool)})
		}
	}
	v.Left, err = s.Store.CodesLeft(c.Request.Context(), name)
	return v, err
}
