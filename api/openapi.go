package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/engine/strictjson"
)

func bodyErrors() []string {
	return []string{
		strictjson.CodeMalformed, strictjson.CodeWrongType, strictjson.CodeUnknownField, strictjson.CodeDuplicateField,
		strictjson.CodeMissingField,
		strictjson.CodeInvalid, strictjson.CodeTooLarge, strictjson.CodeReadOnly, codeBodyTooLarge, codeMediaType,
	}
}

// document makes the OpenAPI document of the routes.
func document(routes []route, version string) ([]byte, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "usher", Version: version, License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			Description: "Errors are {\"error\": {\"code\", \"message\", \"details\"}}. Keys have the scope ingest or admin; admin may do everything. " +
				"What can be read with GET answers HEAD too. Bodies may be compressed (Content-Encoding: gzip or deflate). A key, and a parameter, " +
				"that is not in this document is refused.",
		},
		Servers: []*huma.Server{{URL: "/"}},
		Paths:   map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{
			"key":   {Type: "http", Scheme: "bearer", Description: "an API key"},
			"basic": {Type: "http", Scheme: "basic", Description: "the API key as user name"},
		}},
	}
	for _, r := range routes {
		path := pathOf(r)
		if doc.Paths[path] == nil {
			doc.Paths[path] = &huma.PathItem{}
		}
		setOperation(doc.Paths[path], r.method, operation(r, schemas))
	}
	out, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("make the OpenAPI document: %w", err)
	}
	return out, nil
}

// schemaName calls RunView Run and eventBody EventBody: views are the things themselves.
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
}

// pathOf writes gin's /v1/members/:id as /v1/members/{id}.
func pathOf(r route) string {
	parts := strings.Split(r.path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func setOperation(item *huma.PathItem, method string, op *huma.Operation) {
	switch method {
	case http.MethodGet:
		item.Get = op
	case http.MethodPut:
		item.Put = op
	case http.MethodPost:
		item.Post = op
	case http.MethodDelete:
		item.Delete = op
	}
}

var nonAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]+`)

func operation(r route, schemas huma.Registry) *huma.Operation {
	op := &huma.Operation{
		OperationID: strings.ToLower(r.method) + strings.TrimSuffix(nonAlphanumeric.ReplaceAllString(pathOf(r), "-"), "-"),
		Summary:     r.summary,
		Responses:   map[string]*huma.Response{},
	}
	for _, part := range strings.Split(r.path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			op.Parameters = append(op.Parameters, param("path", query{name: name}, true))
		}
	}
	for _, q := range r.query {
		op.Parameters = append(op.Parameters, param("query", q, false))
	}
	for _, h := range r.headers {
		op.Parameters = append(op.Parameters, param("header", h, false))
	}
	op.Security = []map[string][]string{}
	if r.scope != scopeNone {
		op.Description = "Needs a key of scope " + string(r.scope) + "."
		op.Security = append(op.Security, map[string][]string{"key": {}}, map[string][]string{"basic": {}})
	}
	if r.body != nil {
		op.RequestBody = &huma.RequestBody{
			Required: !r.optionalBody,
			Content:  map[string]*huma.MediaType{"application/json": {Schema: bodySchema(r, schemas)}},
		}
		for _, kind := range archives {
			if r.archive {
				op.RequestBody.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
			}
		}
	}
	good := &huma.Response{Description: http.StatusText(r.status)}
	switch {
	case r.reply != nil:
		good.Content = map[string]*huma.MediaType{"application/json": {Schema: replySchema(r, schemas)}}
	case r.media == "application/json":
		good.Content = map[string]*huma.MediaType{r.media: {Schema: &huma.Schema{Type: huma.TypeObject}}}
	case r.media != "":
		good.Content = map[string]*huma.MediaType{r.media: {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	op.Responses[strconv.Itoa(r.status)] = good
	for _, code := range errorsOf(r) {
		addError(op, code, schemas)
	}
	return op
}

// errorsOf lists the codes of a route's errors: its own, and those that every route of its kind may
// give.
func errorsOf(r route) []string {
	codes := append(slices.Clone(r.errors), codeInvalidQuery)
	if r.scope != scopeNone {
		codes = append(codes, codeUnauthorized, codeForbidden, codeRateLimited, codeInternal, codeUnavailable)
	}
	if !r.writes() && r.scope != scopeNone {
		codes = append(codes, codeTooSlow)
	}
	if r.writes() {
		codes = append(codes, codeCrossOrigin, codeBehind)
		codes = append(codes, bodyErrors()...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// bodySchema and replySchema know the one route that takes one or many.
func bodySchema(r route, schemas huma.Registry) *huma.Schema {
	one := schemas.Schema(r.body, true, "")
	if r.body != reflect.TypeFor[eventBody]() {
		return one
	}
	most := maxEvents
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one, MaxItems: &most}}}
}

func replySchema(r route, schemas huma.Registry) *huma.Schema {
	s := schemas.Schema(r.reply, true, "")
	if r.reply != reflect.TypeFor[eventResults]() {
		return s
	}
	return &huma.Schema{OneOf: []*huma.Schema{schemas.Schema(reflect.TypeFor[eventResult](), true, ""), s}}
}

func param(in string, q query, required bool) *huma.Param {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, w := range q.values {
		schema.Enum = append(schema.Enum, w)
	}
	if q.most > 0 {
		least, most := 1.0, float64(q.most)
		schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: q.standard}
	}
	return &huma.Param{Name: q.name, In: in, Description: q.doc, Required: required, Schema: schema}
}

func addError(op *huma.Operation, code string, schemas huma.Registry) {
	status := strconv.Itoa(statusOf(code))
	if r := op.Responses[status]; r != nil {
		r.Description += ", " + code
		return
	}
	op.Responses[status] = &huma.Response{
		Description: code,
		Content: map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[errorBody](),
			true, "")}},
	}
}

func (s *server) getOpenAPI(c *gin.Context) {
	c.Data(http.StatusOK, "application/json; charset=utf-8", s.openapi)
}
