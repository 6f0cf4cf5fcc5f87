package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bellwether/bellwether/models"
)

// dispatcher starts the workflows of runs beside the scheduler's clock, so that a slow or absent
// engine never makes a tick late. It may forget a run: the row is there, and the sweeper starts it.
type dispatcher struct {
	starter Starter
	store   marker
	timeout time.Duration
	queue   chan models.Run
	engine  *outage
	rows    *outage
}

func newDispatcher(deps Deps, timeout time.Duration, log *slog.Logger) *dispatcher {
	return &dispatcher{
		starter: deps.Starter, store: deps.Store, timeout: timeout,
		queue:  make(chan models.Run, dispatchBacklog),
		engine: &outage{log: log, now: deps.Now, what: "workflow engine"},
		rows:   &outage{log: log, now: deps.Now, what: "marking started runs"},
	}
}

// offer takes a run that is to be started, unless too many are waiting. Held and skipped ones are
// not to be.
func (d *dispatcher) offer(run models.Run) {
	if run.Status != models.StatusQueued || run.Held {
		return
	}
	select {
	case d.queue <- run:
	default:
	}
}

// work starts runs until the context ends.
func (d *dispatcher) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case run := <-d.queue:
			d.start(ctx, run)
		}
	}
}

func (d *dispatcher) start(ctx context.Context, run models.Run) {
	if err := startRun(ctx, d.starter, run, d.timeout); err != nil {
		d.engine.failed(ctx, err)
		return
	}
	d.engine.succeeded(ctx)
	if err := markDispatched(ctx, d.store, run.ID); err != nil {
		d.rows.failed(ctx, err)
		return
	}
	d.rows.succeeded(ctx)
}

func startRun(ctx context.Context, starter Starter, run models.Run, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := starter.StartRun(ctx, run); err != nil {
		return fmt.Errorf("start run %s: %w", run.ID, err)
	}
	return nil
}

// marker notes that the workflow of a run was started.
type marker interface {
	MarkDispatched(ctx context.Context, runID string) error
}

func markDispatched(ctx context.Context, store marker, runID string) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := store.MarkDispatched(ctx, runID); err != nil {
		return fmt.Errorf("mark run %s as started: %w", runID, err)
	}
	return nil
}
