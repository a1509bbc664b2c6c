package worker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the worker does. It is a [prometheus.Collector] to be registered by who
// serves /metrics.
type Metrics struct {
	inputs     prometheus.Counter
	runs       *prometheus.CounterVec
	refused    *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	underWay   prometheus.Gauge
	poisoned   prometheus.Counter
	stale      prometheus.Counter
	commits    prometheus.Histogram
	lag        prometheus.Histogram
	undecided  *prometheus.GaugeVec
	depth      *prometheus.GaugeVec
	held       prometheus.Gauge

	failingBuilds prometheus.Gauge
}

func newMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: help,
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		})
	}
	return &Metrics{
		inputs: counter("usher_inputs_decided_total", "Inputs that were decided."),
		runs:   vec("usher_runs_total", "Changes of runs, by playbook and state.", "playbook", "state"),
		refused: vec("usher_refusals_total", "Decisions that did not enter, by playbook and reason.", "playbook",
			"reason"),
		deliveries: vec("usher_deliveries_total", "Attempts to deliver, by channel and outcome.", "channel", "state"),
		underWay: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "usher_deliveries_under_way", Help: "Senders that attempt a message or a webhook, or store what became of it.",
		}),
		poisoned: counter("usher_poisoned_total", "Inputs and waits that were set aside with an error."),
		stale:    counter("usher_stale_batches_total", "Batches that were decided again because the state had changed."),
		commits:  seconds("usher_commit_seconds", "How long a batch takes to commit."),
		undecided: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "usher_undecided_seconds", Help: "Age of the oldest undecided input of a lane; 0 when there is none.",
		}, []string{"lane"}),
		depth: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "usher_undecided_inputs", Help: "Undecided inputs of a lane.",
		}, []string{"lane"}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "usher_held_members", Help: "Members on whom nothing is decided, because something that is stored of them cannot be read.",
		}),
		failingBuilds: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "usher_failing_builds", Help: "Members on whom nothing is decided, because adding up their history fails again and again.",
		}),
		lag: seconds("usher_decision_lag_seconds", "From the acceptance of a batch's first input to its commit."),
	}
}

func (m *Metrics) all() []prometheus.Collector {
	return []prometheus.Collector{
		m.inputs, m.runs, m.refused, m.deliveries, m.underWay, m.poisoned, m.stale, m.commits, m.lag,
		m.undecided, m.depth, m.held, m.failingBuilds,
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(ch)
	}
}

func (m *Metrics) committed(b *batch, took time.Duration, now time.Time) {
	m.inputs.Add(float64(len(b.Inputs)))
	m.poisoned.Add(float64(len(b.changes.Poisoned)))
	m.commits.Observe(took.Seconds())
	if len(b.Inputs) > 0 {
		m.lag.Observe(max(0, now.Sub(b.Inputs[0].At).Seconds()))
	}
	for _, r := range b.changes.Runs {
		m.runs.WithLabelValues(r.Playbook, string(r.State)).Inc()
	}
	for _, e := range b.changes.Entries() {
		if e.Refuses() {
			m.refused.WithLabelValues(e.Playbook, e.Reason).Inc()
		}
	}
}
