package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

const (
	passed    = models.StatusSuccess
	failed    = models.StatusFailure
	skipped   = models.StatusSkipped
	asWanted  = models.StatusFailedAsExpected
	cancelled = models.StatusCancelled
	broken    = models.StatusError
)

func TestBranchesOfAPipeline(t *testing.T) {
	t.Parallel()
	p := func(n int, edges ...[3]int) activities.PipelinePlan {
		out := plain("ABC-0001", n)
		for _, e := range edges {
			out = after(out, e[0], e[1], rules.When(e[2]))
		}
		return out
	}
	whenPassed, whenFailed := int(rules.Passed), int(rules.Failed)
	for name, tc := range map[string]struct {
		plan  activities.PipelinePlan
		plays map[int]models.Status // by position; others pass
		want  []models.Status
		whole models.Status
	}{
		"independent cases all run": {
			plan: p(3), plays: map[int]models.Status{0: failed},
			want: []models.Status{failed, passed, passed}, whole: failed,
		},
		"whenPassed after a pass": {
			plan: p(2, [3]int{1, 0, whenPassed}), want: []models.Status{passed, passed}, whole: passed,
		},
		"whenPassed after an expected failure": {
			plan: p(2, [3]int{1, 0, whenPassed}), plays: map[int]models.Status{0: asWanted},
			want: []models.Status{asWanted, passed}, whole: passed,
		},
		"whenPassed after a failure": {
			plan: p(2, [3]int{1, 0, whenPassed}), plays: map[int]models.Status{0: failed},
			want: []models.Status{failed, skipped}, whole: failed,
		},
		"whenFailed after a pass": {
			plan: p(2, [3]int{1, 0, whenFailed}), want: []models.Status{passed, skipped}, whole: passed,
		},
		"whenFailed after a failure": {
			plan: p(2, [3]int{1, 0, whenFailed}), plays: map[int]models.Status{0: failed},
			want: []models.Status{failed, passed}, whole: failed,
		},
		"whenFailed after an error": {
			plan: p(2, [3]int{1, 0, whenFailed}), plays: map[int]models.Status{0: broken},
			want: []models.Status{broken, passed}, whole: broken,
		},
		"a branch behind a skipped case is skipped, whatever it waits for": {
			plan:  p(4, [3]int{1, 0, whenFailed}, [3]int{2, 1, whenPassed}, [3]int{3, 1, whenFailed}),
			want:  []models.Status{passed, skipped, skipped, skipped},
			whole: passed,
		},
		"both branches of one case": {
			plan:  p(4, [3]int{1, 0, whenPassed}, [3]int{2, 0, whenFailed}, [3]int{3, 2, whenPassed}),
			plays: map[int]models.Status{0: failed},
			want:  []models.Status{failed, skipped, passed, passed}, whole: failed,
		},
		"the first rule may be a parent of the last": {
			plan: p(3, [3]int{2, 0, whenPassed}), plays: map[int]models.Status{1: failed},
			want: []models.Status{passed, failed, passed}, whole: failed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, plan(tc.plan))
			b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
				if status, ok := tc.plays[in.Position]; ok {
					return ended(status), nil
				}
				return ended(passed), nil
			}

			b.run(t, workflows.RunInput{})

			execution := b.outcome(t).Executions[0]
			require.Equal(t, tc.want, statuses(execution))
			require.Equal(t, tc.whole, execution.Status)
		})
	}
}

func TestExpectationReachesTheActivity(t *testing.T) {
	t.Parallel()
	p := plain("ABC-0001", 2)
	p.Rules[1].ExpectFail = true
	b := setup(t, plan(p))

	b.run(t, workflows.RunInput{})

	require.False(t, b.cases[0].ExpectFail)
	require.True(t, b.cases[1].ExpectFail)
}

func TestCaseRetries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		retries int
		tries   []models.Status
		gone    bool
		want    models.Status
	}{
		"passes at once":                      {retries: 2, tries: []models.Status{passed}, want: passed},
		"passes at the third try":             {retries: 2, tries: []models.Status{failed, broken, passed}, want: passed},
		"retries are used up":                 {retries: 2, tries: []models.Status{failed, failed, failed}, want: failed},
		"no retries":                          {retries: 0, tries: []models.Status{failed}, want: failed},
		"a failure that was wanted":           {retries: 2, tries: []models.Status{asWanted}, want: asWanted},
		"a cancelled case is not tried again": {retries: 2, tries: []models.Status{cancelled}, want: cancelled},
		"a deleted case is not tried again":   {retries: 2, tries: []models.Status{broken}, gone: true, want: broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plain("ABC-0001", 1)
			p.Rules[0].Retries = tc.retries
			b := setup(t, plan(p))
			b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
				out := ended(tc.tries[in.Attempt-1])
				out.Gone = tc.gone
				return out, nil
			}

			b.run(t, workflows.RunInput{})

			var want []string
			for i := range tc.tries {
				want = append(want, fmt.Sprintf("ABC-0001-00001 0.%d", i+1))
			}
			require.Equal(t, want, b.attempts())
			done := b.outcome(t).Executions[0].Cases[0]
			require.Equal(t, tc.want, done.Status)
			require.Equal(t, tc.gone, done.Message != "", "a message travels only when the activity did not save it")
		})
	}
}

func TestRetriesLeaveThePipelineNoReasonWhenTheCasePassesInTheEnd(t *testing.T) {
	t.Parallel()
	p := plain("ABC-0001", 2)
	p.Rules[0].Retries = 1
	b := setup(t, plan(p))
	b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
		if in.Position == 0 && in.Attempt == 2 {
			return ended(passed), nil
		}
		return ended(broken), nil
	}
	b.run(t, workflows.RunInput{})
	require.Equal(t, "case 00000002: error", b.outcome(t).Executions[0].Reason)
}

func TestCaseThatCannotBeExecutedIsAnErrorAndThePipelineGoesOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"nobody listens": {
			err:  temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START, nil),
			want: "no runtime is listening: nobody took the case from task queue runtime/u1 within 5m0s",
		},
		"worker lost": {
			err:  temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, nil),
			want: "the worker was lost while it executed the case, and no other one finished it",
		},
		"worker stuck": {
			err:  temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil),
			want: "the worker neither finished nor gave up the case in time",
		},
		"database away": {
			err:  temporal.NewApplicationError("load case 0 of ABC-0001-00001: dial tcp: refused", activities.TypeStore),
			want: "the case could not be executed: load case 0 of ABC-0001-00001: dial tcp: refused",
		},
		"panic": {
			err:  temporal.NewNonRetryableApplicationError("runtime error: index out of range", "PanicError", nil),
			want: "the case could not be executed: runtime error: index out of range",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := after(plain("ABC-0001", 3), 2, 0, rules.Failed)
			p.Rules[0].TaskQueue, p.Rules[0].Retries = activities.RuntimeQueue("u1"), 3
			b := setup(t, plan(p))
			b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
				if in.Position == 0 {
					return activities.CaseOutput{}, tc.err
				}
				return ended(passed), nil
			}

			result := b.run(t, workflows.RunInput{})

			require.Equal(t, broken, result.Status)
			execution := b.outcome(t).Executions[0]
			require.Equal(t, []models.Status{broken, passed, passed}, statuses(execution))
			require.Equal(t, tc.want, execution.Cases[0].Message)
			require.Equal(t, "case 00000001: "+tc.want, execution.Reason)
			for _, in := range b.cases {
				require.Equal(t, 1, in.Attempt, "what the engine could not do is not the product's fault: no retry of the case")
			}
		})
	}
}

func TestRunCancelledBeforeItBegan(t *testing.T) {
	t.Parallel()
	pl := plan(plain("ABC-0001", 2))
	pl.Cancelled = true
	b := setup(t, pl)
	b.pending = []string{"d1"}

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, cancelled, result.Status)
	require.Equal(t, "cancelled", result.Reason)
	require.Empty(t, b.attempts())
	outcome := b.outcome(t)
	require.Equal(t, cancelled, outcome.Executions[0].Status)
	require.Equal(t, []models.Status{skipped, skipped}, statuses(outcome.Executions[0]))
	require.Equal(t, []string{"d1"}, b.sends, "subscribers hear of it")
}

// requireCancelled checks that the workflow ended as cancelled and told so.
func requireCancelled(t *testing.T, b *bundle) models.RunOutcome {
	t.Helper()
	require.True(t, b.IsWorkflowCompleted())
	require.True(t, temporal.IsCanceledError(b.GetWorkflowError()), "%v", b.GetWorkflowError())
	outcome := b.outcome(t)
	require.Equal(t, cancelled, outcome.Status)
	require.Equal(t, "cancelled", outcome.Reason)
	require.Equal(t, b.pending, b.sends, "subscribers hear of it")
	return outcome
}

func TestCancelWhileACaseRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 3), plain("ABC-0002", 1)))
	b.pending = []string{"d1"}
	b.OnActivity("Execute", mock.Anything, mock.MatchedBy(func(in activities.CaseInput) bool { return in.Position == 1 })).
		After(time.Hour).Return(ended(passed), nil)
	b.OnActivity("Execute", mock.Anything, mock.Anything).Return(ended(passed), nil)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID})

	outcome := requireCancelled(t, b)
	require.Equal(t, []models.Status{passed, cancelled, skipped}, statuses(outcome.Executions[0]))
	require.Equal(t, cancelled, outcome.Executions[0].Status)
	require.Equal(t, passed, outcome.Executions[1].Status, "it had ended before")
}

func TestCancelReachesTheCaseAsItsOwnResult(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 2)))
	b.pending = []string{"d1"}
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) {
		b.CancelWorkflow()
		return ended(cancelled), nil
	}

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID})

	outcome := requireCancelled(t, b)
	require.Equal(t, []models.Status{cancelled, skipped}, statuses(outcome.Executions[0]))
}

func TestCancelBetweenTwoTriesOfACase(t *testing.T) {
	t.Parallel()
	p := plain("ABC-0001", 2)
	p.Rules[0].Retries = 5
	b := setup(t, plan(p))
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) { return ended(failed), nil }
	b.RegisterDelayedCallback(b.CancelWorkflow, 500*time.Millisecond)

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID})

	outcome := requireCancelled(t, b)
	require.Equal(t, []models.Status{failed, skipped}, statuses(outcome.Executions[0]), "the try that ended keeps its result")
	require.Len(t, b.attempts(), 1)
}

func TestCancelAfterTheLastCaseChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 1)))
	b.pending = []string{"d1"}
	b.OnActivity("Send", mock.Anything, mock.Anything).After(time.Minute).
		Return(activities.SendResult{State: models.DeliveryDelivered, Attempts: 1}, nil).Once()
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Second)

	result := b.run(t, workflows.RunInput{})

	require.Equal(t, passed, result.Status)
	b.AssertExpectations(t)
}

func TestLargeRunUsesAChildForEachPipeline(t *testing.T) {
	t.Parallel()
	bad := plain("ABC-0003", 2)
	bad.Problem = "no good"
	b := setup(t, plan(plain("ABC-0001", 2), plain("ABC-0002", 1), bad))
	b.execute = func(in activities.CaseInput) (activities.CaseOutput, error) {
		if in.ExecutionKey == "ABC-0002-00001" {
			return ended(failed), nil
		}
		return ended(passed), nil
	}
	var children []string
	b.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
		children = append(children, info.WorkflowExecution.ID)
	})

	result := b.run(t, workflows.RunInput{MaxInlineCases: 4})

	require.Equal(t, failed, result.Status)
	require.ElementsMatch(t, []string{
		workflows.PipelineID(runID, "ABC-0001-00001"), workflows.PipelineID(runID, "ABC-0002-00001"),
	}, children)
	outcome := b.outcome(t)
	require.Equal(t, []models.Status{passed, passed}, statuses(outcome.Executions[0]))
	require.Equal(t, failed, outcome.Executions[1].Status)
	require.Equal(t, "no good", outcome.Executions[2].Reason)
	require.False(t, outcome.Executions[0].StartedAt.IsZero())
}

func TestRunAtTheLimitNeedsNoChild(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", workflows.MaxInlineCases)))
	b.OnWorkflow(workflows.Pipeline, mock.Anything, mock.Anything).Never()
	require.Equal(t, passed, b.run(t, workflows.RunInput{}).Status)
	require.Len(t, b.attempts(), workflows.MaxInlineCases)
}

func TestRunAboveTheLimitUsesChildren(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", workflows.MaxInlineCases), plain("ABC-0002", 1)))
	b.OnWorkflow(workflows.Pipeline, mock.Anything, mock.Anything).
		Return(models.ExecutionOutcome{Status: passed}, nil).Times(2)
	require.Equal(t, passed, b.run(t, workflows.RunInput{}).Status)
	b.AssertExpectations(t)
}

func TestChildThatEndsEarlyIsAnErrorOfItsPipeline(t *testing.T) {
	t.Parallel()
	b := setup(t, plan(plain("ABC-0001", 2), plain("ABC-0002", 2)))
	b.OnWorkflow(workflows.Pipeline, mock.Anything, mock.MatchedBy(func(in workflows.PipelineInput) bool {
		return in.Plan.PipelineKey == "ABC-0001"
	})).Return(models.ExecutionOutcome{}, temporal.NewApplicationError("terminated by an operator", "Terminated"))
	b.OnWorkflow(workflows.Pipeline, mock.Anything, mock.Anything).
		Return(models.ExecutionOutcome{Key: "ABC-0002-00001", Status: passed}, nil)

	result := b.run(t, workflows.RunInput{MaxInlineCases: 1})

	require.Equal(t, broken, result.Status)
	outcome := b.outcome(t)
	require.Equal(t, "the pipeline's workflow ended early: terminated by an operator", outcome.Executions[0].Reason)
	require.Empty(t, outcome.Executions[0].Cases, "their rows know better")
	require.Equal(t, passed, outcome.Executions[1].Status)
}

func TestCancelReachesTheChildren(t *testing.T) {
	t.Parallel()
	var pipelines []activities.PipelinePlan
	for i := range workflows.MaxPipelines + 1 {
		pipelines = append(pipelines, plain(fmt.Sprintf("ABC-%04X", i+1), 2))
	}
	b := setup(t, plan(pipelines...))
	b.pending = []string{"d1"}
	b.OnActivity("Execute", mock.Anything, mock.Anything).After(time.Hour).Return(ended(passed), nil)
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)

	b.ExecuteWorkflow(workflows.Run, workflows.RunInput{RunID: runID, MaxInlineCases: 1})

	outcome := requireCancelled(t, b)
	for i, e := range outcome.Executions {
		require.Equal(t, cancelled, e.Status)
		first := cancelled
		if i == workflows.MaxPipelines {
			first = skipped // it was still waiting for its turn
		}
		require.Equal(t, []models.Status{first, skipped}, statuses(e), "pipeline %d", i)
	}
}

func TestLongPipelineGoesOnInANewHistory(t *testing.T) {
	t.Parallel()
	p := after(plain("ABC-0001", 3), 2, 0, rules.Failed)
	b := setup(t, plan())
	b.SetContinueAsNewSuggested(true)
	b.execute = func(activities.CaseInput) (activities.CaseOutput, error) { return ended(broken), nil }

	b.ExecuteWorkflow(workflows.Pipeline, workflows.PipelineInput{Plan: p})

	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.GetWorkflowError(), &again)
	require.Len(t, b.attempts(), 1, "each history brings the pipeline on by a case at least")
	var next workflows.PipelineInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	require.Equal(t, p, next.Plan)
	require.Len(t, next.Done, 1)
	require.Equal(t, "case 00000001: error", next.Reason)
	require.False(t, next.StartedAt.IsZero())

	b = setup(t, plan())
	b.ExecuteWorkflow(workflows.Pipeline, next)
	require.NoError(t, b.GetWorkflowError())
	var outcome models.ExecutionOutcome
	require.NoError(t, b.GetWorkflowResult(&outcome))
	require.Equal(t, []string{"ABC-0001-00001 1.1", "ABC-0001-00001 2.1"}, b.attempts())
	require.Equal(t, []models.Status{broken, passed, passed}, statuses(outcome))
	require.Equal(t, next.StartedAt, outcome.StartedAt)
	require.Equal(t, "case 00000001: error", outcome.Reason)
}
