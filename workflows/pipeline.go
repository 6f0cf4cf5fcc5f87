package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

// PipelineInput is one pipeline of a run, with what has been done already when its history grew too
// long and it went on in a new one.
type PipelineInput struct {
	Plan      activities.PipelinePlan `json:"plan"`
	Done      []models.CaseOutcome    `json:"done,omitempty"`   // of the first rules, in their order
	Reason    string                  `json:"reason,omitempty"` // the first error among them
	StartedAt time.Time               `json:"started_at,omitzero"`
}

// Pipeline runs one pipeline of a large run as a workflow of its own.
func Pipeline(ctx workflow.Context, in PipelineInput) (models.ExecutionOutcome, error) {
	p := newPipeline(in)
	p.renewable = true
	if !p.run(ctx) {
		return models.ExecutionOutcome{}, workflow.NewContinueAsNewError(ctx, Pipeline, p.in)
	}
	return p.outcome(ctx), nil
}

type pipeline struct {
	in PipelineInput
	// renewable pipelines may stop between two cases to go on with a new history.
	renewable bool
	// interrupted pipelines were cancelled before their last case.
	interrupted bool
}

func newPipeline(in PipelineInput) *pipeline { return &pipeline{in: in} }

// run decides one rule after the other. It answers false when the pipeline should go on with a new
// history.
func (p *pipeline) run(ctx workflow.Context) bool {
	if p.in.StartedAt.IsZero() {
		p.in.StartedAt = now(ctx)
	}
	begun := len(p.in.Done)
	for i := begun; i < len(p.in.Plan.Rules); i++ {
		if p.renewable && i > begun && ctx.Err() == nil && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return false
		}
		p.in.Done = append(p.in.Done, p.decide(ctx, i))
	}
	return true
}

// decide runs the case of a rule, or skips it because the run was cancelled or because its branch is
// not taken.
func (p *pipeline) decide(ctx workflow.Context, i int) models.CaseOutcome {
	plan := p.in.Plan.Rules[i]
	done := models.CaseOutcome{Position: i, Status: models.StatusSkipped}
	rule := rules.Rule{When: plan.When, ExpectFail: plan.ExpectFail}
	var parent models.Status
	if plan.When != rules.Always {
		parent = p.in.Done[plan.Parent].Status
	}
	switch {
	case ctx.Err() != nil:
		p.interrupted = true
		return done
	case !rule.Due(parent):
		return done
	}
	out, err := p.execute(ctx, i, plan)
	if err != nil {
		out = undone(ctx, plan, err)
	}
	done.Status = out.Status
	if err != nil || out.Gone {
		// The activity saved nothing, so the message must travel with the outcome.
		done.Message = out.Message
	}
	if out.Status == models.StatusError && p.in.Reason == "" {
		p.in.Reason = fmt.Sprintf("case %s: %s", plan.CaseKey, out.Message)
	}
	return done
}

// execute tries the case until it passes or its retries are used up. The retries are the product's
// policy, not the engine's: each try is an activity of its own.
func (p *pipeline) execute(ctx workflow.Context, position int, rule activities.RulePlan) (activities.CaseOutput, error) {
	in := activities.CaseInput{ExecutionKey: p.in.Plan.ExecutionKey, Position: position, ExpectFail: rule.ExpectFail}
	for in.Attempt = 1; ; in.Attempt++ {
		out, err := attempt(ctx, rule, in)
		if err != nil {
			return out, err
		}
		last := out.Status.Passed() || out.Status == models.StatusCancelled || out.Gone || in.Attempt > rule.Retries
		if last || workflow.Sleep(ctx, retryPause) != nil {
			return out, nil
		}
	}
}

// attempt makes one try of a case. While the database is away it begins again and again: that says
// nothing about the case, and the end of the run waits for the database as well.
func attempt(ctx workflow.Context, rule activities.RulePlan, in activities.CaseInput) (activities.CaseOutput, error) {
	var a *activities.Cases
	until := workflow.Now(ctx).Add(outageLimit)
	for {
		var out activities.CaseOutput
		err := workflow.ExecuteActivity(withCase(ctx, rule), a.Execute, in).Get(ctx, &out)
		if err == nil || !storeAway(err) || workflow.Now(ctx).After(until) || !patient(ctx) {
			return out, err
		}
		if err := workflow.Sleep(ctx, outagePause); err != nil {
			return out, err
		}
	}
}

// patient is false in runs whose case failed because of the database before cases waited for it.
func patient(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "case-waits-for-database", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// storeAway reports whether an activity failed because of the database.
func storeAway(err error) bool {
	application, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && application.Type() == activities.TypeStore
}

// undone says what became of a case that could not be executed. In a cancelled run that is its
// cancellation, also if its worker did not live to answer it.
func undone(ctx workflow.Context, rule activities.RulePlan, err error) activities.CaseOutput {
	if temporal.IsCanceledError(err) || ctx.Err() != nil {
		return activities.CaseOutput{Status: models.StatusCancelled, Message: cancelledReason}
	}
	return activities.CaseOutput{Status: models.StatusError, Message: Summary(plainMessage(rule, err))}
}

// outcome is the end of the pipeline once every rule has been decided.
func (p *pipeline) outcome(ctx workflow.Context) models.ExecutionOutcome {
	statuses := make([]models.Status, len(p.in.Done))
	for i, c := range p.in.Done {
		statuses[i] = c.Status
	}
	out := models.ExecutionOutcome{
		Key: p.in.Plan.ExecutionKey, Status: rules.Pipeline(statuses),
		StartedAt: p.in.StartedAt, FinishedAt: now(ctx), Cases: p.in.Done,
	}
	switch {
	case p.interrupted || out.Status == models.StatusCancelled:
		out.Status, out.Reason = models.StatusCancelled, cancelledReason
	case out.Status == models.StatusError:
		out.Reason = p.in.Reason
	}
	return out
}

// untouched is the end of a pipeline none of whose cases were executed.
func untouched(plan activities.PipelinePlan, status models.Status, reason string, at time.Time) models.ExecutionOutcome {
	out := models.ExecutionOutcome{Key: plan.ExecutionKey, Status: status, Reason: reason, StartedAt: at, FinishedAt: at}
	for i := range plan.Rules {
		out.Cases = append(out.Cases, models.CaseOutcome{Position: i, Status: models.StatusSkipped})
	}
	return out
}

// plainMessage says in plain words why a case could not be executed.
func plainMessage(rule activities.RulePlan, err error) string {
	var timeout *temporal.TimeoutError
	if !errors.As(err, &timeout) {
		return "the case could not be executed: " + rootMessage(err)
	}
	switch timeout.TimeoutType() {
	case enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START:
		return fmt.Sprintf("no runtime is listening: nobody took the case from task queue %s within %s", rule.TaskQueue, listenerLimit)
	case enumspb.TIMEOUT_TYPE_HEARTBEAT:
		return "the worker was lost while it executed the case, and no other one finished it"
	default:
		return "the worker neither finished nor gave up the case in time"
	}
}
