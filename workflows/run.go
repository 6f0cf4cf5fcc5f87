package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

// RunInput names the run.
type RunInput struct {
	RunID string `json:"run_id"`
	// MaxInlineCases replaces the limit of the same name; 0: MaxInlineCases.
	MaxInlineCases int `json:"max_inline_cases,omitempty"`
}

// RunResult is what the engine shows as the result of a run. The rows in the database are the truth.
type RunResult struct {
	Status     models.Status `json:"status"`
	Verdict    string        `json:"verdict"`
	Reason     string        `json:"reason,omitempty"`
	Deliveries int           `json:"deliveries"`
}

// Run carries a run from its row to its last delivery. Cancelled, it stops its cases, tells so to
// every subscriber and ends as cancelled.
func Run(ctx workflow.Context, in RunInput) (RunResult, error) {
	r := &run{in: in}
	if err := r.setup(); err != nil {
		return RunResult{}, err
	}
	return r.run(ctx)
}

type run struct {
	in   RunInput
	plan activities.RunPlan
	// outcome grows while the pipelines end; its executions stand in the order of the plan.
	outcome models.RunOutcome
}

func (r *run) setup() error {
	if r.in.RunID == "" {
		return temporal.NewNonRetryableApplicationError("the input names no run", "InvalidInput", nil)
	}
	r.in.MaxInlineCases = cmp.Or(r.in.MaxInlineCases, MaxInlineCases)
	r.outcome.RunID = r.in.RunID
	return nil
}

func (r *run) run(ctx workflow.Context) (RunResult, error) {
	// What must happen even to a cancelled run hangs on a context that does not hear of it.
	steady, _ := workflow.NewDisconnectedContext(ctx)
	if err := r.begin(steady); err != nil {
		return RunResult{}, err
	}
	if !r.plan.Finished {
		workflow.SetCurrentDetails(ctx, details(r.plan, nil))
		r.execute(ctx)
		r.aggregate(ctx)
	}
	pending, err := r.finish(steady)
	if err != nil {
		return RunResult{}, err
	}
	if err := r.announce(steady); err != nil {
		return RunResult{}, err
	}
	deliver(steady, pending)

	result := RunResult{
		Status: r.outcome.Status, Verdict: r.outcome.Status.String(), Reason: r.outcome.Reason, Deliveries: len(pending),
	}
	if result.Status == models.StatusCancelled && ctx.Err() != nil {
		return result, temporal.NewCanceledError(result)
	}
	return result, nil
}

func (r *run) begin(ctx workflow.Context) error {
	var a *activities.Runs
	in := activities.BeginInput{RunID: r.in.RunID}
	return workflow.ExecuteLocalActivity(withTransaction(ctx), a.Begin, in).Get(ctx, &r.plan)
}

// execute runs the pipelines side by side and keeps what came of each.
func (r *run) execute(ctx workflow.Context) {
	cases := 0
	for _, p := range r.plan.Pipelines {
		cases += len(p.Rules)
	}
	children := cases > r.in.MaxInlineCases
	r.outcome.Executions = make([]models.ExecutionOutcome, len(r.plan.Pipelines))
	side(ctx, len(r.plan.Pipelines), MaxPipelines, func(ctx workflow.Context, i int) {
		plan := r.plan.Pipelines[i]
		switch {
		case r.plan.Cancelled:
			r.outcome.Executions[i] = untouched(plan, models.StatusCancelled, cancelledReason, now(ctx))
		case plan.Problem != "":
			r.outcome.Executions[i] = untouched(plan, models.StatusError, plan.Problem, now(ctx))
		case children:
			r.outcome.Executions[i] = r.child(ctx, plan)
		default:
			p := newPipeline(PipelineInput{Plan: plan})
			p.run(ctx)
			r.outcome.Executions[i] = p.outcome(ctx)
		}
	})
}

// child runs a pipeline as a workflow of its own. Should that end in an unforeseen way, for example
// terminated by an operator, what became of its cases is in their rows only.
func (r *run) child(ctx workflow.Context, plan activities.PipelinePlan) models.ExecutionOutcome {
	started := now(ctx)
	if ctx.Err() != nil {
		return untouched(plan, models.StatusCancelled, cancelledReason, started)
	}
	var outcome models.ExecutionOutcome
	err := workflow.ExecuteChildWorkflow(withPipeline(ctx, r.in.RunID, plan), Pipeline, PipelineInput{Plan: plan}).Get(ctx, &outcome)
	if err == nil {
		return outcome
	}
	outcome = models.ExecutionOutcome{Key: plan.ExecutionKey, StartedAt: started, FinishedAt: now(ctx)}
	if temporal.IsCanceledError(err) {
		outcome.Status, outcome.Reason = models.StatusCancelled, cancelledReason
		return outcome
	}
	outcome.Status, outcome.Reason = models.StatusError, "the pipeline's workflow ended early: "+rootMessage(err)
	return outcome
}

// aggregate makes the run's status out of those of its pipelines.
func (r *run) aggregate(ctx workflow.Context) {
	statuses := make([]models.Status, len(r.outcome.Executions))
	for i, e := range r.outcome.Executions {
		statuses[i] = e.Status
	}
	r.outcome.Status = rules.Run(statuses)
	switch {
	case r.plan.Cancelled:
		r.outcome.Status, r.outcome.Reason = models.StatusCancelled, cancelledReason
	case r.plan.Problem != "":
		r.outcome.Status, r.outcome.Reason = models.StatusError, r.plan.Problem
	case r.outcome.Status == models.StatusCancelled:
		r.outcome.Reason = cancelledReason
	case r.outcome.Status == models.StatusError:
		r.outcome.Reason = r.firstProblem()
	}
	r.outcome.FinishedAt = now(ctx)
}

// firstProblem says why the first pipeline that ended as error did so.
func (r *run) firstProblem() string {
	for i, e := range r.outcome.Executions {
		if e.Status == models.StatusError {
			return fmt.Sprintf("pipeline %s: %s", r.plan.Pipelines[i].PipelineKey, e.Reason)
		}
	}
	return ""
}

// finish writes the end of the run and answers the deliveries to send.
func (r *run) finish(ctx workflow.Context) ([]string, error) {
	var a *activities.Runs
	var result activities.FinishResult
	if r.plan.Finished {
		r.outcome.Status, r.outcome.FinishedAt = r.plan.Status, now(ctx)
	}
	err := workflow.ExecuteLocalActivity(withTransaction(ctx), a.Finish, r.outcome).Get(ctx, &result)
	return result.DeliveryIDs, err
}

// announce shows the verdict to operators.
func (r *run) announce(ctx workflow.Context) error {
	verdict := r.outcome.Status.String()
	workflow.GetLogger(ctx).Info("run finished", "run", r.in.RunID, "verdict", verdict)
	if !r.plan.Finished {
		workflow.SetCurrentDetails(ctx, details(r.plan, &r.outcome))
	}
	return workflow.UpsertTypedSearchAttributes(ctx, VerdictAttribute.ValueSet(verdict))
}

// deliver sends the deliveries side by side. One that cannot be brought to an end, because the
// database is away for too long, is left to the sweeper.
func deliver(ctx workflow.Context, ids []string) {
	side(ctx, len(ids), MaxSends, func(ctx workflow.Context, i int) {
		if _, err := send(ctx, ids[i]); err != nil {
			workflow.GetLogger(ctx).Warn("delivery left undone", "delivery", ids[i], "error", err)
		}
	})
}

// cancelledReason is the reason of runs, pipelines and cases that a user ended.
const cancelledReason = "cancelled"

// now is the time of the workflow as rows keep it.
func now(ctx workflow.Context) time.Time {
	return workflow.Now(ctx).UTC().Truncate(time.Microsecond)
}

// rootMessage is the innermost message of an error of the engine, without the wrapping around it.
func rootMessage(err error) string {
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return application.Message()
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
