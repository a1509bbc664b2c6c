package api

import (
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"
)

// route is one line of the table that the router and the OpenAPI document are made from.
type route struct {
	method, path string // path as gin writes it: /v1/members/:id
	scope        Scope
	summary      string
	query        []query
	headers      []query
	body         reflect.Type // nil: none
	optionalBody bool
	archive      bool         // the body may be a tar file instead
	status       int          // of the answer when all is well
	reply        reflect.Type // nil: not JSON
	media        string       // of an answer that is not JSON
	whileHeld    bool         // it answers while the clock waits for an operator, as those without a scope do
	errors       []string     // codes of errors, beside those that every route may give
	run          gin.HandlerFunc
}

func (r route) writes() bool { return r.method != http.MethodGet }

// reply makes a route's handler of a function that gives the answer; its type goes into the
// document.
func reply[T any](s *server, r route, fn func(*gin.Context) (T, error)) route {
	r.reply = reflect.TypeFor[T]()
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.run = func(c *gin.Context) {
		out, err := fn(c)
		if err != nil {
			s.fail(c, err)
			return
		}
		c.PureJSON(r.status, out)
	}
	return r
}

// routes is the table.
func (s *server) routes() []route {
	list := s.intakeRoutes()
	list = append(list, s.memberRoutes()...)
	list = append(list, s.objectRoutes()...)
	list = append(list, s.playbookRoutes()...)
	list = append(list, s.readRoutes()...)
	list = append(list, s.jobRoutes()...)
	list = append(list, s.raffleRoutes()...)
	list = append(list, s.failureRoutes()...)
	list = append(list, s.clockRoutes()...)
	return append(list, s.serverRoutes()...)
}

func (s *server) intakeRoutes() []route {
	return []route{{
		method: "POST", path: "/v1/events", scope: ScopeIngest, status: http.StatusAccepted,
		summary: "Take in one event, or an array of up to 1,000. Answers once what it took is durable",
		body:    reflect.TypeFor[eventBody](), reply: reflect.TypeFor[eventResults](),
		run: s.postEvents(new(bufferPool)),
	}, reply(s, route{
		method: "GET", path: "/v1/schema", scope: ScopeIngest,
		summary: "The events and attributes that the active workspace declares, for programs that type what they send",
	}, s.getSchema)}
}

func (s *server) memberRoutes() []route {
	return []route{
		reply(s, route{
			method: "PUT", path: "/v1/members/:id", scope: ScopeIngest, status: http.StatusAccepted,
			headers: idempotencyHeader(),
			summary: "Write attributes and tags of a member", body: reflect.TypeFor[memberBody](),
			errors: []string{codeConflict},
		}, s.putMember),
		reply(s, route{
			method: "GET", path: "/v1/members/:id", scope: ScopeAdmin, errors: []string{codeNotFound},
			summary: "A member as stored and as the workspace sees them, with coupons and runs",
		}, s.getMember),
		reply(s, route{
			method: "GET", path: "/v1/members/:id/timeline", scope: ScopeAdmin, errors: []string{codeNotFound},
			query:   pageQuery(),
			summary: "What happened to a member: events, decisions, runs and coupons, newest first",
		}, s.getTimeline),
		reply(s, route{
			method: "GET", path: "/v1/members/:id/coupons", scope: ScopeAdmin, errors: []string{codeNotFound},
			query: pageQuery(), summary: "A member's coupons, newest first",
		}, s.getMemberCoupons),
		reply(s, route{
			method: "GET", path: "/v1/members/:id/referrals", scope: ScopeAdmin, errors: []string{codeNotFound},
			query:   pageQuery(),
			summary: "Who brought a member, whom the member brought, newest first, and whom these brought",
		}, s.getReferrals),
	}
}

func (s *server) objectRoutes() []route {
	missing := []string{codeNotFound}
	return []route{
		reply(s, route{
			method: "PUT", path: "/v1/objects/:kind/:id", scope: ScopeIngest, status: http.StatusAccepted, headers: idempotencyHeader(),
			summary: "Write attributes and tags of an object, which comes into being by it", body: reflect.TypeFor[objectBody](),
			errors: []string{codeNotFound, codeConflict},
		}, s.putObject),
		reply(s, route{
			method: "GET", path: "/v1/objects/:kind/:id", scope: ScopeAdmin, errors: missing,
			summary: "An object as stored and as the workspace sees it, with its runs",
		}, s.getObject),
		reply(s, route{
			method: "DELETE", path: "/v1/objects/:kind/:id", scope: ScopeAdmin, status: http.StatusAccepted, headers: idempotencyHeader(),
			summary: "Delete an object: its open runs exit with the reason `deleted`, and nothing is left that a decision would read",
			errors:  []string{codeNotFound, codeConflict},
		}, s.deleteObject),
		reply(s, route{
			method: "GET", path: "/v1/objects/:kind", scope: ScopeAdmin, errors: missing,
			query:   pageQuery(text("segment", "only those that are in this segment now; a page may hold few of them and not be the last")),
			summary: "The objects of a kind, by id",
		}, s.getObjects),
		reply(s, route{
			method: "GET", path: "/v1/objects/:kind/:id/timeline", scope: ScopeAdmin, errors: missing, query: pageQuery(),
			summary: "What happened to an object: events, decisions and runs, newest first",
		}, s.getObjectTimeline),
	}
}

func (s *server) playbookRoutes() []route {
	missing := []string{codeNotFound}
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/playbooks", scope: ScopeAdmin, query: pageQueryOf(pageMost),
			summary: "The active workspace's playbooks and segments",
		}, s.getPlaybooks),
		reply(s, route{
			method: "GET", path: "/v1/playbooks/:id", scope: ScopeAdmin, summary: "One playbook",
			errors: missing,
		}, s.getPlaybook),
		reply(s, route{
			method: "GET", path: "/v1/playbooks/:id/stats", scope: ScopeAdmin,
			summary: "What a playbook has done so far", errors: missing,
		}, s.getStats),
		reply(s, route{
			method: "POST", path: "/v1/playbooks/:id/pause", scope: ScopeAdmin,
			summary: "Take no new runs; open runs go on", errors: missing,
		}, s.pause(true)),
		reply(s, route{
			method: "POST", path: "/v1/playbooks/:id/resume", scope: ScopeAdmin, summary: "Take new runs again",
			errors: missing,
		}, s.pause(false)),
		reply(s, route{
			method: "POST", path: "/v1/playbooks/:id/trigger", scope: ScopeAdmin, status: http.StatusAccepted,
			headers: idempotencyHeader(),
			summary: "Start a playbook with an http trigger, for members, objects or a segment. A segment, or more than 500 of them, are started by a job",
			body:    reflect.TypeFor[triggerBody](), errors: []string{codeNotFound, codeNotHTTP, codeConflict},
		}, s.trigger),
	}
}

func (s *server) readRoutes() []route {
	return []route{
		reply(s, route{
			method: "GET", path: "/v1/runs", scope: ScopeAdmin, summary: "Runs, newest first", errors: []string{codeNotFound},
			query: pageQuery(text("id", "only those whose id begins with this"), text("playbook", "only of this playbook"),
				text("member", "only of this member"), text("object", "only of this object, as group:g1"),
				oneOf("state", "only in this state", runStates...)),
		}, s.getRuns),
		reply(s, route{
			method: "GET", path: "/v1/runs/:id", scope: ScopeAdmin,
			summary: "A run with its trace: every decision and effect with its reason",
			errors:  []string{codeNotFound},
		}, s.getRun),
		reply(s, route{
			method: "GET", path: "/v1/decisions", scope: ScopeAdmin, summary: "Why members did or did not enter, newest first",
			query:  pageQuery(text("member", "only about this member"), text("object", "only about this object, as group:g1"), text("playbook", "only about this playbook")),
			errors: []string{codeNotFound},
		}, s.getDecisions),
		reply(s, route{
			method: "GET", path: "/v1/coupons/:code", scope: ScopeAdmin, summary: "A coupon", errors: []string{codeNotFound},
		}, s.getCoupon),
		reply(s, route{
			method: "POST", path: "/v1/coupons/:code/redeem", scope: ScopeAdmin, headers: idempotencyHeader(),
			summary: "Redeem a coupon, once; the same id again gives the same answer",
			body:    reflect.TypeFor[redeemBody](), optionalBody: true,
			errors: []string{codeNotFound, codeConflict, codeExpired},
		}, s.redeem),
		reply(s, route{
			method: "POST", path: "/v1/pools/:pool/codes", scope: ScopeAdmin,
			summary: "Load up to 1,000 codes of a pool with `codes: imported`, to be given out in the order in which they are loaded",
			body:    reflect.TypeFor[codesBody](), errors: []string{codeNotFound, codeConflict},
		}, s.loadCodes),
	}
}

func (s *server) serverRoutes() []route {
	return []route{
		{
			method: "POST", path: "/v1/check", scope: ScopeAdmin, status: http.StatusOK,
			summary: "Find the mistakes of a workspace, given as JSON or as application/x-tar",
			body:    reflect.TypeFor[checkBody](), archive: true, reply: reflect.TypeFor[checkReply](), run: s.check,
			whileHeld: true,
		},
		{
			method: "GET", path: "/healthz", status: http.StatusOK, media: "text/plain", summary: "The process lives",
			run: func(c *gin.Context) { c.String(http.StatusOK, "ok\n") },
		},
		{
			method: "GET", path: "/readyz", status: http.StatusOK, media: "text/plain",
			summary: "The database answers, and what came in is decided", errors: []string{codeUnavailable}, run: s.ready,
		},
		{
			method: "GET", path: "/metrics", scope: ScopeAdmin, status: http.StatusOK, media: "text/plain",
			whileHeld: true, summary: "Metrics for Prometheus", run: s.metricsHandler(),
		},
		{
			method: "GET", path: "/openapi.json", status: http.StatusOK, media: "application/json",
			summary: "This interface as OpenAPI 3.1", run: s.getOpenAPI,
		},
		{
			method: "GET", path: "/docs", status: http.StatusOK, media: "text/html", summary: "This interface, to read",
			run: s.getDocs,
		},
	}
}
