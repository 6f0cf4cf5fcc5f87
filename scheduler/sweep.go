package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bellwether/bellwether/models"
)

// startRuns starts the runs that were recorded a while ago but not started, and the held ones whose
// turn has come.
func (s *Sweeper) startRuns(ctx context.Context, b *batch, now time.Time) error {
	for range maxPages {
		runs, err := s.undispatched(ctx, now)
		if err != nil {
			return fmt.Errorf("list runs to start: %w", err)
		}
		for _, run := range runs {
			if !b.do(ctx, func(ctx context.Context) error { return s.startRun(ctx, b, run) }) {
				break
			}
		}
		// Started runs leave the list, so the next page is the first again.
		if err := b.wait(); err != nil || len(runs) < sweepPage || b.engineError() != nil {
			return err
		}
	}
	return nil
}

func (s *Sweeper) undispatched(ctx context.Context, now time.Time) ([]models.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.store.Undispatched(ctx, now.Add(-s.options.DispatchAfter), sweepPage)
}

func (s *Sweeper) startRun(ctx context.Context, b *batch, run models.Run) error {
	if err := s.engine.StartRun(ctx, run); err != nil {
		return fmt.Errorf("start run %s: %w", run.ID, err)
	}
	s.log.DebugContext(ctx, "run started", "run", run.ID, "trigger", run.TriggerKey)
	if err := markDispatched(ctx, s.store, run.ID); err != nil {
		b.noteRows(err)
	}
	return nil
}

// watchRuns goes through the runs whose workflows were started, a bounded number in each sweep, and
// cancels or checks those for which it is time.
func (s *Sweeper) watchRuns(ctx context.Context, b *batch, now time.Time) error {
	s.cancelled.forget(now)
	s.checked.forget(now)
	for range maxPages {
		runs, err := s.unfinished(ctx, now)
		if err != nil {
			return fmt.Errorf("list unfinished runs: %w", err)
		}
		for _, run := range runs {
			s.watchRun(ctx, b, run, now)
		}
		if len(runs) < sweepPage {
			s.scanned = "" // all seen: from the beginning next time
			break
		}
		s.scanned = runs[len(runs)-1].ID
	}
	return b.wait()
}

func (s *Sweeper) unfinished(ctx context.Context, now time.Time) ([]models.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.store.UnfinishedDispatched(ctx, now, s.scanned, sweepPage)
}

// watchRun does what is due for a run. Neither keeps the other from its turn: the engine takes the
// cancelling of a workflow that is gone for done, and only a look at it shows the truth.
func (s *Sweeper) watchRun(ctx context.Context, b *batch, run models.Run, now time.Time) {
	if run.CancelRequestedAt != nil {
		s.watch(ctx, b, run, now, s.cancelled, s.cancelRun)
	}
	if run.DispatchedAt != nil && now.Sub(*run.DispatchedAt) >= s.options.CheckEvery {
		s.watch(ctx, b, run, now, s.checked, s.checkRun)
	}
}

// watch makes a call for a run unless the last one was a short while ago.
func (s *Sweeper) watch(ctx context.Context, b *batch, run models.Run, now time.Time, limit *throttle,
	what func(context.Context, *batch, models.Run) error,
) {
	if !limit.allow(run.ID, now) {
		return
	}
	call := func(ctx context.Context) error {
		err := what(ctx, b, run)
		if err != nil {
			limit.undo(run.ID)
		}
		return err
	}
	if !b.do(ctx, call) {
		limit.undo(run.ID)
	}
}

// cancelRun asks the engine again to cancel. If it will not, the workflow may be gone.
func (s *Sweeper) cancelRun(ctx context.Context, b *batch, run models.Run) error {
	err := s.engine.CancelRun(ctx, run.ID)
	if err == nil {
		return nil
	}
	if stateErr := s.checkRun(ctx, b, run); stateErr != nil {
		return errors.Join(fmt.Errorf("cancel run %s: %w", run.ID, err), stateErr)
	}
	s.log.DebugContext(ctx, "run not cancelled", "run", run.ID, "error", err)
	return nil
}

// checkRun compares a run with its workflow: one that is missing is started again with the next
// sweep, one that has ended without saying so is finished as an error.
func (s *Sweeper) checkRun(ctx context.Context, b *batch, run models.Run) error {
	state, err := s.engine.RunState(ctx, run.ID)
	if err != nil {
		return fmt.Errorf("look up the workflow of run %s: %w", run.ID, err)
	}
	switch state {
	case RunMissing:
		s.log.WarnContext(ctx, "workflow of the run is missing; it is started again", "run", run.ID, "trigger", run.TriggerKey)
		if err := s.store.ClearDispatched(ctx, run.ID); err != nil && !errors.Is(err, models.ErrFinished) {
			b.noteRows(fmt.Errorf("have run %s started again: %w", run.ID, err))
		}
	case RunClosed:
		s.log.WarnContext(ctx, "workflow of the run ended without a verdict; finished as error", "run", run.ID, "trigger", run.TriggerKey)
		outcome := models.RunOutcome{
			RunID: run.ID, Status: models.StatusError, Reason: lostRunCause,
			FinishedAt: s.now().UTC().Truncate(time.Microsecond),
		}
		if err := s.finisher.FinishRun(ctx, outcome); err != nil && !errors.Is(err, models.ErrFinished) {
			b.noteRows(fmt.Errorf("finish run %s: %w", run.ID, err))
		}
	}
	return nil
}

// startDeliveries starts the workflows of deliveries that should have been sent by now.
func (s *Sweeper) startDeliveries(ctx context.Context, b *batch, now time.Time) error {
	// Those started a moment ago may still be on the list; they must not crowd out the others.
	limit := sweepPage + min(s.delivered.forget(now), sweepPage*maxPages)
	deliveries, err := s.overdue(ctx, now, limit)
	if err != nil {
		return fmt.Errorf("list overdue deliveries: %w", err)
	}
	for _, delivery := range deliveries {
		if !s.delivered.allow(delivery.ID, now) {
			continue
		}
		call := func(ctx context.Context) error {
			if err := s.engine.StartDelivery(ctx, delivery); err != nil {
				s.delivered.undo(delivery.ID)
				return fmt.Errorf("start delivery %s: %w", delivery.ID, err)
			}
			return nil
		}
		if !b.do(ctx, call) {
			s.delivered.undo(delivery.ID)
		}
	}
	return b.wait()
}

func (s *Sweeper) overdue(ctx context.Context, now time.Time, limit int) ([]models.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.store.OverdueDeliveries(ctx, now.Add(-s.options.DeliverEvery), limit)
}
