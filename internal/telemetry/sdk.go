package telemetry

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// latencyBuckets are the upper bounds, in seconds, of the Temporal SDK's latencies.
func latencyBuckets() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60}
}

// Temporal returns the handler that a Temporal client takes as client.Options.MetricsHandler, so
// that the SDK's own counters (task queue latencies, free slots, failures) show up beside ours.
func (m *Metrics) Temporal() client.MetricsHandler { return &sdkHandler{collector: m.sdk} }

// sdkHandler makes instruments with a fixed set of tags.
type sdkHandler struct {
	collector *sdkCollector
	tags      map[string]string
}

// WithTags returns a handler that adds tags.
func (h *sdkHandler) WithTags(tags map[string]string) client.MetricsHandler {
	all := make(map[string]string, len(h.tags)+len(tags))
	maps.Copy(all, h.tags)
	maps.Copy(all, tags)
	return &sdkHandler{collector: h.collector, tags: all}
}

// Counter returns the counter of that name.
func (h *sdkHandler) Counter(name string) client.MetricsCounter {
	return (*sdkCounter)(h.collector.series(sdkCounterKind, name+"_total", h.tags))
}

// Gauge returns the gauge of that name.
func (h *sdkHandler) Gauge(name string) client.MetricsGauge {
	return (*sdkGauge)(h.collector.series(sdkGaugeKind, name, h.tags))
}

// Timer returns the histogram of that name.
func (h *sdkHandler) Timer(name string) client.MetricsTimer {
	return (*sdkTimer)(h.collector.series(sdkTimerKind, name+"_seconds", h.tags))
}

type sdkKind int

const (
	sdkCounterKind sdkKind = iota
	sdkGaugeKind
	sdkTimerKind
)

// sdkSeries is one metric with one set of labels.
type sdkSeries struct {
	kind    sdkKind
	desc    *prometheus.Desc
	values  []string
	bounds  []float64
	mu      sync.Mutex
	value   float64 // counter and gauge; sum of a timer
	count   uint64
	buckets []uint64 // not cumulative; one for each bound
}

type (
	sdkCounter sdkSeries
	sdkGauge   sdkSeries
	sdkTimer   sdkSeries
)

// Inc adds to the counter.
func (c *sdkCounter) Inc(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value += float64(n)
}

// Update sets the gauge.
func (g *sdkGauge) Update(v float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.value = v
}

// Record adds one duration.
func (t *sdkTimer) Record(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value += d.Seconds()
	t.count++
	if i, _ := slices.BinarySearch(t.bounds, d.Seconds()); i < len(t.bounds) {
		t.buckets[i]++
	}
}

// sdkCollector holds the SDK's series. The SDK gives one name different sets of tags in different
// places, which a prometheus.CounterVec cannot hold; hence a collector that describes nothing up
// front.
type sdkCollector struct {
	mu  sync.Mutex
	all map[string]*sdkSeries
}

func newSDKCollector() *sdkCollector { return &sdkCollector{all: map[string]*sdkSeries{}} }

func (c *sdkCollector) series(kind sdkKind, name string, tags map[string]string) *sdkSeries {
	names := slices.Sorted(maps.Keys(tags))
	values := make([]string, len(names))
	for i, n := range names {
		values[i] = strings.ToValidUTF8(tags[n], "?")
	}
	key := name + "\x00" + strings.Join(names, "\x00") + "\x00\x00" + strings.Join(values, "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.all[key]; ok {
		return s
	}
	for i, n := range names {
		names[i] = strings.ReplaceAll(n, "-", "_")
	}
	s := &sdkSeries{
		kind: kind, values: values, bounds: latencyBuckets(),
		desc: prometheus.NewDesc(name, "Of the Temporal SDK.", names, nil),
	}
	s.buckets = make([]uint64, len(s.bounds))
	c.all[key] = s
	return s
}

// Describe sends nothing: which series there will be is not known.
func (*sdkCollector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the present state of every series.
func (c *sdkCollector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.all))
	c.mu.Unlock()
	for _, s := range all {
		out <- s.metric()
	}
}

func (s *sdkSeries) metric() prometheus.Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m prometheus.Metric
	var err error
	switch s.kind {
	case sdkCounterKind:
		m, err = prometheus.NewConstMetric(s.desc, prometheus.CounterValue, s.value, s.values...)
	case sdkGaugeKind:
		m, err = prometheus.NewConstMetric(s.desc, prometheus.GaugeValue, s.value, s.values...)
	case sdkTimerKind:
		m, err = prometheus.NewConstHistogram(s.desc, s.count, s.value, s.cumulative(), s.values...)
	}
	if err != nil {
		return prometheus.NewInvalidMetric(s.desc, err)
	}
	return m
}

func (s *sdkSeries) cumulative() map[float64]uint64 {
	sum, out := uint64(0), make(map[float64]uint64, len(s.bounds))
	for i, bound := range s.bounds {
		sum += s.buckets[i]
		out[bound] = sum
	}
	return out
}
