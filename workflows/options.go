package workflows

import (
	"time"
	"unicode/utf8"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
)

const (
	// transactionLimit bounds one try of a local activity. The end of a run with thousands of cases
	// is one transaction; beyond this it waits for a lock that it will not get.
	transactionLimit = 30 * time.Second
	// outageLimit is how long a run and each of its cases wait for a database that is away before they
	// are given up, and a delivery for its last send.
	outageLimit = 24 * time.Hour

	// caseMargin is what a try may take on top of the case's own time limit: loading, stopping and
	// saving, each of them bounded by the activity itself.
	caseMargin = 30 * time.Second
	// heartbeatLimit is how soon a dead worker is noticed. Cases beat every two seconds.
	heartbeatLimit = 10 * time.Second
	// listenerLimit is how long a case waits for a worker of its runtime. The workers of the core
	// have no such limit: without them nothing happens anyway, and the case simply waits for them.
	listenerLimit = 5 * time.Minute
	// caseTries is how often the engine starts one try of a case: once, and again after its worker
	// died, stopped or did not reach the database. The pauses between them bridge three minutes. A
	// case that kills every worker that takes it must come to an end.
	caseTries = 6
	// outagePause is how long a case waits when all of these failed because of the database, before it
	// has as many again.
	outagePause = 2 * time.Minute
	// retryPause lets the product under test breathe before a case is tried again.
	retryPause = time.Second

	// sendLimit bounds one send with its bookkeeping. It is shorter than the claim on the row, and
	// longer than the 15 seconds of the send itself.
	sendLimit = 28 * time.Second

	// maxSummary is the length limit of a summary in bytes; the engine refuses more than 400.
	maxSummary = 200
)

// withTransaction sets the options of the local activities around a run. They go on through an
// outage of the database, first at once, then every two minutes.
func withTransaction(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    transactionLimit,
		ScheduleToCloseTimeout: outageLimit,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 2 * time.Minute,
		},
	})
}

// withCase sets the options of one try of a case. A cancelled case is waited for, so that its result
// is saved before the run's.
func withCase(ctx workflow.Context, rule activities.RulePlan) workflow.Context {
	options := workflow.ActivityOptions{
		TaskQueue:           rule.TaskQueue,
		StartToCloseTimeout: time.Duration(rule.TimeoutSeconds)*time.Second + caseMargin,
		HeartbeatTimeout:    heartbeatLimit,
		WaitForCancellation: true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 4, MaximumInterval: 2 * time.Minute, MaximumAttempts: caseTries,
		},
		Summary: Summary(rule.CaseKey + " " + rule.CaseName),
	}
	if rule.TaskQueue != "" {
		options.ScheduleToStartTimeout = listenerLimit
	}
	return workflow.WithActivityOptions(ctx, options)
}

// withSend sets the options of a delivery. How often it is sent is not the engine's business: the
// activity counts the sends and asks for each next one, so only our own faults follow the policy.
func withSend(ctx workflow.Context, deliveryID string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    sendLimit,
		ScheduleToCloseTimeout: outageLimit,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		Summary: Summary("delivery " + deliveryID),
	})
}

// withPipeline sets the options of a pipeline that is a child of its run. Ended in whatever way, the
// run takes its pipelines along.
func withPipeline(ctx workflow.Context, runID string, plan activities.PipelinePlan) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:          PipelineID(runID, plan.ExecutionKey),
		WaitForCancellation: true,
		ParentClosePolicy:   enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		StaticSummary:       Summary(plan.ExecutionKey + " " + plan.PipelineName),
	})
}

// Summary cuts text to what the engine takes as a summary, between two characters.
func Summary(text string) string {
	if len(text) <= maxSummary {
		return text
	}
	end := maxSummary
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// side runs do for 0 to n-1 side by side, at most window of them at the same time, and returns when
// all have ended.
func side(ctx workflow.Context, n, window int, do func(ctx workflow.Context, i int)) {
	next, group := 0, workflow.NewWaitGroup(ctx)
	for range min(n, window) {
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			for next < n {
				next++
				do(ctx, next-1)
			}
		})
	}
	group.Wait(ctx)
}
