package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
)

func TestHealthAsksNothing(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, func(d *Deps) {
		d.Checks = map[string]func(context.Context) error{"database": func(context.Context) error { return errors.New("away") }}
	})
	require.Equal(t, object{"status": "ok"}, a.get("//healthz", bearer("")).is(http.StatusOK))
}

func TestReadinessAsksEverything(t *testing.T) {
	t.Parallel()
	state := map[string]error{}
	a := newAPITest(t, func(d *Deps) {
		ask := func(name string) func(context.Context) error {
			return func(context.Context) error { return state[name] }
		}
		d.Checks = map[string]func(context.Context) error{"database": ask("database"), "temporal": ask("temporal")}
	})
	body := a.get("//readyz", bearer("")).is(http.StatusOK)
	require.Equal(t, object{"status": 200.0, "detail": "ready", "checks": object{"database": "ok", "temporal": "ok"}}, body)

	state["temporal"] = errors.New("dial tcp 10.9.8.7:7233: connection refused")
	res := a.get("//readyz", bearer(""))
	body = res.is(http.StatusServiceUnavailable)
	require.Equal(t, wire.ProblemMediaType, res.header.Get("Content-Type"))
	require.Equal(t, object{"database": "ok", "temporal": "failing"}, body["checks"])
	require.Equal(t, wire.ProblemUnavailable, body["type"])
	require.InDelta(t, 503, body["status"], 0)
	require.NotContains(t, string(res.raw), "10.9.8.7")
	require.Contains(t, a.log.String(), "10.9.8.7")
}

func TestReadinessDoesNotWaitForeverForACheck(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	a := newAPITest(t, func(d *Deps) {
		d.Checks = map[string]func(context.Context) error{
			"database": func(context.Context) error { return nil },
			"polite":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			"stuck":    func(context.Context) error { <-release; return nil },
		}
	})
	begin := time.Now()
	body := a.get("//readyz", bearer("")).is(http.StatusServiceUnavailable)
	require.Equal(t, object{"database": "ok", "polite": "timeout", "stuck": "timeout"}, body["checks"])
	require.Less(t, time.Since(begin), checkTimeout+3*time.Second)
}

func TestMetricsNeedAToken(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, func(d *Deps) {
		d.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	})
	a.get("//metrics", bearer("")).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
	_, token := a.user(nil)
	require.Equal(t, "up 1\n", string(a.get("//metrics", bearer(token)).raw))
}
