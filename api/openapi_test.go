package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The rules are those that linters of OpenAPI documents recommend; `make openapi` runs one.
func TestDocumentFollowsTheRules(t *testing.T) {
	k := newFixture(t).contract
	raw, err := json.Marshal(k.doc)
	if err != nil {
		t.Fatal(err)
	}
	if k.doc["servers"] == nil || k.doc["info"].(map[string]any)["license"] == nil {
		t.Error("the document lacks servers or the license")
	}
	ids := map[any]bool{}
	for path, methods := range k.doc["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			op, at := op.(map[string]any), method+" "+path
			if id := op["operationId"]; ids[id] || id == nil {
				t.Errorf("%s: operationId %v is there twice, or not at all", at, id)
			} else {
				ids[id] = true
			}
			if op["summary"] == nil || op["security"] == nil {
				t.Errorf("%s lacks a summary or its security", at)
			}
			client := false
			for status, response := range op["responses"].(map[string]any) {
				client = client || strings.HasPrefix(status, "4")
				for kind := range response.(map[string]any)["content"].(map[string]any) {
					pointer := fmt.Sprintf("#/paths/%s/%s/responses/%s/content/%s/schema", escaped(path), method, status,
						strings.ReplaceAll(kind, "/", "~1"))
					if _, err := k.compiler.Compile(documentURL + pointer); err != nil {
						t.Errorf("%s: %v", at, err)
					}
				}
			}
			if !client {
				t.Errorf("%s has no 4xx", at)
			}
			for _, p := range list(op["parameters"]) {
				p := p.(map[string]any)
				schema := p["schema"].(map[string]any)
				if p["name"] == "limit" && (schema["type"] != "integer" || schema["maximum"] == nil || schema["default"] == nil) ||
					p["name"] == "state" && len(list(schema["enum"])) < 2 {
					t.Errorf("%s: %v is not typed: %v", at, p["name"], schema)
				}
			}
		}
	}
	for name := range k.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if !strings.Contains(string(raw), `"#/components/schemas/`+name+`"`) {
			t.Errorf("nothing uses the schema %s", name)
		}
	}
}

func list(v any) []any { l, _ := v.([]any); return l }

// The check of every answer finds what the document does not say.
func TestContractFindsDepartures(t *testing.T) {
	k := newFixture(t).contract
	asJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	const good = `{"id":"C","pool":"p","member":"m","playbook":"p","run":"r","issued_at":"2026-01-01T00:00:00Z"}`
	for name, a := range map[string]struct {
		method, path string
		status       int
		header       http.Header
		body         string
		good         bool
	}{
		"good":             {"GET", "/v1/coupons/C", 200, asJSON, strings.Replace(good, `"id"`, `"code"`, 1), true},
		"an unknown field": {"GET", "/v1/coupons/C", 200, asJSON, good, false},
		"a field missing":  {"GET", "/v1/coupons/C", 200, asJSON, `{"code":"C"}`, false},
		"a wrong type": {
			"GET", "/v1/coupons/C", 200, asJSON,
			strings.Replace(strings.Replace(good, `"id"`, `"code"`, 1), `"m"`, `7`, 1), false,
		},
		"a wrong format": {
			"GET", "/v1/coupons/C", 200, asJSON,
			strings.Replace(strings.Replace(good, `"id"`, `"code"`, 1), `2026-01-01T`, `today `, 1), false,
		},
		"another status":    {"GET", "/v1/coupons/C", 201, asJSON, strings.Replace(good, `"id"`, `"code"`, 1), false},
		"another kind":      {"GET", "/v1/coupons/C", 200, http.Header{"Content-Type": {"text/plain"}}, good, false},
		"no kind":           {"GET", "/healthz", 200, http.Header{}, "ok", false},
		"a bare error":      {"GET", "/v1/coupons/C", 404, asJSON, `{"message":"none"}`, false},
		"an unknown path":   {"GET", "/v2/coupons/C", 200, asJSON, `{}`, false},
		"405 without Allow": {"DELETE", "/v1/coupons/C", 405, asJSON, `{"error":{"code":"c","message":"m"}}`, false},
	} {
		res := &http.Response{StatusCode: a.status, Header: a.header, Request: &http.Request{Method: a.method}}
		if err := k.check(a.method, a.path, res, []byte(a.body)); (err == nil) != a.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
