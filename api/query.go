package api

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/usher-run/usher/playbooks/diag"
)

// query is a parameter in the query string or a header: a text, one of some words, or a whole
// number.
type query struct {
	name, doc string
	values    []string // the only ones; nil: any text
	most      int      // of a whole number from 1; 0: it is none
	standard  int      // of a whole number that is left out
}

// text is a parameter that takes any text.
func text(name, doc string) query { return query{name: name, doc: doc} }

// oneOf is a parameter that takes one of some words.
func oneOf(name, doc string, words ...string) query {
	return query{name: name, doc: doc, values: words}
}

// Limits of a page of a list.
const (
	pageMost     = 1000
	pageStandard = 50
)

func pageQuery(more ...query) []query { return pageQueryOf(pageStandard, more...) }

func pageQueryOf(standard int, more ...query) []query {
	return append(more, text("cursor", "the `next` of the page before"),
		query{name: "limit", doc: "how many at most", most: pageMost, standard: standard})
}

func idempotencyHeader() []query {
	return []query{text("Idempotency-Key", "the same key again does nothing again; with another body it is refused")}
}

// checked refuses requests whose query string is not as the route declares: what is misspelt would
// otherwise select everything. What needs no key takes any parameter, because programs that only
// look whether a server lives add some.
func (s *server) checked(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.URL.RawQuery == "" {
			return
		}
		values, err := url.ParseQuery(c.Request.URL.RawQuery)
		if err != nil {
			s.fail(c, newError(codeInvalidQuery, "the query string is broken: %s", err))
			return
		}
		if r.scope == scopeNone {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if err := checkQuery(r.query, name, values[name]); err != nil {
				s.fail(c, err.with("parameter", cut(name, 100)))
				return
			}
		}
	}
}

func checkQuery(declared []query, name string, given []string) *apiError {
	i := slices.IndexFunc(declared, func(q query) bool { return q.name == name })
	if i < 0 {
		return noParameter(declared, name)
	}
	q := declared[i]
	switch {
	case len(given) > 1:
		return newError(codeInvalidQuery, "%s is given %d times: say it once", name, len(given))
	case given[0] == "": // as if it were not there
		return nil
	case q.values != nil && !slices.Contains(q.values, given[0]):
		return notOneOf(name, given[0], q.values)
	case q.most > 0:
		if n, err := strconv.Atoi(given[0]); err != nil || n < 1 || n > q.most {
			return newError(codeInvalidQuery, "%s must be a whole number from 1 to %d, got %q", name, q.most, cut(given[0], 100))
		}
	}
	return nil
}

func notOneOf(name, given string, words []string) *apiError {
	last := len(words) - 1
	e := newError(codeInvalidQuery, "%s must be %s or %s, got %q", name, strings.Join(words[:last], ", "), words[last],
		cut(given, 100))
	if hint := diag.DidYouMean(given, words); hint != "" {
		e.Message += "; " + hint
	}
	return e
}

func noParameter(declared []query, name string) *apiError {
	var known []string
	for _, q := range declared {
		known = append(known, q.name)
	}
	return unknownName(codeInvalidQuery, "parameter", cut(name, 100), known)
}

// page reads `cursor` and `limit`, which were checked.
func page(c *gin.Context) (cursor string, limit int, err error) { return pageOf(c, pageStandard) }

// pageOf is page with another limit when none is given.
func pageOf(c *gin.Context, limit int) (cursor string, _ int, err error) {
	if q := c.Query("limit"); q != "" {
		limit, err = strconv.Atoi(q)
	}
	return c.Query("cursor"), limit, err
}
