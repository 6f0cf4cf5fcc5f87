// Package worker serves the task queue of the core: it runs the workflows and their activities.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/workflows"
)

// Defaults of Options.
const (
	DefaultActivities  = 200
	DefaultStopTimeout = 30 * time.Second
)

const (
	// throttle is how often heartbeats of one activity reach the server at most, and so how long a
	// cancellation may wait on its way to a case. The SDK's default is a minute.
	throttle = time.Second
	// deadlock is how long a workflow may compute without giving way. The SDK's one second is easily
	// exceeded on a machine that is busy with something else.
	deadlock = 5 * time.Second
)

// Deps are the activities that the worker runs. All are required.
type Deps struct {
	Runs       *activities.Runs
	Cases      *activities.Cases
	Deliveries *activities.Deliveries
}

// Options configure New. The zero value is ready to use.
type Options struct {
	// Activities is how many cases and sends go on at the same time. 0: DefaultActivities.
	Activities int
	// StopTimeout is how long running activities may take to end when the worker stops; what takes
	// longer is started anew by another worker. It must be longer than the drain time of the cases.
	// 0: DefaultStopTimeout.
	StopTimeout time.Duration
	// Logger takes the worker's own few lines. Nil: none.
	Logger *slog.Logger
}

// Worker runs workflows and activities. It is run once.
type Worker struct {
	inner  sdk.Worker
	fatal  chan error
	logger *slog.Logger
}

// New returns a worker over the connection c. Given the connection that runs are started with, runs
// begin in this process without a detour over the server.
func New(c client.Client, d Deps, o Options) (*Worker, error) {
	if d.Runs == nil || d.Cases == nil || d.Deliveries == nil {
		return nil, errors.New("make a worker: Runs, Cases and Deliveries are required")
	}
	w := &Worker{fatal: make(chan error, 1), logger: o.Logger}
	if w.logger == nil {
		w.logger = slog.New(slog.DiscardHandler)
	}
	w.inner = sdk.New(c, workflows.TaskQueue, sdk.Options{
		MaxConcurrentActivityExecutionSize: cmp.Or(o.Activities, DefaultActivities),
		MaxHeartbeatThrottleInterval:       throttle,
		WorkerStopTimeout:                  cmp.Or(o.StopTimeout, DefaultStopTimeout),
		DeadlockDetectionTimeout:           deadlock,
		OnFatalError:                       w.fail,
	})
	register(w.inner, d)
	return w, nil
}

// registry is the part of a worker that takes what it runs.
type registry interface {
	RegisterWorkflow(w any)
	RegisterActivity(a any)
}

func register(r registry, d Deps) {
	r.RegisterWorkflow(workflows.Run)
	r.RegisterWorkflow(workflows.Pipeline)
	r.RegisterWorkflow(workflows.Delivery)
	r.RegisterActivity(d.Runs)
	r.RegisterActivity(d.Cases)
	r.RegisterActivity(d.Deliveries)
}

// Run serves the task queue until ctx ends, then lets running activities end within the stop
// timeout. The end of ctx is no error; a server that refuses the worker for good is one.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.inner.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	w.logger.InfoContext(ctx, "worker started", "task_queue", workflows.TaskQueue)
	select {
	case err := <-w.fatal:
		// The SDK stops the worker by itself; stopping again waits for that.
		w.inner.Stop()
		return fmt.Errorf("run the worker: %w", err)
	case <-ctx.Done():
	}
	began := time.Now()
	w.inner.Stop()
	w.logger.InfoContext(ctx, "worker stopped", "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

func (w *Worker) fail(err error) {
	select {
	case w.fatal <- err:
	default: // the first error is the one that counts
	}
}
