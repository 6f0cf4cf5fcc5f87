package app

import (
	"context"
	"time"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// meter is what a meteredStore counts with.
type meter interface {
	RunFinished(method models.TriggerMethod, status models.Status, duration time.Duration)
	AttemptMade(class models.ErrorClass, duration time.Duration)
	DeliveryEnded(state models.DeliveryState)
	TickDecided(outcome string)
}

// meteredStore counts the decisive writes of a store. Everything that happens is a row first, so
// here nothing is missed and nothing that was rolled back is counted.
type meteredStore struct {
	*store.Store
	meter meter
}

// FinishRun counts the run if this call is what ended it.
func (s meteredStore) FinishRun(ctx context.Context, outcome models.RunOutcome,
	build func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error),
) ([]models.Delivery, error) {
	var finished *models.Run
	deliveries, err := s.Store.FinishRun(ctx, outcome, func(run models.Run, executions []models.Execution, results []models.CaseResult) (models.Event, error) {
		finished = &run
		return build(run, executions, results)
	})
	if err == nil && finished != nil {
		s.meter.RunFinished(finished.TriggerMethod, finished.Status, time.Duration(finished.DurationMS)*time.Millisecond)
	}
	return deliveries, err
}

// RecordAttempt counts the send and, with the last one, the delivery.
func (s meteredStore) RecordAttempt(ctx context.Context, attempt models.Attempt, state models.DeliveryState) (models.Delivery, error) {
	delivery, err := s.Store.RecordAttempt(ctx, attempt, state)
	if err == nil {
		s.meter.AttemptMade(attempt.ErrorClass, time.Duration(attempt.DurationMS)*time.Millisecond)
		if state != models.DeliveryPending {
			s.meter.DeliveryEnded(state)
		}
	}
	return delivery, err
}

// FailDelivery counts the delivery.
func (s meteredStore) FailDelivery(ctx context.Context, id, reason string) error {
	err := s.Store.FailDelivery(ctx, id, reason)
	if err == nil {
		s.meter.DeliveryEnded(models.DeliveryFailed)
	}
	return err
}

// RecordTick counts what became of the tick.
func (s meteredStore) RecordTick(ctx context.Context, tick models.Tick) (*models.Run, error) {
	run, err := s.Store.RecordTick(ctx, tick)
	if err == nil {
		s.meter.TickDecided(tickOutcome(run))
	}
	return run, err
}

func tickOutcome(run *models.Run) string {
	switch {
	case run == nil:
		return "elsewhere"
	case run.Status == models.StatusSkipped:
		return "skipped"
	case run.Held:
		return "held"
	default:
		return "run"
	}
}
