package api_test

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURL names the document for the validator: a URL of its own, as a file of that name would
// be one in the tests' folder.
const documentURL = "https://usher.test/openapi.json"

// contract is the OpenAPI document, which every answer that a test sees is held against: a status,
// a kind of body or a field that the document does not have fails the test.
type contract struct {
	mu       sync.Mutex
	doc      map[string]any
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by pointer
}

// published is the contract of all fixtures: the document is made of the routes alone.
var published struct {
	sync.Mutex
	*contract
}

func contractOf(h http.Handler) (*contract, error) {
	published.Lock()
	defer published.Unlock()
	if published.contract != nil {
		return published.contract, nil
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody))
	doc, err := jsonschema.UnmarshalJSON(rec.Body)
	if err != nil {
		return nil, err
	}
	k := &contract{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	k.compiler.DefaultDraft(jsonschema.Draft2020)
	k.compiler.AssertFormat()
	if err := k.compiler.AddResource(documentURL, doc); err != nil {
		return nil, err
	}
	published.contract = k
	return k, nil
}

// check reports how an answer departs from the document.
func (k *contract) check(method, path string, res *http.Response, body []byte) error {
	operation := method
	if method == http.MethodHead {
		operation = http.MethodGet
	}
	template, methods := k.path(path)
	op, known := methods[strings.ToLower(operation)].(map[string]any)
	switch {
	case strings.HasPrefix(path, "/queues"):
		return nil // asynq's own
	case template == "":
		return k.checkError(res, body, http.StatusNotFound)
	case !known:
		if res.Header.Get("Allow") == "" {
			return fmt.Errorf("405 without Allow")
		}
		return k.checkError(res, body, http.StatusMethodNotAllowed)
	}
	pointer := fmt.Sprintf("#/paths/%s/%s/responses/%d", escaped(template), strings.ToLower(operation), res.StatusCode)
	response, known := op["responses"].(map[string]any)[fmt.Sprint(res.StatusCode)].(map[string]any)
	if !known {
		return fmt.Errorf("the document knows no %d of %s %s: %s", res.StatusCode, method, template, body)
	}
	content, _ := response["content"].(map[string]any)
	if method == http.MethodHead {
		return nil
	}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		return fmt.Errorf("the document does not know the Content-Type %q of the %d", res.Header.Get("Content-Type"),
			res.StatusCode)
	}
	if kind != "application/json" {
		return nil
	}
	return k.conforms(pointer+"/content/application~1json/schema", body)
}

func (k *contract) checkError(res *http.Response, body []byte, status int) error {
	if res.StatusCode != status && res.StatusCode != http.StatusForbidden {
		return fmt.Errorf("status %d for what the document does not know", res.StatusCode)
	}
	if len(body) == 0 && res.Request.Method == http.MethodHead {
		return nil
	}
	return k.conforms("#/components/schemas/ErrorBody", body)
}

// conforms validates a body with the schema at a place of the document.
func (k *contract) conforms(pointer string, body []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	schema := k.schemas[pointer]
	if schema == nil {
		var err error
		if schema, err = k.compiler.Compile(documentURL + pointer); err != nil {
			return fmt.Errorf("%s: %w", pointer, err)
		}
		k.schemas[pointer] = schema
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w: %s", err, body)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%s: %w\n%s", pointer, err, body)
	}
	return nil
}

// path finds the path of the document that a request's path is one of.
func (k *contract) path(path string) (template string, methods map[string]any) {
	for template, methods := range k.doc["paths"].(map[string]any) {
		if matches(template, path) {
			return template, methods.(map[string]any)
		}
	}
	return "", nil
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// escaped writes a path as a part of a JSON pointer in a URL.
func escaped(template string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(template)
}
