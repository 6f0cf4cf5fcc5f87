package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store/storetest"
)

// fleet is the three roles as separate processes against one Temporal and one MySQL.
type fleet struct {
	t        *testing.T
	env      []string
	data     string // Temporal's
	temporal string
	listen   string
	api      *api
	engine   *process
}

// newFleet starts a Temporal of its own, migrates a new database and starts the API.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	dsn := storetest.MySQLDSN(t)
	f := &fleet{t: t, data: filepath.Join(t.TempDir(), "engine"), temporal: freePort(t), listen: freePort(t)}
	keyset := start(t, nil, "keygen")
	require.Equal(t, 0, keyset.wait(startLimit))
	f.env = []string{
		"BELLWETHER_DATABASE_DRIVER=mysql", "BELLWETHER_DATABASE_DSN=" + dsn, "BELLWETHER_ADMIN_TOKEN=" + adminToken,
		"BELLWETHER_KEYSET=" + strings.TrimSpace(keyset.stdout.String()), "TEMPORAL_ADDRESS=" + f.temporal,
	}
	f.startEngine()
	refused := start(t, f.env, "worker")
	require.NotEqual(t, 0, refused.wait(startLimit), "a role refuses a database that is not migrated")
	require.Contains(t, refused.stderr.String(), "bellwether migrate up")
	require.Equal(t, 0, start(t, f.env, "migrate", "up").wait(startLimit))
	start(t, f.env, "api", "--listen", f.listen).ready(f.listen)
	f.api = newAPI(t, f.listen)
	f.api.workspace()
	return f
}

func (f *fleet) startEngine() {
	f.engine = start(f.t, nil, "temporal", "--data", f.data, "--temporal-listen", f.temporal, "--ui-listen", freePort(f.t))
	f.engine.listening(f.temporal)
}

func (f *fleet) role(name string) *process { return start(f.t, f.env, name) }

func TestWorkerKilledInTheMiddleOfARunLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	g, hook := newTarget(t), newSink(t)
	f.api.webhook("testany", hook.URL, "testany")
	f.role("scheduler")
	first := f.role("worker")
	before, during, after := f.api.testCase("before", g.URL+"/ok", nil), f.api.testCase("during", g.URL+"/slow", nil), f.api.testCase("after", g.URL+"/ok", nil)
	run := f.api.fire(f.api.gatekeeper("gate", f.api.pipeline("three", before, during, after)))
	g.reached(t, startLimit)
	first.kill()

	f.role("worker")
	g.reached(t, startLimit)
	g.letGo()
	verdict := f.api.verdict(run, 2*startLimit)
	require.Equal(t, 1, number(verdict["status"]), "%v", verdict)
	results := f.api.results(run)
	require.Len(t, results, 3, "one result per case")
	for key, result := range results {
		require.Equal(t, 1, number(result["status"]), "%s: %v", key, result)
	}
	require.Equal(t, int64(2), g.ok.Load(), "the case that was done before the kill is not run again")
	hook.expect(t, 1, startLimit)
	require.Len(t, hook.deliveries(), 1, "nothing is delivered under two ids")
	require.Len(t, f.api.items("/runs/"+run+"/deliveries"), 1)
}

func TestTwoSchedulersStartEachTickOnceAndCatchUpAfterTemporalWasDown(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	g := newTarget(t)
	f.role("worker")
	f.role("scheduler")
	f.role("scheduler")
	pipeline := f.api.pipeline("one", f.api.testCase("ok", g.URL+"/ok", nil))
	trigger := f.api.must(http.MethodPost, "/triggers", object{
		"workspace_key": "E2E", "method": "plan", "name": "often", "pipeline_keys": []string{pipeline},
		"cron": "@every 10s", "overlap": "allow",
	})["key"].(string)
	runs := func() []object { return f.api.items("/runs?limit=100&trigger=" + trigger) }
	require.Eventually(t, func() bool { return len(runs()) >= 1 && final(runs()[0]) }, startLimit, poll)

	f.engine.kill()
	have := len(runs())
	var due []string
	require.Eventually(t, func() bool {
		due = nil
		for _, run := range runs() {
			if !final(run) {
				due = append(due, run["id"].(string))
			}
		}
		return len(runs()) >= have+2 && len(due) >= 2
	}, startLimit, poll, "ticks are written while Temporal is down")
	f.startEngine()
	for _, id := range due {
		require.Equal(t, 1, number(f.api.verdict(id, 2*startLimit)["status"]), "what was due meanwhile is run")
	}

	seen := map[string]bool{}
	for _, run := range runs() {
		tick := run["scheduled_for"].(string)
		require.False(t, seen[tick], "tick %s was started twice", tick)
		seen[tick] = true
	}
}
