package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// ending is a run while it is being finished.
type ending struct {
	outcome    models.RunOutcome
	run        models.Run
	executions []models.Execution
	results    []models.CaseResult
}

// FinishRun ends a run: the statuses of the run, its executions and their results, the event that
// build makes of them, and one delivery for each webhook that wants the event. All of it happens or
// nothing. A run that has ended already stays as it is and its deliveries are answered.
//
// What the outcome does not mention ends with the run: what was queued is skipped, what was running
// is cancelled if the run is and an error otherwise. Build is called again if the transaction has to
// be; it must not do anything else than compute.
func (s *Store) FinishRun(ctx context.Context, outcome models.RunOutcome,
	build func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error),
) ([]models.Delivery, error) {
	if outcome.FinishedAt.IsZero() {
		outcome.FinishedAt = s.now()
	}
	outcome.FinishedAt = micro(outcome.FinishedAt)
	var deliveries []models.Delivery
	err := s.tx(ctx, func(tx *gorm.DB) error {
		deliveries = nil
		end := ending{outcome: outcome}
		done, err := end.load(tx)
		if err != nil {
			return err
		}
		if done {
			return tx.Where("run_id = ?", outcome.RunID).Order("id").Find(&deliveries).Error
		}
		if err = end.save(tx); err != nil {
			return err
		}
		event, err := build(end.run, end.executions, end.results)
		if err != nil {
			return err
		}
		deliveries, err = s.announce(tx, end.run, event)
		return err
	})
	if err != nil {
		return nil, wrap(ctx, err, "finish run %s", outcome.RunID)
	}
	return deliveries, nil
}

// load reads and locks the run with everything below it, and reports whether it has ended already.
func (e *ending) load(tx *gorm.DB) (done bool, err error) {
	if e.run, err = lockRun(tx, e.outcome.RunID); err != nil || e.run.Status.Final() {
		return err == nil, err
	}
	if e.executions, err = executionsOf(forUpdate(tx), e.run.ID); err != nil {
		return false, err
	}
	e.results, err = resultsOf(forUpdate(tx), e.run.ID)
	return false, err
}

// save writes how everything has ended.
func (e *ending) save(tx *gorm.DB) error {
	if e.run.StartedAt == nil {
		e.run.StartedAt = &e.outcome.FinishedAt // ended before it began
	}
	outcomes := map[string]models.ExecutionOutcome{}
	for _, o := range e.outcome.Executions {
		outcomes[o.Key] = o
	}
	for i := range e.executions {
		x := &e.executions[i]
		o, known := outcomes[x.Key]
		e.endExecution(x, o, known)
		err := tx.Model(x).Select("status", "reason", "started_at", "finished_at", "duration_ms").UpdateColumns(x).Error
		if err != nil {
			return err
		}
	}
	for i := range e.results {
		if err := e.saveResult(tx, &e.results[i], outcomes[e.results[i].ExecutionKey]); err != nil {
			return err
		}
	}
	e.endRun()
	return tx.Model(&e.run).Select("status", "reason", "held", "started_at", "finished_at", "duration_ms",
		"cases_total", "cases_passed", "cases_failed", "cases_skipped").UpdateColumns(&e.run).Error
}

// endExecution sets an execution's end. One that never started has the times of the run's end.
func (e *ending) endExecution(x *models.Execution, o models.ExecutionOutcome, known bool) {
	if known {
		x.Status, x.Reason = o.Status, text(o.Reason)
		x.StartedAt = firstTime(microPtr(&o.StartedAt), x.StartedAt)
		x.FinishedAt = microPtr(&o.FinishedAt)
	} else {
		x.Status, x.Reason = e.lost(x.Status), text(e.outcome.Reason)
	}
	x.FinishedAt = firstTime(x.FinishedAt, &e.outcome.FinishedAt)
	x.StartedAt = firstTime(x.StartedAt, x.FinishedAt)
	// A workflow's clock stands still while the run's row is begun, so that its pipelines seem to start
	// before it.
	if began := e.run.StartedAt; began != nil && x.StartedAt.Before(*began) && !x.FinishedAt.Before(*began) {
		x.StartedAt = began
	}
	x.DurationMS = between(x.StartedAt, x.FinishedAt)
}

// lost is the final status of something whose end nobody reported.
func (e *ending) lost(status models.Status) models.Status {
	switch {
	case status.Final():
		return status
	case status == models.StatusQueued:
		return models.StatusSkipped
	case e.outcome.Status == models.StatusCancelled:
		return models.StatusCancelled
	default:
		return models.StatusError
	}
}

// saveResult sets a result's end and writes it if that changes anything.
func (e *ending) saveResult(tx *gorm.DB, r *models.CaseResult, o models.ExecutionOutcome) error {
	before := *r
	status, message, known := e.lost(r.Status), "", false
	for _, c := range o.Cases {
		if c.Position == r.Position {
			status, message, known = c.Status, c.Message, true
		}
	}
	r.Status = status
	switch {
	case message != "":
		r.Message = text(message)
	case !known && before.Status == models.StatusRunning:
		r.Message = text(e.outcome.Reason)
	}
	if r.StartedAt != nil && r.FinishedAt == nil || before.Status == models.StatusRunning {
		r.FinishedAt = &e.outcome.FinishedAt
		r.DurationMS = between(r.StartedAt, r.FinishedAt)
	}
	if r.Status == before.Status && r.Message == before.Message && r.FinishedAt == before.FinishedAt {
		return nil
	}
	return tx.Model(r).Select("status", "message", "finished_at", "duration_ms").UpdateColumns(r).Error
}

// endRun sets the run's end and counts its results.
func (e *ending) endRun() {
	r := &e.run
	r.Status, r.Reason, r.Held = e.outcome.Status, text(e.outcome.Reason), false
	r.FinishedAt = &e.outcome.FinishedAt
	r.DurationMS = between(r.StartedAt, r.FinishedAt)
	r.CasesTotal, r.CasesPassed, r.CasesFailed, r.CasesSkipped = len(e.results), 0, 0, 0
	for _, result := range e.results {
		switch {
		case result.Status.Passed():
			r.CasesPassed++
		case result.Status == models.StatusFailure || result.Status == models.StatusError:
			r.CasesFailed++
		case result.Status == models.StatusSkipped:
			r.CasesSkipped++
		}
	}
}

// announce stores an event of a run and a delivery for every webhook that wants it.
func (s *Store) announce(tx *gorm.DB, run models.Run, event models.Event) ([]models.Delivery, error) {
	now := s.now()
	event.ID, event.CreatedAt = s.newID(), now
	event.WorkspaceKey, event.TriggerKey, event.RunID = run.WorkspaceKey, run.TriggerKey, run.ID
	if err := tx.Create(&event).Error; err != nil {
		return nil, err
	}
	var webhooks []models.Webhook
	err := tx.Omit("sealed").Where("workspace_key = ? AND enabled = ?", run.WorkspaceKey, true).
		Order("uid").Find(&webhooks).Error
	if err != nil {
		return nil, err
	}
	var deliveries []models.Delivery
	for i := range webhooks {
		if !webhooks[i].Wants(event.Type, run.TriggerKey) {
			continue
		}
		deliveries = append(deliveries, models.Delivery{
			ID: s.newID(), WorkspaceKey: run.WorkspaceKey, WebhookUID: webhooks[i].UID,
			EventID: event.ID, EventType: event.Type, RunID: run.ID,
			State: models.DeliveryPending, CreatedAt: now,
		})
	}
	if len(deliveries) == 0 {
		return nil, nil
	}
	return deliveries, tx.CreateInBatches(deliveries, rowsPerInsert).Error
}

func firstTime(times ...*time.Time) *time.Time {
	for _, t := range times {
		if t != nil {
			return t
		}
	}
	return nil
}

// between is the time from one instant to a later one in milliseconds.
func between(from, to *time.Time) int64 {
	if from == nil || to == nil || to.Before(*from) {
		return 0
	}
	return to.Sub(*from).Milliseconds()
}
