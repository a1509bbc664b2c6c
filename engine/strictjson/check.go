package strictjson

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/schema"
)

// CheckName checks a name that somebody gave: what is the thing's name in the message, limit the most
// bytes.
func CheckName(path, what, s string, limit int) *Rejection {
	switch {
	case s != "" && len(s) <= limit && isPlain(s):
		return nil // nearly all
	case s == "":
		return &Rejection{Code: CodeInvalid, Path: path, Message: what + " must not be empty"}
	case len(s) <= limit && strings.TrimSpace(s) == "":
		return &Rejection{Code: CodeInvalid, Path: path, Message: what + " must not be blank"}
	case len(s) > limit:
		return &Rejection{
			Code: CodeTooLarge, Path: path,
			Message: fmt.Sprintf("%s has at most %d bytes", what, limit),
		}
	case !utf8.ValidString(s):
		return &Rejection{Code: CodeInvalid, Path: path, Message: what + " must be valid UTF-8"}
	case strings.ContainsFunc(s, unicode.IsControl):
		return &Rejection{Code: CodeInvalid, Path: path, Message: what +
			" must not have control characters"}
	}
	return nil
}

// MemberID returns what is wrong with a member's id that comes from elsewhere than a body, as
// from a path.
func MemberID(id string) *Rejection {
	return CheckName("member", "a member's id", id, MaxIDLen)
}

// isPlain reports whether a text has nothing but visible ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// CheckFields checks the declared fields of an object; the others are kept as they are. path names
// the object in the message.
func CheckFields(path string, object *schema.Type, values map[string]any) (found *Rejection) {
	for i := range object.Fields {
		f := &object.Fields[i]
		switch v := values[f.Name]; {
		case v != nil:
			found = found.And(CheckValue(Join(path, f.Name), f.Type, v))
		case !f.Type.Optional:
			found = found.And(&Rejection{
				Code: CodeMissingField, Path: Join(path, f.Name),
				Message: fmt.Sprintf("is missing; the schema wants %s", f.Type),
			})
		}
	}
	return found
}

// CheckValue checks a value that is to be of a type.
func CheckValue(path string, t *schema.Type, v any) *Rejection {
	_, err := t.Coerce(v)
	if err == nil {
		return nil
	}
	var te *schema.TypeError
	if !errors.As(err, &te) {
		return &Rejection{Code: CodeWrongType, Path: path, Message: err.Error()}
	}
	switch {
	case te.Path == "":
	case te.Path[0] == '[':
		path += te.Path
	default:
		path = Join(path, te.Path)
	}
	if te.Got == nil {
		return &Rejection{
			Code: CodeMissingField, Path: path,
			Message: fmt.Sprintf("is missing; the schema wants %s", te.Want.Required()),
		}
	}
	return WrongType(path, te.Want, te.Got)
}

// WrongType words what the schema says and what came, without the path, which stands beside it.
func WrongType(path string, want *schema.Type, got any) *Rejection {
	message := (&schema.TypeError{Want: want, Got: got}).Error()
	if got == nil {
		message = "must not be null; the schema wants " + want.Required().String()
	}
	return &Rejection{
		Code: CodeWrongType, Path: path,
		Message: strings.TrimPrefix(message, "value "),
	}
}

// KindOf returns the word for what a JSON value is, as in "a list".
func KindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case float64:
		return "a number"
	case bool:
		return "a bool"
	case []any:
		return "a list"
	}
	return "an object"
}
