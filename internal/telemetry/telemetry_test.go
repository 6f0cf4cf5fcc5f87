package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/telemetry"
	"github.com/bellwether/bellwether/models"
)

func TestLoggerWritesTheLevelAndAboveInTheFormatAskedFor(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	logger, err := telemetry.NewLogger(&buf, "warn", telemetry.FormatJSON)
	require.NoError(t, err)
	logger.Info("too low")
	logger.Warn("just right", "key", "value")
	var line map[string]any
	require.NoError(t, json.Unmarshal(buf.Bytes(), &line), "one line: %s", buf.String())
	require.Equal(t, "just right", line["msg"])
	require.Equal(t, "value", line["key"])
	require.Regexp(t, `Z$`, line["time"])

	buf.Reset()
	logger, err = telemetry.NewLogger(&buf, "debug", telemetry.FormatText)
	require.NoError(t, err)
	logger.Debug("hello")
	require.Contains(t, buf.String(), "level=DEBUG msg=hello")
}

func TestLoggerRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := telemetry.NewLogger(&bytes.Buffer{}, "loud", telemetry.FormatText)
	require.ErrorContains(t, err, `"loud"`)
	_, err = telemetry.NewLogger(&bytes.Buffer{}, "info", "xml")
	require.ErrorContains(t, err, `"xml"`)
}

// scrape returns what Prometheus would see.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, rec.Code, rec.Body.String())
	return rec.Body.String()
}

func TestMetricsShowWhatWasObserved(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics("v1")
	require.NoError(t, err)
	m.ObserveHTTP("/api/v1/runs/{id}", http.MethodGet, 200, 30*time.Millisecond)
	m.RunFinished(models.MethodPlan, models.StatusFailedAsExpected, 2*time.Second)
	m.AttemptMade(models.ClassNone, time.Second)
	m.AttemptMade(models.ClassTLS, time.Second)
	m.DeliveryEnded(models.DeliveryFailed)
	m.TickDecided("run")
	text := scrape(t, m)
	for _, want := range []string{
		`bellwether_http_request_duration_seconds_bucket{method="GET",route="/api/v1/runs/{id}",status="200",le="0.05"} 1`,
		`bellwether_http_request_duration_seconds_bucket{method="GET",route="/api/v1/runs/{id}",status="200",le="0.025"} 0`,
		`bellwether_run_duration_seconds_sum{method="plan",status="failed as expected"} 2`,
		`bellwether_delivery_attempt_duration_seconds_count{class="none"} 1`,
		`bellwether_delivery_attempt_duration_seconds_count{class="tls"} 1`,
		`bellwether_deliveries_total{state="failed"} 1`,
		`bellwether_scheduler_ticks_total{outcome="run"} 1`,
		`bellwether_build_info{version="v1"} 1`,
		"go_goroutines ",
	} {
		require.Contains(t, text, want)
	}
}

func TestTemporalMetricsMayHaveDifferentTagsUnderOneName(t *testing.T) {
	t.Parallel()
	m, err := telemetry.NewMetrics("v1")
	require.NoError(t, err)
	h := m.Temporal()
	tagged := h.WithTags(map[string]string{"task-queue": "q"})
	h.Counter("temporal_request").Inc(1)
	tagged.Counter("temporal_request").Inc(2)
	tagged.Counter("temporal_request").Inc(3)
	tagged.WithTags(map[string]string{"worker": "w"}).Gauge("temporal_slots").Update(7)
	tagged.Timer("temporal_latency").Record(10 * time.Millisecond)
	tagged.Timer("temporal_latency").Record(2 * time.Minute)
	text := scrape(t, m)
	for _, want := range []string{
		"temporal_request_total 1",
		`temporal_request_total{task_queue="q"} 5`,
		`temporal_slots{task_queue="q",worker="w"} 7`,
		`temporal_latency_seconds_bucket{task_queue="q",le="0.005"} 0`,
		`temporal_latency_seconds_bucket{task_queue="q",le="0.01"} 1`,
		`temporal_latency_seconds_bucket{task_queue="q",le="60"} 1`,
		`temporal_latency_seconds_bucket{task_queue="q",le="+Inf"} 2`,
	} {
		require.Contains(t, text, want)
	}
}
