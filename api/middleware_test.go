package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestRequestIDIsAcceptedOrMade(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	require.Equal(t, "ci-42.7", a.get("/me", header("X-Request-Id", "ci-42.7")).header.Get("X-Request-Id"))
	for _, bad := range []string{"", "a b", strings.Repeat("x", 129), `"quoted"`} {
		id := a.get("/me", header("X-Request-Id", bad)).header.Get("X-Request-Id")
		require.NoError(t, uuid.Validate(id), "%q", bad)
	}
}

// logged finds the access log's lines.
func (a *apiTest) logged() []object {
	a.t.Helper()
	var lines []object
	scanner := bufio.NewScanner(strings.NewReader(a.log.String()))
	for scanner.Scan() {
		var line object
		require.NoError(a.t, json.Unmarshal(scanner.Bytes(), &line))
		if line["msg"] == "api: request" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestAccessLogHasTheRouteAndNoSecrets(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.get("/cases/"+w.testCase.Key+"?secret=hush", header("X-Request-Id", "id-1"))
	a.post("/workspaces", object{"key": "NEW", "name": "n"})
	a.get("/no/such/route/hush")
	require.Eventually(t, func() bool { return len(a.logged()) == 3 }, 5*time.Second, time.Millisecond)
	lines := a.logged()
	require.Equal(t, "/api/v1/cases/{key}", lines[0]["route"])
	require.Equal(t, "id-1", lines[0]["request_id"])
	require.Equal(t, AdminEmail, lines[0]["user"])
	require.Equal(t, "INFO", lines[0]["level"], "it was refused")
	require.InDelta(t, 422, lines[0]["status"], 0)
	require.Equal(t, "INFO", lines[1]["level"], "it changed something")
	require.Equal(t, "unmatched", lines[2]["route"])
	a.get("/me").is(http.StatusOK)
	require.Eventually(t, func() bool { return len(a.logged()) == 4 }, 5*time.Second, time.Millisecond)
	require.Equal(t, "DEBUG", a.logged()[3]["level"])
	require.NotContains(t, a.log.String(), "hush")
	require.NotContains(t, a.log.String(), adminToken)
}

type observed struct {
	mu    sync.Mutex
	calls []string
}

func (o *observed) ObserveHTTP(route, method string, status int, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, method+" "+route+" "+http.StatusText(status))
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	var o observed
	a := newAPITest(t, func(d *Deps) { d.Observer = &o })
	a.get("/cases/one")
	a.get("/cases/two")
	a.send(http.MethodPut, "/cases/two", nil)
	a.get("/no/such/route")
	require.Eventually(t, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.calls) == 4
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, []string{
		"GET /api/v1/cases/{key} Not Found", "GET /api/v1/cases/{key} Not Found",
		"PUT unmatched Method Not Allowed", "GET unmatched Not Found",
	}, o.calls)
}

func TestAnswersCarrySecurityHeaders(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for _, res := range []*answer{a.get("/me"), a.get("/me", bearer("")), a.get("/none"), a.get("//healthz")} {
		require.Equal(t, "nosniff", res.header.Get("X-Content-Type-Options"))
		require.Equal(t, "DENY", res.header.Get("X-Frame-Options"))
		require.Equal(t, "default-src 'none'; frame-ancestors 'none'", res.header.Get("Content-Security-Policy"))
		require.Equal(t, "private, no-cache", res.header.Get("Cache-Control"))
	}
}

// TestWaitOutlivesTheServersTimeLimits runs behind limits that are shorter than the wait.
func TestWaitOutlivesTheServersTimeLimits(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	listener := httptest.NewUnstartedServer(headAsGet(a.server.router))
	listener.Config.ReadTimeout = 200 * time.Millisecond
	listener.Config.WriteTimeout = 200 * time.Millisecond
	listener.Start()
	t.Cleanup(listener.Close)
	a.url = listener.URL
	for _, body := range []any{nil, object{}} {
		begin := time.Now()
		run := a.post("/triggers/"+w.gate.Key+"/runs?wait=600ms", body).is(http.StatusAccepted)
		require.GreaterOrEqual(t, time.Since(begin), 600*time.Millisecond, "the wait was not cut short")
		begin = time.Now()
		a.get("/runs/" + run["id"].(string) + "?wait=600ms").is(http.StatusOK)
		require.GreaterOrEqual(t, time.Since(begin), 600*time.Millisecond)
	}
}

func TestSlowBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, readError(timeoutError{}), errTimeout)
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
