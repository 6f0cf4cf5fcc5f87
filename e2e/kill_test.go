package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	kills     = 5
	fireEvery = 250 * time.Millisecond
	tickEvery = 10 * time.Second
	// settleLimit is how long the last process may take to bring everything to an end. A send that a
	// kill cut off is claimed for half a minute, and its case waits for a missed heartbeat before that.
	settleLimit = 2 * time.Minute
)

// TestRandomKillsLoseNothingAndDoubleNothing kills the process at random moments of its life while a
// plan ticks and a gatekeeper is fired, and then takes stock. BELLWETHER_SEED repeats a bad day as far
// as the moments go.
func TestRandomKillsLoseNothingAndDoubleNothing(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	k := &killing{t: t, data: t.TempDir(), accepted: map[string]bool{}}
	hooks := []*sink{newSink(t), newSink(t)}
	s := up(t, k.data)
	k.define(newAPI(t, s.listen), newUnevenTarget(t, random.Uint64()), hooks)
	for range kills {
		// From the first milliseconds of a start to the middle of everything.
		k.fireUntil(s, time.Duration(random.Int64N(int64(4*time.Second))))
		s.kill()
		s = launch(t, k.data)
	}
	s.ready(s.listen)
	k.takeStock(newAPI(t, s.listen), hooks)
}

// newRandom is a source of random numbers whose seed is printed, or taken from BELLWETHER_SEED.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("BELLWETHER_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "BELLWETHER_SEED")
	}
	t.Logf("BELLWETHER_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}

// newUnevenTarget answers 200 after up to half a second, so that kills meet cases under way.
func newUnevenTarget(t *testing.T, seed uint64) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, seed))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		pause := time.Duration(random.Int64N(int64(500 * time.Millisecond)))
		mu.Unlock()
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(server.Close)
	return server
}

// killing is what has been defined and asked for so far.
type killing struct {
	t          *testing.T
	data       string
	gate, plan string
	cases      int
	accepted   map[string]bool // ids of runs that were answered with 202
	asked      int
}

// define makes two pipelines of two cases, a gatekeeper and a plan over both, and two webhooks.
func (k *killing) define(a *api, target *httptest.Server, hooks []*sink) {
	k.t.Helper()
	a.workspace()
	a.webhook("testany", hooks[0].URL, "testany")
	a.webhook("bellwether", hooks[1].URL, "bellwether")
	var pipelines []string
	for i := range 2 {
		first := a.testCase(fmt.Sprintf("first %d", i), target.URL, nil)
		second := a.testCase(fmt.Sprintf("second %d", i), target.URL, nil)
		pipelines = append(pipelines, a.pipeline(fmt.Sprintf("pipeline %d", i), first, second))
		k.cases += 2
	}
	k.gate = a.gatekeeper("gate", pipelines...)
	k.plan = a.must(http.MethodPost, "/triggers", object{
		"workspace_key": "E2E", "method": "plan", "name": "often", "pipeline_keys": pipelines,
		"cron": "@every " + tickEvery.String(), "overlap": "allow",
	})["key"].(string)
}

// fireUntil asks for runs, whether or not the process answers yet, until the time is over.
func (k *killing) fireUntil(s *single, life time.Duration) {
	k.t.Helper()
	over, next := time.After(life), time.NewTicker(fireEvery)
	defer next.Stop()
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	var requests sync.WaitGroup
	defer requests.Wait()
	var mu sync.Mutex
	for {
		select {
		case <-over:
			// Requests under way meet the kill.
			s.cmd.Process.Kill() // The caller kills it again and waits for the end.
			return
		case <-next.C:
			k.asked++
			key := fmt.Sprintf("ask-%d", k.asked)
			requests.Go(func() {
				if id, ok := ask(client, s.listen, k.gate, key); ok {
					mu.Lock()
					defer mu.Unlock()
					k.accepted[id] = true
				}
			})
		}
	}
}

// ask starts a run and reports whether it was accepted.
func ask(client *http.Client, address, trigger, key string) (id string, ok bool) {
	req, err := http.NewRequest(http.MethodPost, "http://"+address+"/api/v1/triggers/"+trigger+"/runs", bytes.NewReader([]byte("{}")))
	if err != nil {
		return "", false
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	res, err := client.Do(req)
	if err != nil {
		return "", false
	}
	defer res.Body.Close()
	var run struct {
		ID string `json:"id"`
	}
	err = json.NewDecoder(res.Body).Decode(&run)
	return run.ID, err == nil && res.StatusCode == http.StatusAccepted
}

// takeStock waits until everything has come to its end and compares it with what was asked for.
func (k *killing) takeStock(a *api, hooks []*sink) {
	k.t.Helper()
	require.Eventually(k.t, func() bool { return len(a.items("/runs?trigger="+k.plan)) >= 3 }, startLimit, time.Second, "the plan ticks on")
	a.must(http.MethodPatch, "/triggers/"+k.plan, object{"enabled": false})
	var runs []object
	require.Eventually(k.t, func() bool {
		runs = a.everything("/runs?workspace=E2E")
		return !slices.ContainsFunc(runs, func(r object) bool { return !final(r) }) &&
			len(a.items("/deliveries?workspace=E2E&state=pending")) == 0
	}, settleLimit, time.Second, "every run ends and nothing is left to deliver")

	listed := map[string]bool{}
	var ticks []time.Time
	for _, run := range runs {
		id := run["id"].(string)
		require.False(k.t, listed[id], "run %s is listed twice", id)
		listed[id] = true
		if text, ok := run["scheduled_for"].(string); ok {
			at, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(k.t, err)
			ticks = append(ticks, at)
		}
		k.checkRun(a, run)
	}
	for id := range k.accepted {
		require.True(k.t, listed[id], "run %s was accepted and is gone", id)
	}
	k.checkTicks(ticks)
	for _, hook := range hooks {
		require.Len(k.t, hook.deliveries(), len(runs), "each run reaches each receiver under one id")
	}
	k.t.Logf("%d runs, %d of them accepted and %d ticks; %d requests for deliveries",
		len(runs), len(k.accepted), len(ticks), len(hooks[0].all())+len(hooks[1].all()))
}

// checkRun holds one run to exactly one result for each case and one delivery for each webhook.
func (k *killing) checkRun(a *api, run object) {
	k.t.Helper()
	id := run["id"].(string)
	require.Equal(k.t, 1, number(run["status"]), "the product is well: %v", run)
	require.Equal(k.t, k.cases, number(run["cases_passed"]), "%v", run)
	results := a.results(id)
	require.Len(k.t, results, k.cases)
	for _, result := range results {
		require.Equal(k.t, 1, number(result["status"]), "%v", result)
		require.Equal(k.t, 1, number(result["attempts"]), "%v", result)
	}
	require.Len(k.t, a.items("/runs/"+id+"/executions"), 2)
	told := map[string]bool{}
	for _, d := range a.items("/runs/" + id + "/deliveries") {
		require.Equal(k.t, "delivered", d["state"], "%v", d)
		told[d["webhook_uid"].(string)] = true
	}
	require.Len(k.t, told, 2, "one delivery for each webhook of run %s", id)
	require.Len(k.t, a.items("/runs/"+id+"/deliveries"), 2)
}

// checkTicks wants every tick between the first and the last, each once.
func (k *killing) checkTicks(ticks []time.Time) {
	k.t.Helper()
	require.NotEmpty(k.t, ticks)
	slices.SortFunc(ticks, time.Time.Compare)
	for i := 1; i < len(ticks); i++ {
		require.Equal(k.t, tickEvery, ticks[i].Sub(ticks[i-1]), "ticks %s and %s", ticks[i-1], ticks[i])
	}
}

// everything reads a list page by page.
func (a *api) everything(path string) []object {
	a.t.Helper()
	var all []object
	for after := ""; ; {
		page := a.must(http.MethodGet, path+"&limit=100"+after, nil)
		for _, item := range page["items"].([]any) {
			all = append(all, item.(object))
		}
		next, _ := page["next"].(string)
		if next == "" {
			return all
		}
		after = "&after=" + next
	}
}
