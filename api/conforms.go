package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks/diag"
)

// conforms reports where a JSON value does not have the shape of a Go type. It is stricter than
// encoding/json: a key is written as in the type's tag, and null stands only for what may be
// missing.
func conforms(path string, t reflect.Type, value any) *strictjson.Rejection {
	switch {
	case t.Kind() == reflect.Interface || t == reflect.TypeFor[json.RawMessage]():
		return nil
	case t.Kind() == reflect.Pointer && value == nil:
		return nil
	case t.Kind() == reflect.Pointer:
		return conforms(path, t.Elem(), value)
	}
	switch v := value.(type) {
	case map[string]any:
		if t.Kind() == reflect.Struct || t.Kind() == reflect.Map {
			return conformsAll(path, t, v)
		}
	case []any:
		if t.Kind() != reflect.Slice {
			break
		}
		for i, item := range v {
			if rej := conforms(fmt.Sprintf("%s[%d]", path, i), t.Elem(), item); rej != nil {
				return rej
			}
		}
		return nil
	case string:
		if t.Kind() == reflect.String {
			return nil
		}
	case bool:
		if t.Kind() == reflect.Bool {
			return nil
		}
	}
	return &strictjson.Rejection{
		Code: strictjson.CodeWrongType, Path: path,
		Message: fmt.Sprintf("must be %s, got %s", kindOfType(t), kindOfValue(value)),
	}
}

// conformsAll looks at the fields of an object, in the order of their names.
func conformsAll(path string, t reflect.Type, values map[string]any) *strictjson.Rejection {
	var fields map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		fields = fieldsOf(t)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		of, known := fields[key]
		if t.Kind() == reflect.Map {
			of, known = t.Elem(), true
		}
		if !known {
			return &strictjson.Rejection{
				Code: strictjson.CodeUnknownField, Path: cut(at, 100),
				Message: noField(key, slices.Sorted(maps.Keys(fields))),
			}
		}
		if rej := conforms(at, of, values[key]); rej != nil {
			return rej
		}
	}
	return nil
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = t.Field(i).Type
	}
	return fields
}

func noField(key string, known []string) string {
	message := fmt.Sprintf("there is no field `%s` here", cut(key, 40))
	if hint := diag.DidYouMean(key, known); hint != "" {
		return message + "; " + hint
	}
	if len(known) == 0 {
		return message + ", nor any other"
	}
	return message + "; there is " + strings.Join(known, ", ")
}

func kindOfType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

func kindOfValue(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a bool"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}
