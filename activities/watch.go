package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// ending says why a case is stopped before its own end.
type ending int

const (
	goOn      ending = iota // not at all
	cancelled               // a user wants it
	giveBack                // this worker cannot finish it
	overdue                 // it ignores its time limit
)

// attempt runs the case and watches over it: it tells the engine that the case is alive, and stops
// the case when a user cancels the run or the worker cannot go on. The runner keeps the case's time
// limit by itself.
func (c *Cases) attempt(ctx context.Context, job models.CaseJob) (runner.Outcome, error) {
	started := c.instant()
	// The case does not hear of ctx itself, because not every end of ctx is a reason to stop it.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan runner.Outcome, 1)
	go func() { done <- c.run(running, job) }()

	outcome, why, reason := c.watch(ctx, job.Case.Timeout()+c.abandon, done)
	if why == goOn {
		return outcome, nil
	}
	stop()
	outcome = c.outcome(models.StatusError, "", started)
	select {
	case outcome = <-done:
	case <-time.After(c.abandon):
	}
	switch why {
	case cancelled:
		outcome.Status, outcome.Message = models.StatusCancelled, "cancelled"
		outcome.Report.Status, outcome.Report.Message = outcome.Status, outcome.Message
		return outcome, nil
	case overdue:
		return c.outcome(models.StatusFailure, "took longer than its time limit of "+job.Case.Timeout().String(), started), nil
	default:
		return runner.Outcome{}, givenBack(reason)
	}
}

// watch waits until the case has ended or has to. Only with goOn does it answer an outcome.
func (c *Cases) watch(ctx context.Context, limit time.Duration, done <-chan runner.Outcome) (_ runner.Outcome, why ending, reason string) {
	beat, late := time.NewTicker(c.heartbeat), time.NewTimer(limit)
	defer beat.Stop()
	defer late.Stop()
	var drained <-chan time.Time
	interrupted, stopping := ctx.Done(), activity.GetWorkerStopChannel(ctx)
	// Heartbeats go on after ctx has ended for a reason that does not stop the case.
	alive := context.WithoutCancel(ctx)
	for {
		select {
		case outcome := <-done:
			return outcome, goOn, ""
		case <-beat.C:
			activity.RecordHeartbeat(alive)
		case <-late.C:
			return runner.Outcome{}, overdue, ""
		case <-interrupted:
			if why, reason := judgeCause(context.Cause(ctx)); why != goOn {
				return runner.Outcome{}, why, reason
			}
			interrupted = nil
		case <-stopping:
			stopping, drained = nil, time.After(c.drain)
		case <-drained:
			return runner.Outcome{}, giveBack, "the worker is stopping"
		}
	}
}

// judgeCause says what the end of an activity's context means for the case.
func judgeCause(cause error) (ending, string) {
	var canceled *temporal.CanceledError
	var notFound *serviceerror.NotFound
	var noNamespace *serviceerror.NamespaceNotFound
	switch {
	case errors.As(cause, &canceled):
		return cancelled, ""
	case errors.Is(cause, worker.ErrWorkerShutdown):
		return giveBack, "the worker has stopped"
	case errors.Is(cause, activity.ErrActivityPaused), errors.Is(cause, activity.ErrActivityReset):
		return giveBack, "an operator paused or reset the activity"
	case errors.As(cause, &notFound), errors.As(cause, &noNamespace), errors.Is(cause, context.DeadlineExceeded):
		return giveBack, "the engine gave the case to another worker or ended its run"
	default:
		// A heartbeat that the engine did not answer in time. The case is well and its result
		// counts; should the engine have given up on it, the retry finds the result stored.
		return goOn, ""
	}
}
