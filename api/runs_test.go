package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestRunIsASnapshotOfItsTrigger(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	user, token := a.user(map[string]models.Role{w.workspace: models.RoleEditor})
	res := a.post("/triggers/"+w.plan.Key+"/runs", object{
		"parameters": object{"SPEED": "fast"}, "environment_uid": w.env.UID,
	}, bearer(token), header("Idempotency-Key", "commit-1"))
	body := res.is(http.StatusAccepted)
	id := body["id"].(string)
	require.Equal(t, "/api/v1/runs/"+id, res.header.Get("Location"))
	parsed, err := uuid.Parse(id)
	require.NoError(t, err)
	require.EqualValues(t, 7, parsed.Version())
	require.Equal(t, object{
		"id": id, "workspace_key": w.workspace, "trigger_key": w.plan.Key, "trigger_method": "plan",
		"trigger_name": w.plan.Name, "trigger_owners": []any{"owner@example.com"}, "source": "api", "requested_by": user.Email,
		"status": -1.0, "environment_uid": w.env.UID, "idempotency_key": "commit-1",
		"parameters":  object{"REGION": "eu", "SPEED": "fast"},
		"cases_total": 0.0, "cases_passed": 0.0, "cases_failed": 0.0, "cases_skipped": 0.0, "duration_ms": 0.0,
		"created_at": "2030-01-31T12:00:00Z",
	}, body)
	require.Equal(t, body, a.get("/runs/"+id).is(http.StatusOK))

	started := a.engine.runs()
	require.Len(t, started, 1)
	require.Equal(t, id, started[0].ID)
	require.Empty(t, a.undispatched(), "the run is known to be started")
}

func (a *apiTest) undispatched() []models.Run {
	a.t.Helper()
	runs, err := a.store.Undispatched(context.Background(), a.clock.now().Add(time.Hour), 100)
	require.NoError(a.t, err)
	return runs
}

func TestRunOfAnEngineThatIsAwayIsAccepted(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.engine.fail()
	res := a.post("/triggers/"+w.gate.Key+"/runs", nil)
	require.NotContains(t, string(res.raw), "10.1.2.3")
	id := res.is(http.StatusAccepted)["id"].(string)
	runs := a.undispatched()
	require.Len(t, runs, 1, "the sweeper will find it")
	require.Equal(t, id, runs[0].ID)
}

func TestRunOfAnEngineThatHangsIsAccepted(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.engine.block = make(chan struct{})
	defer close(a.engine.block)
	begin := time.Now()
	a.post("/triggers/"+w.gate.Key+"/runs", nil).is(http.StatusAccepted)
	require.Less(t, time.Since(begin), engineTimeout+3*time.Second)
	require.Len(t, a.undispatched(), 1)
}

func TestRunIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	runs := "/triggers/" + w.gate.Key + "/runs"
	a.post("/triggers/G-"+w.workspace+"-FFFF/runs", nil).problem(http.StatusNotFound, wire.ProblemNotFound)
	a.post(runs, object{"parameters": object{"a b": "c"}}).refused("body.parameters.a b")
	a.post(runs, object{"parameters": object{"a": strings.Repeat("x", models.MaxVariableValue+1)}}).refused("body.parameters.a")
	a.post(runs, object{"environment_uid": other.env.UID}).refused("body.environment_uid")
	a.post(runs, nil, header("Idempotency-Key", strings.Repeat("x", 201))).refused("header.Idempotency-Key")
	a.post(runs, nil, header("Idempotency-Key", "a b")).refused("header.Idempotency-Key")
	for _, wait := range []string{"61s", "-1s", "soon", "61", "1e99", "NaN"} {
		a.post(runs+"?wait="+wait, nil).refused("query.wait")
	}

	a.patch("/triggers/"+w.gate.Key, object{"enabled": false}).is(http.StatusOK)
	a.post(runs, nil).problem(http.StatusConflict, wire.ProblemDisabled)
	require.Empty(t, a.engine.runs())
	require.Empty(t, a.get("/runs").items(), "nothing was half-written")
}

func TestUnboundTriggerHasNothingToRun(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	for key, detail := range map[string]string{w.gate.Key: "no pipelines in gatekeeper", w.plan.Key: "no pipelines in plan"} {
		a.patch("/triggers/"+key, object{"pipeline_keys": []string{}}).is(http.StatusOK)
		p := a.post("/triggers/"+key+"/runs", nil).problem(http.StatusConflict, wire.ProblemNothingToRun)
		require.Equal(t, detail, p.Detail)
	}
}

func TestIdempotencyKeyAnswersTheSameRun(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	runs, key := "/triggers/"+w.gate.Key+"/runs", header("Idempotency-Key", "commit-1")
	first := a.post(runs, object{"parameters": object{"a": "1", "b": "2"}}, key).is(http.StatusAccepted)["id"]
	again := a.post(runs, `{ "parameters": {"b":"2", "a":"1"} }`, key).is(http.StatusAccepted)["id"]
	require.Equal(t, first, again, "the meaning counts, not how it is written")
	require.Len(t, a.engine.runs(), 1)

	p := a.post(runs, object{"parameters": object{"a": "2"}}, key).problem(http.StatusConflict, wire.ProblemIdempotency)
	require.Contains(t, p.Detail, first)
	a.post(runs, nil, key).problem(http.StatusConflict, wire.ProblemIdempotency)
	require.NotEqual(t, first, a.post(runs, nil).is(http.StatusAccepted)["id"], "no key: a run of its own")
	other := a.post("/triggers/"+w.plan.Key+"/runs", nil, key).is(http.StatusAccepted)["id"]
	require.NotEqual(t, first, other, "keys belong to their trigger")

	a.finish(first.(string), models.StatusSuccess)
	a.patch("/triggers/"+w.gate.Key, object{"enabled": false, "pipeline_keys": []string{}}).is(http.StatusOK)
	body := a.post(runs, object{"parameters": object{"a": "1", "b": "2"}}, key).is(http.StatusOK)
	require.Equal(t, first, body["id"], "whatever the trigger is now")
	require.InDelta(t, 1, body["status"], 0)
}

func TestRacingIdempotentRequestsMakeOneRun(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	const requests = 20
	ids := make([]any, requests)
	var wait sync.WaitGroup
	for i := range requests {
		wait.Go(func() {
			ids[i] = a.post("/triggers/"+w.gate.Key+"/runs", object{}, header("Idempotency-Key", "same")).is(http.StatusAccepted)["id"]
		})
	}
	wait.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.Len(t, a.get("/runs").items(), 1)
	require.Len(t, a.engine.runs(), 1)
}

func TestWaitEndsWithTheRun(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	answers := make(chan *answer, 2)
	go func() {
		answers <- a.post("/triggers/"+w.gate.Key+"/runs?wait=50s", object{}, header("Idempotency-Key", "k"))
	}()
	require.Eventually(t, func() bool { return len(a.engine.runs()) == 1 }, 10*time.Second, 5*time.Millisecond)
	id := a.engine.runs()[0].ID
	go func() { answers <- a.get("/runs/" + id + "?wait=50") }()
	select {
	case early := <-answers:
		t.Fatalf("answered before the end: %s", early.raw)
	case <-time.After(2 * firstPoll):
	}
	a.finish(id, models.StatusFailure)
	begin := time.Now()
	for range 2 {
		body := (<-answers).is(http.StatusOK)
		require.Equal(t, id, body["id"])
		require.InDelta(t, 2, body["status"], 0)
	}
	require.Less(t, time.Since(begin), 5*time.Second)
	a.get("/runs/" + id + "?wait=50s").is(http.StatusOK)
}

func TestWaitEndsWithItsTime(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	begin := time.Now()
	body := a.post("/triggers/"+w.gate.Key+"/runs?wait=300ms", nil).is(http.StatusAccepted)
	require.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
	require.InDelta(t, -1, a.get("/runs/" + body["id"].(string) + "?wait=0.1").is(http.StatusOK)["status"], 0)
}

func TestWaitEndsWhenTheServerStops(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	a := newAPITest(t, func(d *Deps) { d.Stopping = stopping })
	w := a.world()
	answers := make(chan *answer, 1)
	go func() { answers <- a.post("/triggers/"+w.gate.Key+"/runs?wait=60s", nil) }()
	require.Eventually(t, func() bool { return len(a.engine.runs()) == 1 }, 10*time.Second, 5*time.Millisecond)
	close(stopping)
	(<-answers).is(http.StatusAccepted)
}

// watchedStore tells when nobody looks at runs any more.
type watchedStore struct {
	Store
	mu    *sync.Mutex
	looks *int
}

func (w watchedStore) Run(ctx context.Context, id string) (models.Run, error) {
	w.mu.Lock()
	*w.looks++
	w.mu.Unlock()
	return w.Store.Run(ctx, id)
}

func TestWaitEndsWhenTheClientGoesAway(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var looks int
	a := newAPITest(t, func(d *Deps) { d.Store = watchedStore{d.Store, &mu, &looks} })
	w := a.world()
	run := a.start(w.gate.Key)
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return looks
	}
	ctx, leave := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+prefix+"/runs/"+run.ID+"?wait=60s", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	gone := make(chan error, 1)
	go func() {
		_, err := a.client.Do(req)
		gone <- err
	}()
	require.Eventually(t, func() bool { return count() > 3 }, 10*time.Second, 5*time.Millisecond)
	leave()
	require.Error(t, <-gone)
	require.Eventually(t, func() bool { return strings.Contains(a.log.String(), `"route":"/api/v1/runs/{id}","status":200`) },
		10*time.Second, 5*time.Millisecond, "the handler has returned")
}

func TestCancelIsPassedOn(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	run := a.start(w.gate.Key)
	body := a.post("/runs/"+run.ID+"/cancel", nil).is(http.StatusAccepted)
	require.Equal(t, "2030-01-31T12:00:00Z", body["cancel_requested_at"])
	require.Equal(t, []string{run.ID}, a.engine.cancelled)
	a.post("/runs/"+run.ID+"/cancel", nil).is(http.StatusAccepted)

	a.finish(run.ID, models.StatusCancelled)
	a.post("/runs/"+run.ID+"/cancel", nil).problem(http.StatusConflict, wire.ProblemFinished)
	a.post("/runs/nowhere/cancel", nil).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestCancelWithoutTheEngineIsOnRecord(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	run := a.start(w.gate.Key)
	a.engine.fail()
	a.post("/runs/"+run.ID+"/cancel", nil).is(http.StatusAccepted)
	kept, err := a.store.Run(context.Background(), run.ID)
	require.NoError(t, err)
	require.NotNil(t, kept.CancelRequestedAt)
}

func TestRunsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	var ids []string
	for _, status := range []models.Status{models.StatusSuccess, models.StatusFailure, models.StatusError} {
		run := a.start(w.gate.Key)
		a.finish(run.ID, status)
		ids = append(ids, run.ID)
		a.clock.advance(time.Hour)
	}
	ids = append(ids, a.start(w.plan.Key).ID)
	a.start(other.gate.Key)
	in := "/runs?workspace=" + w.workspace
	for query, want := range map[string][]int{
		"":                             {3, 2, 1, 0},
		"&trigger=" + w.gate.Key:       {2, 1, 0},
		"&status=2":                    {1},
		"&status=2,99":                 {2, 1},
		"&status=failure&status=error": {2, 1},
		"&status=Success,%20-1":        {3, 0},
		"&source=api":                  {3, 2, 1, 0},
		"&source=schedule":             {},
		"&since=2030-01-31T13:00:00Z":  {3, 2, 1},
		"&until=2030-01-31T13:00:00Z":  {0},
		"&since=2030-01-31T14:00:00%2B01:00&until=2030-01-31T14:00:00.000001Z": {2, 1},
		"&limit=2": {3, 2},
	} {
		got := []string{}
		for _, item := range a.get(in + query).items() {
			got = append(got, item["id"].(string))
		}
		expected := []string{}
		for _, i := range want {
			expected = append(expected, ids[i])
		}
		require.Equal(t, expected, got, query)
	}
	next := a.get(in + "&limit=2").is(http.StatusOK)["next"].(string)
	rest := a.get(in + "&limit=2&after=" + next)
	require.Len(t, rest.items(), 2)
	require.NotContains(t, rest.is(http.StatusOK), "next")
	a.get("/runs?status=good").refused("query.status")
	a.get("/runs?source=moon").refused("query.source")
}

func TestRunShowsItsPartsAndDeliveries(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second := storetest.Pipeline(t, a.store, w.workspace, []string{w.testCase.Key, w.testCase.Key})
	a.patch("/triggers/"+w.gate.Key, object{"pipeline_keys": []string{second.Key, w.pipeline.Key}}).is(http.StatusOK)
	run := a.finished(w.gate)
	path := "/runs/" + run.ID

	executions := a.get(path + "/executions").items()
	require.Len(t, executions, 2)
	require.Equal(t, second.Key, executions[0]["pipeline_key"])
	require.Equal(t, []any{"owner@example.com"}, executions[0]["owners"])
	first := a.get(path + "/executions?limit=1").is(http.StatusOK)
	require.Equal(t, executions[0]["key"], first["next"])
	require.Equal(t, executions[1:], a.get(path+"/executions?limit=1&after="+first["next"].(string)).items())
	a.get(path + "/executions?after=nonsense").refused("query.after")

	results := a.get(path + "/results").items()
	require.Len(t, results, 3)
	require.Equal(t, executions[0]["key"], results[0]["execution_key"])
	require.InDelta(t, 1, results[1]["position"], 0)

	deliveries := a.get(path + "/deliveries").items()
	require.Len(t, deliveries, 1)
	require.Equal(t, w.webhook.UID, deliveries[0]["webhook_uid"])
	for _, rest := range []string{"", "/executions", "/results", "/deliveries"} {
		a.get("/runs/nowhere"+rest).problem(http.StatusNotFound, wire.ProblemNotFound)
	}
}

func TestResultShowsItsReports(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	run := a.start(w.gate.Key)
	start := storetest.Begin(t, a.store, run.ID)[0]
	ctx := context.Background()
	results, err := a.store.Results(ctx, run.ID)
	require.NoError(t, err)
	result := results[0]
	require.NoError(t, a.store.StartResult(ctx, result.ID))
	result.Status, result.Attempt, result.Message = models.StatusFailure, 1, "status was 500"
	result.StartedAt, result.FinishedAt = &run.CreatedAt, &run.CreatedAt
	require.Equal(t, start.Execution.Key, result.ExecutionKey)
	require.NoError(t, a.store.SaveResult(ctx, result, models.Report{ResultID: result.ID, Attempt: 1, Document: models.ReportDocument{
		Status: models.StatusFailure, Exchanges: []models.Exchange{{Method: "GET", URL: "https://example.com"}},
	}}))
	body := a.get("/results/" + result.ID).is(http.StatusOK)
	require.Equal(t, "status was 500", body["message"])
	reports := body["reports"].([]any)
	require.Len(t, reports, 1)
	exchange := reports[0].(object)["report"].(object)["exchanges"].([]any)[0].(object)
	require.Equal(t, []any{}, exchange["request_headers"])
	a.get("/results/nowhere").problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestDeliveriesShowWhatWasSent(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	s := a.scene()
	path := "/deliveries/" + s.delivery.ID
	body := a.get(path).is(http.StatusOK)
	require.Equal(t, "pending", body["state"])
	require.InDelta(t, 1, body["attempts"], 0)

	attempts := a.get(path + "/attempts").items()
	require.Len(t, attempts, 1)
	require.NotContains(t, attempts[0], "response_body", "lists hold no bodies")
	attempt := a.get(path + "/attempts/1").is(http.StatusOK)
	require.Equal(t, "oops", attempt["response_body"])
	require.Equal(t, "status", attempt["error_class"])
	a.get(path+"/attempts/2").problem(http.StatusNotFound, wire.ProblemNotFound)
	a.get(path + "/attempts/one").refused("path.number")
	a.get(path + "/attempts?after=7").refused("query.after")

	event := a.get("/events/" + s.delivery.EventID).is(http.StatusOK)
	require.Equal(t, "run.finished", event["type"])
	require.Equal(t, object{"run_id": s.run.ID}, event["data"])

	in := "/deliveries?workspace=" + s.workspace
	for query, want := range map[string]int{
		"": 1, "&state=pending": 1, "&state=failed": 0, "&webhook=" + s.webhook.UID: 1, "&webhook=other": 0,
		"&run=" + s.run.ID: 1, "&run=" + s.queued.ID: 0,
	} {
		require.Len(t, a.get(in+query).items(), want, query)
	}
	a.get(in + "&state=lost").refused("query.state")
}

func TestRuntimesAreListed(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	_, err := a.store.EnsureRuntime(context.Background(), "edge")
	require.NoError(t, err)
	items := a.get("/runtimes").items()
	require.Len(t, items, 2)
	require.Equal(t, "default", items[0]["name"])
	body := a.get("/runtimes?limit=1").is(http.StatusOK)
	require.Equal(t, "default", body["next"])
	require.Len(t, a.get("/runtimes?after=default").items(), 1)
}
