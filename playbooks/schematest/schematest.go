// Package schematest validates files against JSON Schemas in tests, as editors do.
package schematest

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// Compile makes a validator of a schema's text; that holds the schema against its meta-schema too.
func Compile(t testing.TB, schema []byte) *jsonschema.Schema {
	t.Helper()
	const at = "https://usher.test/schema.json"
	c := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err == nil {
		err = c.AddResource(at, doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(at)
	if err != nil {
		t.Fatalf("the schema is not valid itself: %v", err)
	}
	return s
}

// YAML returns a YAML file as an editor's validator sees it: a date is a string. The error says
// that it is no YAML.
func YAML(text []byte) (any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	plain(&n)
	var v any
	err := n.Decode(&v)
	return v, err
}

func plain(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		plain(c)
	}
}
