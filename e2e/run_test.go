package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// dial connects to the embedded server as the Web UI does.
func dial(t *testing.T, address string) client.Client {
	t.Helper()
	var c client.Client
	require.Eventually(t, func() bool {
		var err error
		c, err = client.Dial(client.Options{HostPort: address, Logger: log.NewStructuredLogger(discard())})
		return err == nil
	}, startLimit, poll)
	t.Cleanup(c.Close)
	return c
}

func TestVerdictIsReadableBeforeASlowWebhookAnswers(t *testing.T) {
	t.Parallel()
	s, g := up(t, t.TempDir()), newTarget(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("slow", g.URL+"/slow", "bellwether")
	trigger := a.gatekeeper("gate", a.pipeline("one", a.testCase("ok", g.URL+"/ok", nil)))
	run := a.must(http.MethodPost, "/triggers/"+trigger+"/runs?wait=30s", object{})
	g.reached(t, startLimit)
	require.Equal(t, 1, number(run["status"]), "%v", run)
}

func TestBranchesFailuresAndExpectations(t *testing.T) {
	t.Parallel()
	s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "testany")
	ok, bad := a.testCase("ok", g.URL+"/ok", nil), a.testCase("bad", g.URL+"/bad", nil)
	wanted, cleanup, never := a.testCase("wanted", g.URL+"/bad", nil), a.testCase("cleanup", g.URL+"/ok", nil), a.testCase("never", g.URL+"/ok", nil)
	rules := "kind: rule/v1.2\nspec:\n  rules:\n" +
		"    - run: '" + ok + "'\n" +
		"    - run: '" + wanted + "'\n      whenPassed: '" + ok + "'\n      expect: fail\n" +
		"    - run: '" + bad + "'\n      whenPassed: '" + wanted + "'\n" +
		"    - run: '" + never + "'\n      whenPassed: '" + bad + "'\n" +
		"    - run: '" + cleanup + "'\n      whenFailed: '" + bad + "'\n"
	pipeline := a.must(http.MethodPost, "/pipelines", object{"workspace_key": "E2E", "name": "branches", "definition": rules})["key"].(string)
	run := a.verdict(a.fire(a.gatekeeper("gate", pipeline)), startLimit)

	require.Equal(t, 2, number(run["status"]))
	results := a.results(run["id"].(string))
	for key, status := range map[string]int{ok: 1, wanted: 4, bad: 2, never: 3, cleanup: 1} {
		require.Equal(t, status, number(results[key]["status"]), "%v", results[key])
	}
	payload := hook.expect(t, 1, startLimit)[0].testany(t)
	require.Equal(t, 2, payload.Status)
	require.Equal(t, "gatekeeper", payload.TriggerMethod)
	var statuses []int
	for _, c := range payload.Pipelines[0].Cases {
		statuses = append(statuses, c.Status)
	}
	require.Equal(t, []int{1, 4, 2, 3, 1}, statuses, "in the order of the rules")
}

func TestCancelEndsTheRequestAndStillNotifies(t *testing.T) {
	t.Parallel()
	cancels := map[string]func(t *testing.T, s *single, a *api, run string){
		"from the API": func(_ *testing.T, _ *single, a *api, run string) {
			a.must(http.MethodPost, "/runs/"+run+"/cancel", nil)
		},
		"from the Web UI": func(t *testing.T, s *single, _ *api, run string) {
			require.NoError(t, dial(t, s.temporal).CancelWorkflow(context.Background(), "run/"+run, ""))
		},
	}
	for name, cancel := range cancels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
			a := newAPI(t, s.listen)
			a.workspace()
			a.webhook("sink", hook.URL, "bellwether")
			slow, later := a.testCase("slow", g.URL+"/slow", nil), a.testCase("later", g.URL+"/ok", nil)
			run := a.fire(a.gatekeeper("gate", a.pipeline("slow", slow, later)))
			g.reached(t, startLimit)
			cancel(t, s, a, run)

			select {
			case <-g.gone:
			case <-time.After(startLimit):
				require.Fail(t, "the request to the target was not ended")
			}
			require.Equal(t, 5, number(a.verdict(run, startLimit)["status"]))
			results := a.results(run)
			require.Equal(t, 5, number(results[slow]["status"]), "the running case is cancelled")
			require.Equal(t, 3, number(results[later]["status"]), "the next was never reached")
			require.Contains(t, string(hook.expect(t, 1, startLimit)[0].Body), `"status":5`)
		})
	}
}

func TestTerminatedWorkflowEndsAsErrorAndStillNotifies(t *testing.T) {
	t.Parallel()
	s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "bellwether")
	run := a.fire(a.gatekeeper("gate", a.pipeline("slow", a.testCase("slow", g.URL+"/slow", nil))))
	g.reached(t, startLimit)
	require.NoError(t, dial(t, s.temporal).TerminateWorkflow(context.Background(), "run/"+run, "", "by hand"))

	verdict := a.verdict(run, 2*startLimit)
	require.Equal(t, 99, number(verdict["status"]))
	require.NotEmpty(t, verdict["reason"])
	hook.expect(t, 1, 2*startLimit)
}

func TestDefinitionThatBecameInvalidEndsAsError(t *testing.T) {
	t.Parallel()
	s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "testany")
	gone, kept := a.testCase("gone", g.URL+"/ok", nil), a.testCase("kept", g.URL+"/ok", nil)
	trigger := a.gatekeeper("gate", a.pipeline("broken", gone), a.pipeline("fine", kept))
	status, problem := a.call(http.MethodDelete, "/cases/"+gone, nil)
	require.Equal(t, http.StatusConflict, status, "a case in use is kept: %v", problem)
	a.must(http.MethodDelete, "/cases/"+gone+"?force=true", nil)

	run := a.verdict(a.fire(trigger), startLimit)
	require.Equal(t, 99, number(run["status"]))
	executions := a.items("/runs/" + run["id"].(string) + "/executions")
	require.Len(t, executions, 2)
	require.Equal(t, 99, number(executions[0]["status"]))
	require.Contains(t, executions[0]["reason"], gone)
	require.Equal(t, 1, number(executions[1]["status"]), "the other pipeline is not held up")
	require.Equal(t, 2, hook.expect(t, 1, startLimit)[0].testany(t).Status)
}

func TestGatekeeperWithoutPipelinesIsRefusedByName(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	a := newAPI(t, s.listen)
	a.workspace()
	status, problem := a.call(http.MethodPost, "/triggers/"+a.gatekeeper("empty")+"/runs", object{})
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, problem["detail"], "no pipelines in gatekeeper")
}

func TestIdempotencyKeyStartsOneRun(t *testing.T) {
	t.Parallel()
	s, g := up(t, t.TempDir()), newTarget(t)
	a := newAPI(t, s.listen)
	a.workspace()
	trigger := a.gatekeeper("gate", a.pipeline("one", a.testCase("ok", g.URL+"/ok", nil)))
	first := a.must(http.MethodPost, "/triggers/"+trigger+"/runs?wait=30s", object{}, "Idempotency-Key", "build-17")
	second := a.must(http.MethodPost, "/triggers/"+trigger+"/runs?wait=30s", object{}, "Idempotency-Key", "build-17")
	require.Equal(t, first["id"], second["id"])
	require.Equal(t, int64(1), g.ok.Load())
}

func TestDeliveryIsRetriedUnderTheSameIDWithEveryAttemptOnRecord(t *testing.T) {
	t.Parallel()
	s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
	hook.answer = func(n int) int {
		if n == 1 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("flaky", hook.URL, "testany")
	run := a.verdict(a.fire(a.gatekeeper("gate", a.pipeline("one", a.testCase("ok", g.URL+"/ok", nil)))), startLimit)
	got := hook.expect(t, 2, startLimit)
	require.Len(t, hook.deliveries(), 1)
	require.Equal(t, []string{"1"}, got[0].Header["X-Bellwether-Attempt"])
	require.Equal(t, []string{"2"}, got[1].Header["X-Bellwether-Attempt"])
	require.Equal(t, got[0].Body, got[1].Body)

	deliveries := a.items("/runs/" + run["id"].(string) + "/deliveries")
	require.Len(t, deliveries, 1)
	id := deliveries[0]["id"].(string)
	require.Eventually(t, func() bool {
		return a.must(http.MethodGet, "/deliveries/"+id, nil)["state"] == "delivered"
	}, startLimit, poll)
	attempts := a.items("/deliveries/" + id + "/attempts")
	require.Len(t, attempts, 2)
	require.Equal(t, 503, number(attempts[0]["status"]))
	require.Equal(t, 200, number(attempts[1]["status"]))
}

func TestWorkflowReadsWellInTheWebUI(t *testing.T) {
	t.Parallel()
	s, g := up(t, t.TempDir()), newTarget(t)
	a := newAPI(t, s.listen)
	a.workspace()
	trigger := a.gatekeeper("nightly gate", a.pipeline("one", a.testCase("ok", g.URL+"/ok", nil)))
	run := a.verdict(a.fire(trigger), startLimit)
	temporal := dial(t, s.temporal)
	id := "run/" + run["id"].(string)
	described, err := temporal.DescribeWorkflow(context.Background(), id, "")
	require.NoError(t, err)
	summary, err := described.GetStaticSummary()
	require.NoError(t, err)
	require.Contains(t, summary, trigger)
	require.Contains(t, summary, "nightly gate")
	require.Eventually(t, func() bool {
		list, err := temporal.ListWorkflow(context.Background(), listRequest("BellwetherTrigger = '"+trigger+"' AND BellwetherVerdict = 'success'"))
		return err == nil && len(list.GetExecutions()) == 1
	}, startLimit, poll, "the verdict can be searched for")
}
