package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

func TestRunExecutesEveryCaseAndSendsEveryDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 2), plain("ABC-0002", 1)))
	b.pending = []string{"d1", "d2"}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, workflows.RunResult{Status: models.StatusSuccess, Verdict: "success", Deliveries: 2}, result)
	require.ElementsMatch(t, []string{"ABC-0001-00001 0.1", "ABC-0001-00001 1.1", "ABC-0002-00001 0.1"}, b.attempts())
	require.ElementsMatch(t, []string{"d1", "d2"}, b.sends)
	outcome := b.outcome(t)
	require.Equal(t, runID, outcome.RunID)
	require.Equal(t, models.StatusSuccess, outcome.Status)
	require.Empty(t, outcome.Reason)
	require.Len(t, outcome.Executions, 2)
	for i, e := range outcome.Executions {
		require.Equal(t, b.plan.Pipelines[i].ExecutionKey, e.Key, "executions stand in the order of the plan")
		require.Equal(t, models.StatusSuccess, e.Status)
		require.False(t, e.StartedAt.IsZero())
		require.False(t, e.FinishedAt.Before(e.StartedAt))
		require.Zero(t, e.FinishedAt.Nanosecond()%1000, "times are kept to the microsecond")
		require.Equal(t, time.UTC, e.FinishedAt.Location())
	}
	require.Empty(t, outcome.Executions[0].Cases[0].Message, "the activity has saved the message already")
}

func TestVerdictOfRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cases  []models.Status // one pipeline each
		want   models.Status
		reason string
	}{
		"failure":            {cases: []models.Status{models.StatusSuccess, models.StatusFailure}, want: models.StatusFailure},
		"error":              {cases: []models.Status{models.StatusSuccess, models.StatusError}, want: models.StatusError, reason: "pipeline ABC-0002: case 00000001: error"},
		"failure over error": {cases: []models.Status{models.StatusError, models.StatusFailure}, want: models.StatusFailure},
		"failed as expected": {cases: []models.Status{models.StatusFailedAsExpected}, want: models.StatusSuccess},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pipelines []activities.PipelinePlan
			byKey := map[string]models.Status{}
			for i, status := range tc.cases {
				p := plain(fmt.Sprintf("ABC-%04d", i+1), 1)
				byKey[p.ExecutionKey] = status
				pipelines = append(pipelines, p)
			}
			b := setup(t, plan(pipelines...))
			b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
				return ended(byKey[in.ExecutionKey]), nil
			}

			result := b.run(t, workflows.RunInput{})

			require.Equal(t, tc.want, result.Status)
			require.Equal(t, tc.reason, result.Reason)
			require.Equal(t, tc.reason, b.outcome(t).Reason)
		})
	}
}

func TestVerdictIsShownToOperators(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) { return ended(models.StatusFailure), nil }
	b.OnUpsertTypedSearchAttributes(mock.MatchedBy(func(a temporal.SearchAttributes) bool {
		verdict, ok := a.GetKeyword(workflows.VerdictAttribute)
		return ok && verdict == "failure"
	})).Return(nil).Once()

	b.run(t, workflows.RunInput{})

	b.AssertExpectations(t)
	require.Contains(t, currentDetails(t, b), "| | 00000001 case 0 | failure |")
}

// currentDetails is what the engine's Web UI shows of the workflow.
func currentDetails(t *testing.T, b *bundle) string {
	t.Helper()
	value, err := b.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

func TestRunThatCanDoNothingEndsAsError(t *testing.T) {
	t.Parallel()
	b := setup(t, activities.RunPlan{Problem: "no pipelines in gatekeeper"})
	b.pending = []string{"d1"}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusError, result.Status)
	require.Equal(t, "no pipelines in gatekeeper", result.Reason)
	require.Equal(t, "no pipelines in gatekeeper", b.outcome(t).Reason)
	require.Equal(t, []string{"d1"}, b.sends, "subscribers hear of it")
}

func TestPipelineThatBecameInvalidEndsAsErrorBesideTheOthers(t *testing.T) {
	t.Parallel()
	bad := plain("ABC-0001", 2)
	bad.Problem = "line 4: case 0000A3F1 was deleted"
	b := setup(t, plan(bad, plain("ABC-0002", 1)))

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusError, result.Status)
	require.Equal(t, "pipeline ABC-0001: line 4: case 0000A3F1 was deleted", result.Reason)
	outcome := b.outcome(t)
	require.Equal(t, models.StatusError, outcome.Executions[0].Status)
	require.Equal(t, bad.Problem, outcome.Executions[0].Reason)
	require.Equal(t, []models.Status{models.StatusSkipped, models.StatusSkipped}, statuses(outcome.Executions[0]))
	require.Equal(t, models.StatusSuccess, outcome.Executions[1].Status)
	require.Equal(t, []string{"ABC-0002-00001 0.1"}, b.attempts(), "none of its cases was executed")
}

func TestFinishedRunOnlySendsWhatIsPending(t *testing.T) {
	t.Parallel()
	b := setup(t, activities.RunPlan{Finished: true, Status: models.StatusFailure})
	b.pending = []string{"d7"}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, workflows.RunResult{Status: models.StatusFailure, Verdict: "failure", Deliveries: 1}, result)
	require.Empty(t, b.attempts())
	require.Equal(t, runID, b.outcome(t).RunID)
	require.Equal(t, []string{"d7"}, b.sends)
}

func TestRunWithoutRowFails(t *testing.T) {
	t.Parallel()
	b := setup(t, plan())
	b.OnActivity("Begin", mock.Anything, mock.Anything).
		Return(activities.RunPlan{}, temporal.NewNonRetryableApplicationError("load run", activities.TypeNotFound, nil))

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID})

	require.ErrorContains(t, b.GetWorkflowError(), activities.TypeNotFound)
	require.Empty(t, b.outcomes)
}

func TestRunWithoutIDFails(t *testing.T) {
	t.Parallel()
	b := setup(t, plan())
	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{})
	require.ErrorContains(t, b.GetWorkflowError(), "names no run")
}

func TestBookkeepingOutlastsAnOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	b.pending = []string{"d1"}
	const outage = 3 * time.Hour
	began := b.Now()
	b.finish = func(models.RunOutcome) (activities.FinishResult, error) {
		if b.Now().Sub(began) < outage {
			return activities.FinishResult{}, temporal.NewApplicationError("database is away", activities.TypeStore)
		}
		return activities.FinishResult{DeliveryIDs: b.pending}, nil
	}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusSuccess, result.Status)
	require.Equal(t, []string{"d1"}, b.sends)
	require.Len(t, b.cases, 1, "the case is not executed again")
	require.GreaterOrEqual(t, b.Now().Sub(began), outage)
	for _, outcome := range b.outcomes {
		require.Equal(t, b.outcomes[0], outcome, "each try says the same")
	}
}

func TestDeliveriesGoSideBySideInAWindow(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	for i := range 2*workflows.MaxSends + 1 {
		b.pending = append(b.pending, fmt.Sprintf("d%d", i))
	}
	b.OnActivity("Send", mock.Anything, mock.Anything).After(time.Second).
		Return(activities.SendResult{State: models.DeliveryDelivered, Attempts: 1}, nil).Times(len(b.pending))
	began := b.Now()

	b.run(t, workflows.RunInput{})

	b.AssertExpectations(t)
	require.Equal(t, 3*time.Second, b.Now().Sub(began).Truncate(time.Second), "three windows of one second each")
}

func TestPipelinesGoSideBySideInAWindow(t *testing.T) {
	t.Parallel()
	var pipelines []activities.PipelinePlan
	for i := range 2*workflows.MaxPipelines + 1 {
		pipelines = append(pipelines, plain(fmt.Sprintf("ABC-%04X", i+1), 1))
	}
	b := setup(t, plan(pipelines...))
	b.OnActivity("Execute", mock.Anything, mock.Anything).After(time.Minute).
		Return(ended(models.StatusSuccess), nil).Times(len(pipelines))
	began := b.Now()

	b.run(t, workflows.RunInput{})

	b.AssertExpectations(t)
	require.Equal(t, 3*time.Minute, b.Now().Sub(began).Truncate(time.Minute), "three windows of one minute each")
}

func TestUndeliverableDeliveryDoesNotFailTheRun(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	b.pending = []string{"d1", "d2"}
	b.send = func(in activities.SendInput) (activities.SendResult, error) {
		if in.DeliveryID == "d1" {
			return activities.SendResult{}, temporal.NewNonRetryableApplicationError("deleted", activities.TypeNotFound, nil)
		}
		return activities.SendResult{State: models.DeliveryFailed, Attempts: 4}, nil
	}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusSuccess, result.Status)
	require.ElementsMatch(t, []string{"d1", "d2"}, b.sends)
}

func TestEveryActivityIsBoundedAndReadable(t *testing.T) {
	t.Parallel()
	remote := plain("ABC-0001", 2)
	remote.Rules[1].TaskQueue = activities.RuntimeQueue("u1")
	b := setup(t, plan(remote))
	b.pending = []string{"d1"}
	var queues []string
	b.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		queues = append(queues, info.ActivityType.Name+" "+info.TaskQueue)
	})

	b.run(t, workflows.RunInput{})

	require.Len(t, b.options, 3)
	require.Len(t, b.local, 2)
	for _, o := range b.options {
		require.Positive(t, o.StartToCloseTimeout)
		require.True(t, o.RetryPolicy.MaximumAttempts > 0 || o.ScheduleToCloseTimeout > 0, "retries are bounded")
		require.NotEmpty(t, o.Summary)
	}
	for _, o := range b.local {
		require.LessOrEqual(t, o.StartToCloseTimeout, time.Minute)
		require.GreaterOrEqual(t, o.ScheduleToCloseTimeout, 12*time.Hour)
	}
	own, other, send := b.options[0], b.options[1], b.options[2]
	require.Equal(t, "00000001 case 0", own.Summary)
	require.Zero(t, own.ScheduleToStartTimeout, "the workers of the core are waited for")
	require.True(t, own.WaitForCancellation)
	require.Greater(t, own.StartToCloseTimeout, 120*time.Second, "the activity takes longer than the case")
	require.Equal(t, 5*time.Minute, other.ScheduleToStartTimeout, "a runtime without listener is noticed")
	require.Equal(t, "delivery d1", send.Summary)
	require.Less(t, send.StartToCloseTimeout, 30*time.Second, "a send ends before its claim does")
	require.True(t, slices.Contains(queues, "Execute runtime/u1"), "%v", queues)
}

func TestStoreFaultOfACaseIsRetriedByTheEngine(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	failures := 3
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) {
		if failures > 0 {
			failures--
			return activities.CaseOutput{}, temporal.NewApplicationErrorWithOptions("database is away", activities.TypeStore,
				temporal.ApplicationErrorOptions{Cause: errors.New("dial")})
		}
		return ended(models.StatusSuccess), nil
	}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusSuccess, result.Status)
	require.Equal(t, slices.Repeat([]string{"ABC-0001-00001 0.1"}, 4), b.attempts(), "the try keeps its number")
}

func TestCaseOutlastsAnOutageOfTheDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 2)))
	const outage = 3 * time.Hour
	began := b.Now()
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) {
		if b.Now().Sub(began) < outage {
			return activities.CaseOutput{}, temporal.NewApplicationError("database is away", activities.TypeStore)
		}
		return ended(models.StatusSuccess), nil
	}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, models.StatusSuccess, result.Status)
	require.Less(t, b.Now().Sub(began), outage+5*time.Minute, "it goes on soon after")
	for _, in := range b.cases {
		require.Equal(t, 1, in.Attempt, "the try keeps its number")
	}
}

func TestRunCancelledWhileTheDatabaseIsAwayEndsAsCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) {
		return activities.CaseOutput{}, temporal.NewApplicationError("database is away", activities.TypeStore)
	}
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID})

	require.Equal(t, []models.Status{cancelled}, statuses(requireCancelled(t, b).Executions[0]))
}
