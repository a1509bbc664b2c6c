package api

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type metrics struct {
	requests                      *prometheus.CounterVec
	seconds                       *prometheus.HistogramVec
	accepted, duplicate, rejected prometheus.Counter
}

func newMetrics(reg *prometheus.Registry) *metrics {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "usher_events_total", Help: "Events that came in over HTTP, by result.",
	}, []string{"result"})
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_http_requests_total", Help: "HTTP requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usher_http_request_seconds", Help: "Time to answer an HTTP request, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		accepted: events.WithLabelValues("accepted"), duplicate: events.WithLabelValues("duplicate"),
		rejected: events.WithLabelValues("rejected"),
	}
	reg.MustRegister(m.requests, m.seconds, events)
	return m
}

// measured counts and times the requests of a route.
func (s *server) measured(route string) gin.HandlerFunc {
	seconds := s.metrics.seconds.WithLabelValues(route)
	return func(c *gin.Context) {
		start := time.Now()
		defer func() {
			seconds.Observe(time.Since(start).Seconds())
			s.metrics.requests.WithLabelValues(route, c.Request.Method, strconv.Itoa(c.Writer.Status())).Inc()
		}()
		c.Next()
	}
}

func (s *server) metricsHandler() gin.HandlerFunc {
	return gin.WrapH(promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
}
