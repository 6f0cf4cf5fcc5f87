package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/bellwether/bellwether/models"
)

// EventFunc builds the event that tells of a finished run from its rows. It is called inside the
// transaction that finishes the run, so it must do nothing but compute.
type EventFunc = func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error)

// RunStore keeps the rows of runs.
type RunStore interface {
	RunDefinition(ctx context.Context, runID string) (models.RunDefinition, error)
	BeginRun(ctx context.Context, runID string, executions []models.ExecutionStart) error
	FinishRun(ctx context.Context, outcome models.RunOutcome, build EventFunc) ([]models.Delivery, error)
}

// Runs begins and finishes runs. Its activities are meant to be local ones: each is one short
// database transaction.
type Runs struct {
	store RunStore
	build EventFunc
}

// NewRuns returns the activities around a run; build makes the event of its end.
func NewRuns(store RunStore, build EventFunc) *Runs { return &Runs{store: store, build: build} }

// BeginInput names the run to begin.
type BeginInput struct {
	RunID string `json:"run_id"`
}

// FinishResult says what is left to do after a run has finished.
type FinishResult struct {
	DeliveryIDs []string `json:"delivery_ids,omitempty"` // those that are still pending
}

// Begin reads the run's definition as of now, writes a row for each execution and for each of its
// cases, and answers the plan. Begun again, it replaces those rows.
func (r *Runs) Begin(ctx context.Context, in BeginInput) (RunPlan, error) {
	def, err := r.store.RunDefinition(ctx, in.RunID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return RunPlan{}, gone("load run "+in.RunID, err)
	case err != nil:
		return RunPlan{}, unavailable("load run "+in.RunID, err)
	case def.Run.Status.Final():
		return RunPlan{Finished: true, Status: def.Run.Status}, nil
	}
	plan, starts := newPlan(def)
	// A run that finished or vanished since it was read is told so by the retry.
	if err := r.store.BeginRun(ctx, in.RunID, starts); err != nil {
		return RunPlan{}, unavailable("begin run "+in.RunID, err)
	}
	for i := range plan.Pipelines {
		plan.Pipelines[i].ExecutionKey = starts[i].Execution.Key
	}
	return plan, nil
}

func newPlan(def models.RunDefinition) (RunPlan, []models.ExecutionStart) {
	p := planner{def: def}
	cancelled := def.Run.CancelRequestedAt != nil
	if problem := p.problem(); problem != "" {
		return RunPlan{Problem: problem, Cancelled: cancelled}, nil
	}
	starts, pipelines := p.executions()
	if n := countCases(pipelines); n > MaxCases {
		problem := fmt.Sprintf("the run has %d cases, but a run may have %d at most; bind fewer pipelines to the trigger", n, MaxCases)
		return RunPlan{Problem: problem, Cancelled: cancelled}, nil
	}
	return RunPlan{Pipelines: pipelines, Cancelled: cancelled}, starts
}

// Finish writes the end of the run, its event and its deliveries in one transaction. Finished again,
// it changes nothing and answers what is still pending.
func (r *Runs) Finish(ctx context.Context, outcome models.RunOutcome) (FinishResult, error) {
	deliveries, err := r.store.FinishRun(ctx, outcome, r.build)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return FinishResult{}, gone("finish run "+outcome.RunID, err)
	case err != nil:
		return FinishResult{}, unavailable("finish run "+outcome.RunID, err)
	}
	var result FinishResult
	for _, d := range deliveries {
		if d.State == models.DeliveryPending {
			result.DeliveryIDs = append(result.DeliveryIDs, d.ID)
		}
	}
	return result, nil
}
