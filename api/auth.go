package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"
)

// Scope is what a key may do.
type Scope string

// The scopes of a key. Admin includes ingest.
const (
	ScopeIngest Scope = "ingest" // send events, write members
	ScopeAdmin  Scope = "admin"  // everything
	scopeNone   Scope = ""       // of a route: no key needed
)

// Key is an API key. Only its hash is kept.
type Key struct {
	Scope Scope
	Hash  [sha256.Size]byte
}

// NewKey makes a Key of the secret text.
func NewKey(scope Scope, secret string) Key {
	return Key{Scope: scope, Hash: sha256.Sum256([]byte(secret))}
}

// minKey keeps out keys that can be guessed.
const minKey = 16

// ParseKeys reads `admin:KEY,ingest:KEY,…`. Errors never show a key.
func ParseKeys(list string) ([]Key, error) {
	var keys []Key
	for i, item := range strings.Split(list, ",") {
		scope, secret, ok := strings.Cut(strings.TrimSpace(item), ":")
		switch {
		case !ok || scope != string(ScopeAdmin) && scope != string(ScopeIngest):
			return nil, fmt.Errorf("key %d of the API keys must be admin:KEY or ingest:KEY", i+1)
		case len(secret) < minKey:
			return nil, fmt.Errorf("key %d of the API keys must have at least %d characters", i+1, minKey)
		}
		keys = append(keys, NewKey(Scope(scope), secret))
	}
	return keys, nil
}

// guardedKey is a key with its rate.
type guardedKey struct {
	Key
	limit *rate.Limiter
}

// name tells a key from others of its scope, without telling the key.
func (k *guardedKey) name() string { return fmt.Sprintf("%s key %x", k.Scope, k.Hash[:4]) }

func guardKeys(keys []Key, perSecond float64) []guardedKey {
	guarded := make([]guardedKey, len(keys))
	for i, k := range keys {
		guarded[i] = guardedKey{Key: k, limit: rate.NewLimiter(rate.Limit(perSecond), max(1, int(2*perSecond)))}
	}
	return guarded
}

// keyOf finds the key of a secret. It looks at all of them, so that the time tells nothing.
func (s *server) keyOf(secret string) *guardedKey {
	hash := sha256.Sum256([]byte(secret))
	var found *guardedKey
	for i := range s.keys {
		if subtle.ConstantTimeCompare(hash[:], s.keys[i].Hash[:]) == 1 {
			found = &s.keys[i]
		}
	}
	return found
}

// askedBy returns the name of the key of a request that was let through.
func (s *server) askedBy(c *gin.Context) string {
	secret, err := presented(c)
	if err != nil {
		return ""
	}
	key := s.keyOf(secret)
	if key == nil {
		return ""
	}
	return key.name()
}

// allowed lets through requests with a key of the scope, within its rate.
func (s *server) allowed(scope Scope) gin.HandlerFunc {
	return func(c *gin.Context) {
		secret, err := presented(c)
		if err != nil {
			challenge(c)
			s.fail(c, err)
			return
		}
		key := s.keyOf(secret)
		switch {
		case key == nil:
			challenge(c)
			s.fail(c, newError(codeUnauthorized, "this API key is not known here"))
		case key.Scope != scope && key.Scope != ScopeAdmin:
			s.fail(c, newError(codeForbidden, "this needs a key of scope %s; the key that was sent has scope %s", scope,
				key.Scope))
		default:
			s.withinRate(c, key)
		}
	}
}

// sameSite refuses what a page of another site makes a browser write: the browser would send a key
// that was typed in once (Basic) along. Other programs than browsers do not say where they come
// from, and are let through.
func (s *server) sameSite() gin.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		if guard.Check(c.Request) != nil {
			s.fail(c, newError(codeCrossOrigin, "a page of another site, %q, may not write here",
				cut(c.GetHeader("Origin"), 200)))
		}
	}
}

// challenge says how to show a key; Basic makes a browser ask for it.
func challenge(c *gin.Context) {
	c.Writer.Header().Add("WWW-Authenticate", `Bearer realm="usher"`)
	c.Writer.Header().Add("WWW-Authenticate", `Basic realm="usher: the API key is the user name"`)
}

func presented(c *gin.Context) (string, error) {
	header := c.GetHeader("Authorization")
	if header == "" {
		return "", newError(codeUnauthorized, "an API key is needed: send the header `Authorization: Bearer KEY`")
	}
	scheme, value, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(value), nil
	}
	if user, _, ok := c.Request.BasicAuth(); ok {
		return user, nil
	}
	return "", newError(codeUnauthorized, "the Authorization header must be `Bearer KEY`, or Basic with the key as user name")
}

func (s *server) withinRate(c *gin.Context, key *guardedKey) {
	now := time.Now() // not the engine's clock: a rate is about the machine's own time
	if key.limit.AllowN(now, 1) {
		return
	}
	wait := math.Ceil((1 - key.limit.TokensAt(now)) / float64(key.limit.Limit()))
	c.Header("Retry-After", strconv.Itoa(int(max(1, wait))))
	s.fail(c, newError(codeRateLimited, "this key has made more than %g requests a second", float64(key.limit.Limit())))
}
