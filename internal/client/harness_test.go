package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api"
	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/client"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/scheduler"
)

const adminToken = "the-admin-token-of-the-tests"

// bundle is a client of the real API over a real database.
type bundle struct {
	*client.Client
	store  *store.Store
	engine *engine
	url    string
	front  *front
}

func setup(t *testing.T) bundle {
	t.Helper()
	ctx := context.Background()
	b := bundle{store: storetest.SQLite(t), engine: &engine{}}
	handler, err := api.New(api.Deps{
		Store: b.store, Engine: b.engine, Rules: readRules, Sequential: rules.Sequential, CheckCase: runner.Check,
		CheckCron: func(expr, zone string) error { _, err := scheduler.ParseCron(expr, zone); return err },
		Fires:     previewFires,
	})
	require.NoError(t, err)
	_, _, err = api.EnsureAdmin(ctx, b.store, adminToken, api.RandomToken)
	require.NoError(t, err)
	_, err = b.store.EnsureRuntime(ctx, models.DefaultRuntime)
	require.NoError(t, err)
	b.front = &front{next: handler}
	server := httptest.NewServer(b.front)
	t.Cleanup(server.Close)
	b.url = server.URL
	b.Client = b.as(t, adminToken)
	return b
}

func (b bundle) as(t *testing.T, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{BaseURL: b.url + "/", Token: token})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func readRules(definition string) ([]wire.Rule, error) {
	plan, err := rules.Parse(definition)
	out := make([]wire.Rule, len(plan.Rules))
	for i, r := range plan.Rules {
		out[i] = wire.Rule{CaseKey: r.Case, When: r.When.String(), Line: r.Line}
	}
	return out, err
}

func previewFires(t models.Trigger, after time.Time, n int) ([]wire.Fire, error) {
	preview, err := scheduler.Preview(t, after, n)
	out := make([]wire.Fire, len(preview))
	for i, f := range preview {
		out[i] = wire.Fire(f)
	}
	return out, err
}

type engine struct {
	mu      sync.Mutex
	started []string
}

func (e *engine) StartRun(_ context.Context, r models.Run) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started = append(e.started, r.ID)
	return nil
}

func (e *engine) CancelRun(context.Context, string) error { return errors.New("away") }

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.started)
}

// front is a proxy that is out of service for a number of requests, and counts them.
type front struct {
	next http.Handler
	mu   sync.Mutex
	down int
	seen int
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen++
	down := f.down > 0
	f.down--
	f.mu.Unlock()
	if down {
		http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
		return
	}
	f.next.ServeHTTP(w, r)
}

func (f *front) fail(requests int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = requests
}

func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}
