package effects

import "github.com/usher-run/usher/playbooks/schema"

// Args are the fields of an action that are given and not missing, evaluated.
type Args map[string]any

// String returns a field that is a string; "" when it is not given.
func (a Args) String(field string) string {
	s, _ := a[field].(string)
	return s
}

// Duration returns a field that is a duration; 0 when it is not given.
func (a Args) Duration(field string) schema.Duration {
	d, _ := a[field].(schema.Duration)
	return d
}

// Strings returns a field that is a string or a list of strings.
func (a Args) Strings(field string) []string {
	switch v := a[field].(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var out []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
