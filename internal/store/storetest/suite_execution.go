package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func testExecution(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("begins with a row for each pipeline and rule", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		second := Pipeline(t, sc.s, sc.workspace.Key, []string{sc.testCase.Key, sc.testCase.Key})
		gate := Gatekeeper(t, sc.s, sc.workspace.Key, []string{second.Key, sc.pipeline.Key, second.Key})
		run := QueuedRun(t, sc.s, gate)
		sc.clock.Advance(time.Second)
		starts := Begin(t, sc.s, run.ID)
		got := sc.run(t, run.ID)
		require.Equal(t, models.StatusRunning, got.Status)
		require.Equal(t, noon.Add(time.Second), *got.StartedAt)
		require.Equal(t, 5, got.CasesTotal)

		executions, err := sc.s.Executions(ctx, run.ID)
		require.NoError(t, err)
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		var wantExecutions []models.Execution
		var wantResults []models.CaseResult
		for _, s := range starts {
			wantExecutions = append(wantExecutions, s.Execution)
			wantResults = append(wantResults, s.Results...)
		}
		require.Equal(t, wantExecutions, executions)
		require.Equal(t, wantResults, results)
		require.Equal(t, second.Key+"-00001", executions[0].Key)
		require.Equal(t, sc.pipeline.Key+"-00001", executions[1].Key)
		require.Equal(t, second.Key+"-00002", executions[2].Key)
		require.Equal(t, models.StatusQueued, results[4].Status)
	})
	t.Run("may begin twice and counts once", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		first := Begin(t, sc.s, run.ID)
		r := first[0].Results[0]
		r.Status, r.Attempt = models.StatusSuccess, 1
		require.NoError(t, sc.s.SaveResult(ctx, r, models.Report{Attempt: 1}))
		require.NoError(t, sc.s.ClearDispatched(ctx, run.ID), "its workflow is gone")
		second := Begin(t, sc.s, run.ID)
		executions, err := sc.s.Executions(ctx, run.ID)
		require.NoError(t, err)
		require.Len(t, executions, 1)
		require.Equal(t, second[0].Execution.Key, executions[0].Key)
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, second[0].Results, results)
		_, err = sc.s.Result(ctx, r.ID)
		require.ErrorIs(t, err, models.ErrNotFound)
		reports, err := sc.s.Reports(ctx, r.ID)
		require.NoError(t, err)
		require.Empty(t, reports)
		require.ErrorIs(t, sc.s.SaveResult(ctx, r, models.Report{Attempt: 1}), models.ErrNotFound, "the first begin's workers are too late")
	})
	t.Run("leaves to its workers what they have when a begin comes late", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		first := Begin(t, sc.s, run.ID)
		r := first[0].Results[0]
		r.Status, r.Attempt = models.StatusSuccess, 1
		require.NoError(t, sc.s.SaveResult(ctx, r, models.Report{Attempt: 1}))
		before := sc.run(t, run.ID)
		sc.clock.Advance(time.Second)

		late := Begin(t, sc.s, run.ID)
		require.Equal(t, first[0].Execution.Key, late[0].Execution.Key)
		require.Equal(t, r.ID, late[0].Results[0].ID)
		require.Equal(t, before, sc.run(t, run.ID))
		stored, err := sc.s.Result(ctx, r.ID)
		require.NoError(t, err)
		require.Equal(t, models.StatusSuccess, stored.Status)
	})
	t.Run("begins anew when the definitions have changed", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		first := Begin(t, sc.s, run.ID)[0].Execution.Key
		starts := []models.ExecutionStart{{
			Execution: models.Execution{PipelineKey: sc.pipeline.Key},
			Results:   []models.CaseResult{{CaseKey: sc.testCase.Key}, {CaseKey: sc.testCase.Key, Position: 1}},
		}}
		require.NoError(t, sc.s.BeginRun(ctx, run.ID, starts))
		require.NotEqual(t, first, starts[0].Execution.Key)
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, starts[0].Results, results)
	})
	t.Run("does not begin after the end", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusCancelled})
		require.ErrorIs(t, sc.s.BeginRun(ctx, run.ID, nil), models.ErrFinished)
		require.ErrorIs(t, sc.s.BeginRun(ctx, "nobody", nil), models.ErrNotFound)
	})
	t.Run("may have many cases", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		starts := []models.ExecutionStart{{Execution: models.Execution{PipelineKey: sc.pipeline.Key}}}
		for i := range 1000 {
			starts[0].Results = append(starts[0].Results, models.CaseResult{Position: i, CaseKey: sc.testCase.Key})
		}
		require.NoError(t, sc.s.BeginRun(ctx, run.ID, starts))
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, starts[0].Results, results)
	})
	t.Run("knows its definition", func(t *testing.T) { t.Parallel(); testRunDefinition(t, newDatabase) })
	t.Run("gives a worker all it needs", func(t *testing.T) { t.Parallel(); testCaseJob(t, newDatabase) })
	t.Run("stores each try", func(t *testing.T) { t.Parallel(); testResults(t, newDatabase) })
}

func testRunDefinition(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	var uids []string
	for _, name := range []string{"of the run", "of the trigger", "of the case", "of nobody"} {
		uids = append(uids, Environment(t, sc.s, sc.workspace.Key, func(e *models.Environment) { e.Name = name }).UID)
	}
	runtime, err := sc.s.EnsureRuntime(ctx, models.DefaultRuntime)
	require.NoError(t, err)
	c := Case(t, sc.s, sc.workspace.Key, func(c *models.Case) { c.EnvironmentUID = uids[2] })
	gone := Case(t, sc.s, sc.workspace.Key)
	p := Pipeline(t, sc.s, sc.workspace.Key, []string{c.Key, gone.Key})
	require.NoError(t, sc.s.DeleteCase(ctx, gone.Key, true))
	gate := Gatekeeper(t, sc.s, sc.workspace.Key, []string{p.Key, "ABC-FFFF"}, func(t *models.Trigger) { t.EnvironmentUID = uids[1] })
	run := QueuedRun(t, sc.s, gate, func(r *models.Run) { r.EnvironmentUID = uids[0] })

	d, err := sc.s.RunDefinition(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, run, d.Run)
	require.Equal(t, &gate, d.Trigger)
	require.Equal(t, map[string]models.Pipeline{p.Key: p}, d.Pipelines)
	require.Len(t, d.Cases, 1)
	require.Equal(t, c.Name, d.Cases[c.Key].Name)
	require.Nil(t, d.Cases[c.Key].HTTP)
	require.Nil(t, d.Cases[c.Key].Sealed)
	require.Equal(t, map[string]string{uids[0]: "of the run", uids[1]: "of the trigger", uids[2]: "of the case"}, d.Environments)
	require.Equal(t, map[string]string{models.DefaultRuntime: runtime.UUID}, d.Runtimes)

	require.NoError(t, sc.s.DeleteTrigger(ctx, gate.Key))
	d, err = sc.s.RunDefinition(ctx, run.ID)
	require.NoError(t, err)
	require.Nil(t, d.Trigger)
	require.Empty(t, d.Pipelines)
	_, err = sc.s.RunDefinition(ctx, "nobody")
	require.ErrorIs(t, err, models.ErrNotFound)
}

func testCaseJob(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	environment := func(name string) string {
		return Environment(t, sc.s, sc.workspace.Key, func(e *models.Environment) { e.Name = name }).UID
	}
	ofRun, ofTrigger, ofCase := environment("run"), environment("trigger"), environment("case")
	sc.testCase.EnvironmentUID = ofCase
	require.NoError(t, sc.s.UpdateCase(ctx, &sc.testCase))
	plan := sc.plan
	plan.EnvironmentUID, plan.Parameters = ofTrigger, map[string]string{"A": "trigger", "B": "trigger"}
	require.NoError(t, sc.s.UpdateTrigger(ctx, &plan))

	run := QueuedRun(t, sc.s, plan, func(r *models.Run) { r.EnvironmentUID, r.Parameters = ofRun, map[string]string{"B": "run"} })
	start := Begin(t, sc.s, run.ID)[0]
	job, err := sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.NoError(t, err)
	require.Equal(t, sc.testCase, job.Case, "with credentials and variables")
	require.Equal(t, start.Results[0], job.Result)
	require.Equal(t, "run", job.Environment.Name)
	require.Equal(t, "environment-secret", job.Environment.Values[1].Value)
	require.Equal(t, map[string]string{"A": "trigger", "B": "run"}, job.Run.Parameters)

	start = Begin(t, sc.s, QueuedRun(t, sc.s, plan).ID)[0]
	job, err = sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.NoError(t, err)
	require.Equal(t, "trigger", job.Environment.Name)
	require.NoError(t, sc.s.DeleteTrigger(ctx, plan.Key))
	job, err = sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.NoError(t, err)
	require.Equal(t, "case", job.Environment.Name)

	sc.testCase.EnvironmentUID = ""
	require.NoError(t, sc.s.UpdateCase(ctx, &sc.testCase))
	job, err = sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.NoError(t, err)
	require.Nil(t, job.Environment)

	sc.testCase.EnvironmentUID = "0-gone"
	require.NoError(t, sc.s.UpdateCase(ctx, &sc.testCase))
	_, err = sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.ErrorIs(t, err, models.ErrNotFound, "never run against the wrong target")
	require.ErrorContains(t, err, "environment 0-gone")
	require.NoError(t, sc.s.DeleteCase(ctx, sc.testCase.Key, true))
	_, err = sc.s.CaseJob(ctx, start.Execution.Key, 0)
	require.ErrorIs(t, err, models.ErrNotFound)
	require.ErrorContains(t, err, "case "+sc.testCase.Key)
	_, err = sc.s.CaseJob(ctx, start.Execution.Key, 1)
	require.ErrorIs(t, err, models.ErrNotFound)
}

func testResults(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	run := QueuedRun(t, sc.s, sc.plan)
	start := Begin(t, sc.s, run.ID)[0]
	id := start.Results[0].ID
	sc.clock.Advance(time.Second)
	require.NoError(t, sc.s.StartResult(ctx, id))
	got, err := sc.s.Result(ctx, id)
	require.NoError(t, err)
	require.Equal(t, models.StatusRunning, got.Status)
	require.Equal(t, sc.clock.Now(), *got.StartedAt)
	executions, err := sc.s.Executions(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, models.StatusRunning, executions[0].Status)
	require.Equal(t, sc.clock.Now(), *executions[0].StartedAt)
	require.ErrorIs(t, sc.s.StartResult(ctx, "nobody"), models.ErrNotFound)

	finished := noon.Add(3*time.Second + 999*time.Nanosecond)
	try := func(attempt int, status models.Status, message string) {
		r := models.CaseResult{
			ExecutionKey: start.Execution.Key, Position: 0, Status: status, Message: message, Attempt: attempt,
			AssertionsTotal: 2, AssertionsBad: 1, Flaky: status == models.StatusSuccess,
			StartedAt: got.StartedAt, FinishedAt: &finished, DurationMS: 2000,
		}
		report := models.Report{Attempt: attempt, Document: models.ReportDocument{Status: status, Message: message}}
		require.NoError(t, sc.s.SaveResult(ctx, r, report))
	}
	check := func(attempt int, status models.Status, message string, reports ...string) {
		t.Helper()
		got, err := sc.s.Result(ctx, id)
		require.NoError(t, err)
		require.Equal(t, attempt, got.Attempt)
		require.Equal(t, status, got.Status)
		require.Equal(t, message, got.Message)
		require.Equal(t, noon.Add(3*time.Second), *got.FinishedAt)
		require.Equal(t, "health", got.CaseName, "what the begin wrote stays")
		stored, err := sc.s.Reports(ctx, id)
		require.NoError(t, err)
		var messages []string
		for _, r := range stored {
			messages = append(messages, r.Document.Message)
		}
		require.Equal(t, reports, messages)
	}
	try(1, models.StatusFailure, "bad \xff text")
	check(1, models.StatusFailure, "bad \uFFFD text", "bad \uFFFD text")
	try(3, models.StatusSuccess, "")
	check(3, models.StatusSuccess, "", "bad \uFFFD text", "")
	try(2, models.StatusFailure, "late")
	check(3, models.StatusSuccess, "", "bad \uFFFD text", "late", "")
	twin := models.CaseResult{ExecutionKey: start.Execution.Key, Status: models.StatusError, Message: "again", Attempt: 3}
	require.ErrorIs(t, sc.s.SaveResult(ctx, twin, models.Report{Attempt: 3}), models.ErrDuplicate,
		"two workers made the same try: the first one's outcome stands")
	check(3, models.StatusSuccess, "", "bad \uFFFD text", "late", "")

	Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusCancelled})
	err = sc.s.SaveResult(ctx, models.CaseResult{ExecutionKey: start.Execution.Key, Attempt: 4}, models.Report{Attempt: 4})
	require.ErrorIs(t, err, models.ErrFinished)
	require.ErrorIs(t, sc.s.StartResult(ctx, id), models.ErrFinished)
	check(3, models.StatusSuccess, "", "bad \uFFFD text", "late", "")
}

func testFinish(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("sets everything's end and makes the deliveries", func(t *testing.T) { t.Parallel(); testFinishAll(t, newDatabase) })
	t.Run("happens once", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		Begin(t, sc.s, run.ID)
		first := Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		require.Len(t, first, 1)
		ended := sc.run(t, run.ID)
		sc.clock.Advance(time.Hour)
		second, err := sc.s.FinishRun(ctx, models.RunOutcome{RunID: run.ID, Status: models.StatusFailure},
			func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
				return models.Event{}, errors.New("must not be called")
			})
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, ended, sc.run(t, run.ID))
		_, err = sc.s.FinishRun(ctx, models.RunOutcome{RunID: "nobody"}, PlainEvent)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("leaves nothing when the event cannot be made", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		start := Begin(t, sc.s, run.ID)[0]
		before := sc.run(t, run.ID)
		boom := errors.New("boom")
		outcome := models.RunOutcome{
			RunID: run.ID, Status: models.StatusFailure,
			Executions: []models.ExecutionOutcome{{
				Key: start.Execution.Key, Status: models.StatusFailure,
				Cases: []models.CaseOutcome{{Status: models.StatusFailure, Message: "x"}},
			}},
		}
		_, err := sc.s.FinishRun(ctx, outcome, func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
			return models.Event{}, boom
		})
		require.ErrorIs(t, err, boom)
		_, err = sc.s.FinishRun(ctx, outcome, func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
			return models.Event{Type: models.EventRunFinished, Data: json.RawMessage("{not json")}, nil
		})
		require.Error(t, err)
		require.Equal(t, before, sc.run(t, run.ID))
		executions, err := sc.s.Executions(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, []models.Execution{start.Execution}, executions)
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, start.Results, results)
		deliveries, _, err := sc.s.Deliveries(ctx, models.DeliveryFilter{}, models.Page{})
		require.NoError(t, err)
		require.Empty(t, deliveries)
	})
	t.Run("lets no pipeline begin before its run", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		started := Begin(t, sc.s, run.ID)[0]
		Finish(t, sc.s, models.RunOutcome{
			RunID: run.ID, Status: models.StatusSuccess, FinishedAt: noon.Add(time.Second),
			Executions: []models.ExecutionOutcome{{
				Key: started.Execution.Key, Status: models.StatusSuccess,
				StartedAt: noon.Add(-3 * time.Millisecond), FinishedAt: noon.Add(time.Second),
			}},
		})
		executions, err := sc.s.Executions(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, noon, *executions[0].StartedAt)
		require.EqualValues(t, 1000, executions[0].DurationMS)
	})
	t.Run("ends what nobody reported", func(t *testing.T) { t.Parallel(); testFinishLost(t, newDatabase) })
	t.Run("before the beginning has times too", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		run := QueuedRun(t, sc.s, sc.plan)
		at := sc.clock.Advance(time.Minute)
		Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusError, Reason: "no pipelines in plan", FinishedAt: at})
		got := sc.run(t, run.ID)
		require.Equal(t, models.StatusError, got.Status)
		require.Equal(t, "no pipelines in plan", got.Reason)
		require.Equal(t, at, *got.StartedAt)
		require.Equal(t, at, *got.FinishedAt)
		require.Zero(t, got.DurationMS)
	})
	t.Run("tells only the webhooks that want it", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		only := Webhook(t, sc.s, sc.workspace.Key, func(w *models.Webhook) { w.TriggerKeys = []string{sc.plan.Key} })
		Webhook(t, sc.s, sc.workspace.Key, func(w *models.Webhook) { w.TriggerKeys = []string{"P-ABC-FFFF"} })
		Webhook(t, sc.s, sc.workspace.Key, func(w *models.Webhook) { w.Enabled = false })
		Webhook(t, sc.s, Workspace(t, sc.s).Key)
		run := QueuedRun(t, sc.s, sc.plan)
		var uids []string
		for _, d := range Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess}) {
			uids = append(uids, d.WebhookUID)
		}
		require.ElementsMatch(t, []string{sc.webhook.UID, only.UID}, uids)
	})
}

func testFinishAll(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	key := sc.testCase.Key
	p := Pipeline(t, sc.s, sc.workspace.Key, []string{key, key, key, key, key})
	gate := Gatekeeper(t, sc.s, sc.workspace.Key, []string{p.Key})
	run := QueuedRun(t, sc.s, gate)
	start := Begin(t, sc.s, run.ID)[0]
	r := start.Results[1]
	r.Status, r.Message, r.Attempt = models.StatusFailure, "status equals 200: was 500", 1
	require.NoError(t, sc.s.SaveResult(ctx, r, models.Report{Attempt: 1}))

	outcome := models.RunOutcome{
		RunID: run.ID, Status: models.StatusFailure, Reason: "one case failed", FinishedAt: noon.Add(10 * time.Second),
		Executions: []models.ExecutionOutcome{{
			Key: start.Execution.Key, Status: models.StatusFailure, Reason: "a case failed",
			StartedAt: noon.Add(time.Second), FinishedAt: noon.Add(9 * time.Second),
			Cases: []models.CaseOutcome{
				{Position: 0, Status: models.StatusSuccess},
				{Position: 1, Status: models.StatusFailedAsExpected},
				{Position: 2, Status: models.StatusFailure, Message: "passed, but was expected to fail"},
				{Position: 3, Status: models.StatusError, Message: "gone"},
				{Position: 4, Status: models.StatusSkipped},
			},
		}},
	}
	var event models.Event
	deliveries, err := sc.s.FinishRun(ctx, outcome, func(run models.Run, executions []models.Execution, results []models.CaseResult) (models.Event, error) {
		require.Equal(t, models.StatusFailure, run.Status)
		require.Len(t, executions, 1)
		require.Len(t, results, 5)
		require.Equal(t, models.StatusFailedAsExpected, results[1].Status, "the event sees the end")
		event = models.Event{Type: models.EventRunFinished, Data: json.RawMessage(`{"status":2,"text":"<ä>"}`)}
		return event, nil
	})
	require.NoError(t, err)

	got := sc.run(t, run.ID)
	require.Equal(t, outcome.FinishedAt, *got.FinishedAt)
	require.EqualValues(t, 10000, got.DurationMS)
	require.Equal(t, []int{5, 2, 2, 1}, []int{got.CasesTotal, got.CasesPassed, got.CasesFailed, got.CasesSkipped})
	require.Equal(t, "one case failed", got.Reason)
	executions, err := sc.s.Executions(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, models.StatusFailure, executions[0].Status)
	require.Equal(t, noon.Add(time.Second), *executions[0].StartedAt)
	require.EqualValues(t, 8000, executions[0].DurationMS)
	results, err := sc.s.Results(ctx, run.ID)
	require.NoError(t, err)
	require.Equal(t, "status equals 200: was 500", results[1].Message, "an empty message keeps the worker's")
	require.Equal(t, "passed, but was expected to fail", results[2].Message)

	require.Len(t, deliveries, 1)
	d := deliveries[0]
	require.Equal(t, models.Delivery{
		ID: d.ID, WorkspaceKey: sc.workspace.Key, WebhookUID: sc.webhook.UID, EventID: d.EventID,
		EventType: models.EventRunFinished, RunID: run.ID, State: models.DeliveryPending, CreatedAt: noon,
	}, d)
	stored, err := sc.s.Event(ctx, d.EventID)
	require.NoError(t, err)
	require.JSONEq(t, string(event.Data), string(stored.Data))
	require.Equal(t, run.ID, stored.RunID)
	require.Equal(t, gate.Key, stored.TriggerKey)
	require.Equal(t, noon, stored.CreatedAt)
}

func testFinishLost(t *testing.T, newDatabase func(testing.TB) Database) {
	for status, want := range map[models.Status]models.Status{
		models.StatusCancelled: models.StatusCancelled,
		models.StatusError:     models.StatusError,
	} {
		t.Run(status.String(), func(t *testing.T) {
			t.Parallel()
			sc, ctx := setScene(t, newDatabase), t.Context()
			key := sc.testCase.Key
			p := Pipeline(t, sc.s, sc.workspace.Key, []string{key, key, key})
			later := Pipeline(t, sc.s, sc.workspace.Key, []string{key})
			run := QueuedRun(t, sc.s, Gatekeeper(t, sc.s, sc.workspace.Key, []string{p.Key, later.Key}))
			start := Begin(t, sc.s, run.ID)[0]
			done := start.Results[0]
			done.Status, done.Attempt, done.DurationMS = models.StatusSuccess, 1, 5
			require.NoError(t, sc.s.SaveResult(ctx, done, models.Report{Attempt: 1}))
			require.NoError(t, sc.s.StartResult(ctx, start.Results[1].ID))
			end := sc.clock.Advance(7 * time.Second)
			Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: status, Reason: "the workflow is gone", FinishedAt: end})

			results, err := sc.s.Results(ctx, run.ID)
			require.NoError(t, err)
			require.Equal(t, models.StatusSuccess, results[0].Status)
			require.Equal(t, want, results[1].Status)
			require.Equal(t, "the workflow is gone", results[1].Message)
			require.EqualValues(t, 7000, results[1].DurationMS)
			require.Equal(t, models.StatusSkipped, results[2].Status)
			require.Empty(t, results[2].Message)
			executions, err := sc.s.Executions(ctx, run.ID)
			require.NoError(t, err)
			require.Equal(t, want, executions[0].Status)
			require.Equal(t, models.StatusSkipped, executions[1].Status)
			for _, x := range executions {
				require.NotNil(t, x.StartedAt)
				require.Equal(t, end, *x.FinishedAt)
			}
		})
	}
}
