package telemetry

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bellwether/bellwether/models"
)

const namespace = "bellwether"

// Metrics counts what a process does. Its labels have few values: keys, ids and URLs never become
// labels.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	runs       *prometheus.HistogramVec
	attempts   *prometheus.HistogramVec
	deliveries *prometheus.CounterVec
	ticks      *prometheus.CounterVec
	sdk        *sdkCollector
}

// NewMetrics returns metrics with a registry of their own, which also has the Go runtime's and the
// process's.
func NewMetrics(version string) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "http_request_duration_seconds",
			Help:    "Time to answer requests of the REST API, by route, method and status.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"route", "method", "status"}),
		runs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "run_duration_seconds",
			Help:    "Time from start to end of finished runs, by trigger method and status.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"method", "status"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "delivery_attempt_duration_seconds",
			Help:    "Time of webhook sends, by the class of their error; none: delivered.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"class"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "deliveries_total",
			Help: "Deliveries that ended, by state.",
		}, []string{"state"}),
		ticks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "scheduler_ticks_total",
			Help: "Due ticks that this process decided, by what became of them.",
		}, []string{"outcome"}),
		sdk: newSDKCollector(),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	for _, c := range []prometheus.Collector{
		m.requests, m.runs, m.attempts, m.deliveries, m.ticks, m.sdk, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// Handler answers scrapes.
func (m *Metrics) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)})
}

// ObserveHTTP counts one request of the REST API. route is the pattern, not the path.
func (m *Metrics) ObserveHTTP(route, method string, status int, elapsed time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(elapsed.Seconds())
}

// RunFinished counts one run that ended.
func (m *Metrics) RunFinished(method models.TriggerMethod, status models.Status, duration time.Duration) {
	m.runs.WithLabelValues(string(method), status.String()).Observe(duration.Seconds())
}

// AttemptMade counts one send of a delivery.
func (m *Metrics) AttemptMade(class models.ErrorClass, duration time.Duration) {
	label := string(class)
	if class == models.ClassNone {
		label = "none"
	}
	m.attempts.WithLabelValues(label).Observe(duration.Seconds())
}

// DeliveryEnded counts one delivery that was delivered or given up.
func (m *Metrics) DeliveryEnded(state models.DeliveryState) {
	m.deliveries.WithLabelValues(string(state)).Inc()
}

// TickDecided counts one due tick: "run", "held", "skipped", or "elsewhere" when another scheduler
// was faster.
func (m *Metrics) TickDecided(outcome string) { m.ticks.WithLabelValues(outcome).Inc() }
