package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// job is a case with one request.
func job(spec models.HTTPSpec) models.CaseJob {
	return models.CaseJob{Case: models.Case{Key: "0000A3F1", Name: "test", Kind: models.KindHTTP, HTTP: &spec, TimeoutSeconds: 20}}
}

// run executes a request with the default options.
func run(t *testing.T, spec models.HTTPSpec) runner.Outcome {
	t.Helper()
	return runJob(t, runner.Options{}, job(spec))
}

func runJob(t *testing.T, o runner.Options, j models.CaseJob) runner.Outcome {
	t.Helper()
	if err := j.Case.HTTP.Validate(); err != nil {
		t.Fatalf("the test's own case is not valid: %v", err)
	}
	out := runner.New(o).Run(t.Context(), j)
	checkOutcome(t, out)
	return out
}

// checkOutcome holds what is true of every outcome.
func checkOutcome(t *testing.T, o runner.Outcome) {
	t.Helper()
	require.Equal(t, o.Status, o.Report.Status)
	require.Equal(t, o.Message, o.Report.Message)
	require.Equal(t, o.Status == models.StatusSuccess, o.Message == "", "a message says why it is not a success")
	require.LessOrEqual(t, len([]rune(o.Message)), 300)
	require.NotContains(t, o.Message, "\n")
	require.Equal(t, time.UTC, o.StartedAt.Location())
	require.Equal(t, o.StartedAt, o.StartedAt.Truncate(time.Microsecond))
	require.False(t, o.FinishedAt.Before(o.StartedAt))
	require.Len(t, o.Report.Assertions, o.AssertionsTotal)
	bad := 0
	for _, a := range o.Report.Assertions {
		require.Equal(t, a.Passed, a.Message == "", "%+v", a)
		require.LessOrEqual(t, len([]rune(a.Name)), 300)
		require.LessOrEqual(t, len([]rune(a.Message)), 300)
		if !a.Passed {
			bad++
		}
	}
	require.Equal(t, bad, o.AssertionsBad)
	_, err := json.Marshal(o.Report)
	require.NoError(t, err)
}

// serve answers every request by h.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// respond answers with a status, headers given as "Name: value", and a body.
func respond(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// assertion builds an assertion; value is its JSON text.
func assertion(source, name, op, value string) models.Assertion {
	a := models.Assertion{Source: source, Name: name, Op: op}
	if value != "" {
		a.Value = json.RawMessage(value)
	}
	return a
}

func TestStatusDecidesWithoutAssertions(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 304, 399, 400, 404, 500, 599} {
		s := serve(t, respond(status, ""))
		o := run(t, models.HTTPSpec{URL: s.URL})
		require.Equal(t, 1, o.AssertionsTotal)
		require.Equal(t, "status less than 400", o.Report.Assertions[0].Name)
		if status < 400 {
			require.Equal(t, models.StatusSuccess, o.Status, status)
			continue
		}
		require.Equal(t, models.StatusFailure, o.Status, status)
		require.Equal(t, fmt.Sprintf("status less than 400: found %d", status), o.Message)
	}
}

func TestReportShowsTheWholeExchange(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Answer", "42")
		_, _ = io.Copy(w, r.Body)
	})
	o := run(t, models.HTTPSpec{
		Method:     "post",
		URL:        s.URL + "/path?a=1",
		Headers:    []models.NameValue{{Name: "X-Ask", Value: "why"}},
		Body:       &models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(`{"x": 1.50}`)},
		Assertions: []models.Assertion{assertion("status", "", "", "200"), assertion("json", "$.x", "", "1.5")},
		Captures:   []models.Capture{{Name: "X", Source: "json", Expr: "$.x"}},
	})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Equal(t, 2, o.AssertionsTotal)
	require.Equal(t, map[string]string{"X": "1.50"}, o.Report.Outputs)
	require.Len(t, o.Report.Exchanges, 1)
	x := o.Report.Exchanges[0]
	require.Equal(t, "POST", x.Method)
	require.Equal(t, s.URL+"/path?a=1", x.URL)
	require.Equal(t, models.Body{Text: `{"x": 1.50}`, Size: 11}, x.RequestBody)
	require.Equal(t, models.Body{Text: `{"x": 1.50}`, Size: 11}, x.ResponseBody)
	require.Equal(t, 200, x.Status)
	require.Equal(t, "HTTP/1.1", x.Proto)
	require.Nil(t, x.TLSExpiresAt)
	require.Empty(t, x.Error)
	for _, want := range []models.NameValue{
		{Name: "X-Ask", Value: "why"},
		{Name: "Content-Type", Value: "application/json"},
		{Name: "Content-Length", Value: "11"},
		{Name: "User-Agent", Value: "Bellwether/dev"},
		{Name: "Host", Value: strings.TrimPrefix(s.URL, "http://")},
	} {
		require.Contains(t, x.RequestHeaders, want)
	}
	require.Contains(t, x.ResponseHeaders, models.NameValue{Name: "X-Answer", Value: "42"})
}

func TestFirstFailureIsTheMessageAndOthersAreCounted(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(503, "{}"))
	o := run(t, models.HTTPSpec{
		URL: s.URL,
		Assertions: []models.Assertion{
			assertion("json", "$", "exists", ""),
			assertion("status", "", "", "200"),
			assertion("json", "$.id", "exists", ""),
		},
		Captures: []models.Capture{{Name: "TOKEN", Source: "json", Expr: "$.token"}},
	})
	require.Equal(t, models.StatusFailure, o.Status)
	require.Equal(t, "status equals 200: found 503 (and 2 more)", o.Message)
	require.Equal(t, 4, o.AssertionsTotal)
	require.Equal(t, 3, o.AssertionsBad)
	require.Equal(t, []models.AssertionResult{
		{Name: "json $ exists", Passed: true},
		{Name: "status equals 200", Message: "found 503"},
		{Name: "json $.id exists", Message: "found nothing"},
		{Name: "capture TOKEN from json $.token", Message: "found nothing"},
	}, o.Report.Assertions)
}

func TestCountSurvivesALongMessage(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, strings.Repeat("long ", 1000)))
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{
		assertion("body", "", "contains", `"short"`), assertion("status", "", "", "201"),
	}})
	require.True(t, strings.HasPrefix(o.Message, `body contains "short": found "long long`), o.Message)
	require.True(t, strings.HasSuffix(o.Message, "… (and 1 more)"), o.Message)
}

func TestOtherKindsAreErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []models.Case{{Kind: "postman"}, {Kind: models.KindHTTP}} {
		o := runner.New(runner.Options{}).Run(t.Context(), models.CaseJob{Case: c})
		require.Equal(t, models.StatusError, o.Status)
		require.Contains(t, o.Message, "cannot be executed")
	}
}

func TestClockIsInjected(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, ""))
	at := time.Date(2030, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("x", 3600))
	o := runJob(t, runner.Options{Now: func() time.Time { return at }}, job(models.HTTPSpec{URL: s.URL}))
	require.Equal(t, models.StatusSuccess, o.Status)
	require.Equal(t, time.Date(2030, 1, 2, 2, 4, 5, 678_901_000, time.UTC), o.StartedAt)
	require.Equal(t, o.StartedAt, o.FinishedAt)
	require.Zero(t, o.Report.DurationMS)
}

func TestCancellationIsNoFailure(t *testing.T) {
	t.Parallel()
	reached, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	o := runner.New(runner.Options{}).Run(ctx, job(models.HTTPSpec{URL: s.URL}))
	checkOutcome(t, o)
	require.Equal(t, models.StatusCancelled, o.Status)
	require.Equal(t, "cancelled", o.Message)
	require.Len(t, o.Report.Exchanges, 1)
	require.Equal(t, "cancelled", o.Report.Exchanges[0].Error)
}

func TestNothingIsSentOnceCancelled(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := runner.New(runner.Options{}).Run(ctx, job(models.HTTPSpec{URL: s.URL}))
	require.Equal(t, models.StatusCancelled, o.Status)
	require.Empty(t, o.Report.Exchanges)
}

func TestDeadlineOfTheWorkerIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o := runner.New(runner.Options{}).Run(ctx, job(models.HTTPSpec{URL: s.URL}))
	checkOutcome(t, o)
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "the worker's own time limit")
}

func TestOneRunnerServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Query().Get("n")) })
	r := runner.New(runner.Options{})
	outcomes := make(chan runner.Outcome)
	const n = 20
	for i := range n {
		go func() {
			outcomes <- r.Run(context.Background(), job(models.HTTPSpec{
				URL:        fmt.Sprintf("%s/?n=%d", s.URL, i),
				Assertions: []models.Assertion{assertion("body", "", "equals", fmt.Sprint(i))},
			}))
		}()
	}
	for range n {
		o := <-outcomes
		require.Equal(t, models.StatusSuccess, o.Status, o.Message)
		require.False(t, o.Report.Exchanges[0].Timings.Reused, "connections are not shared between cases")
	}
}
