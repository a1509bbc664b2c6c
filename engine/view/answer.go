package view

import (
	"errors"
	"fmt"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/schema"
)

// Unfit words why an answer does not fit. A number of too many digits comes as its text: that
// is the reason then.
func Unfit(err error) string {
	var te *schema.TypeError
	var number *decimal.ParseError
	if errors.As(err, &te) {
		if text, ok := te.Got.(string); ok && (te.Want.Kind == schema.KindInt || te.Want.Kind == schema.KindNumber) {
			if _, perr := decimal.Parse(text); errors.As(perr, &number) && number.Lossy() {
				return fmt.Sprintf("%s: %s, and declare it as string", te.Path, number)
			}
		}
	}
	return err.Error()
}

// Declared keeps of an object the fields that its type has.
func Declared(t *schema.Type, v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		if x, ok := m[f.Name]; ok {
			out[f.Name] = x
		}
	}
	return out
}
