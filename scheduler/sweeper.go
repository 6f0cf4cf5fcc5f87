package scheduler

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/bellwether/bellwether/models"
)

// Defaults of SweeperOptions.
const (
	DefaultInterval      = time.Second
	DefaultDispatchAfter = 2 * time.Second
	DefaultCancelEvery   = 5 * time.Second
	DefaultCheckEvery    = 30 * time.Second
	DefaultDeliverEvery  = time.Minute
)

const (
	sweepPage    = 100
	maxPages     = 10 // of each kind in one sweep; the next sweep goes on
	maxPause     = 10 * time.Second
	lostRunCause = "the run's workflow ended without a verdict (terminated in the engine?)"
)

// RunState is what the engine knows of a run's workflow.
type RunState int

// The states.
const (
	RunOpen    RunState = iota // it is being worked on
	RunClosed                  // it has ended, in whatever way
	RunMissing                 // the engine never heard of it or has forgotten it
)

// SweeperStore is what a Sweeper needs of the database.
type SweeperStore interface {
	Undispatched(ctx context.Context, createdBefore time.Time, limit int) ([]models.Run, error)
	UnfinishedDispatched(ctx context.Context, dispatchedBefore time.Time, after string, limit int) ([]models.Run, error)
	MarkDispatched(ctx context.Context, runID string) error
	ClearDispatched(ctx context.Context, runID string) error
	OverdueDeliveries(ctx context.Context, before time.Time, limit int) ([]models.Delivery, error)
}

// Engine is what a Sweeper needs of the workflow engine. Starting what was started before is a
// success.
type Engine interface {
	StartRun(ctx context.Context, run models.Run) error
	CancelRun(ctx context.Context, runID string) error
	StartDelivery(ctx context.Context, delivery models.Delivery) error
	RunState(ctx context.Context, runID string) (RunState, error)
}

// Finisher ends a run whose workflow cannot. Finishing a finished run is a success.
type Finisher interface {
	FinishRun(ctx context.Context, outcome models.RunOutcome) error
}

// SweeperDeps is what a Sweeper works with.
type SweeperDeps struct {
	Store    SweeperStore
	Engine   Engine
	Finisher Finisher
	Now      func() time.Time
	Logger   *slog.Logger
}

// SweeperOptions are the times of a Sweeper. Zero fields get the defaults.
type SweeperOptions struct {
	Interval      time.Duration // between two sweeps
	DispatchAfter time.Duration // age of a run before the sweeper starts it
	CancelEvery   time.Duration // between two cancel requests for one run
	CheckEvery    time.Duration // between two looks at one run's workflow, and the age before the first
	DeliverEvery  time.Duration // how overdue a delivery is before, and how often, it is started again
	Concurrency   int           // calls of the engine at once
	CallTimeout   time.Duration // of one call of the engine
}

// Sweeper brings forward what got stuck on its way. Each thing that it does may be done by several
// sweepers at once.
type Sweeper struct {
	store    SweeperStore
	engine   Engine
	finisher Finisher
	now      func() time.Time
	log      *slog.Logger
	options  SweeperOptions

	// The fields below belong to the goroutine of Run; sweeps never overlap.
	database  *outage
	reachable *outage
	cancelled *throttle
	checked   *throttle
	delivered *throttle
	scanned   string // id of the last unfinished run looked at
	pause     time.Duration
	paused    time.Time // since when the engine is left alone
}

// NewSweeper makes a Sweeper.
func NewSweeper(deps SweeperDeps, options SweeperOptions) *Sweeper {
	options.Interval = cmp.Or(options.Interval, DefaultInterval)
	options.DispatchAfter = cmp.Or(options.DispatchAfter, DefaultDispatchAfter)
	options.CancelEvery = cmp.Or(options.CancelEvery, DefaultCancelEvery)
	options.CheckEvery = cmp.Or(options.CheckEvery, DefaultCheckEvery)
	options.DeliverEvery = cmp.Or(options.DeliverEvery, DefaultDeliverEvery)
	options.Concurrency = cmp.Or(options.Concurrency, DefaultConcurrency)
	options.CallTimeout = cmp.Or(options.CallTimeout, DefaultStartTimeout)
	log := deps.Logger.With("component", "sweeper")
	return &Sweeper{
		store: deps.Store, engine: deps.Engine, finisher: deps.Finisher, now: deps.Now, log: log, options: options,
		database:  &outage{log: log, now: deps.Now, what: "database"},
		reachable: &outage{log: log, now: deps.Now, what: "workflow engine"},
		cancelled: newThrottle(options.CancelEvery),
		checked:   newThrottle(options.CheckEvery),
		delivered: newThrottle(options.DeliverEvery),
	}
}

// Run sweeps until the context ends, which is no error.
func (s *Sweeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.options.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.runOnce(ctx)
		}
	}
}

// runOnce makes one sweep. While the engine is away it does nothing but wait, longer each time.
func (s *Sweeper) runOnce(ctx context.Context) {
	now := s.now().UTC().Truncate(time.Microsecond)
	if since := now.Sub(s.paused); s.pause > 0 && since >= 0 && since < s.pause {
		return
	}
	// One batch for each kind, so that trouble with one does not stop the others.
	starts, watches, deliveries := s.batch(), s.batch(), s.batch()
	err := errors.Join(
		s.startRuns(ctx, starts, now),
		s.watchRuns(ctx, watches, now),
		s.startDeliveries(ctx, deliveries, now),
	)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.database.failed(ctx, err)
	} else {
		s.database.succeeded(ctx)
	}
	s.judge(ctx, now, starts, watches, deliveries)
}

func (s *Sweeper) batch() *batch { return newBatch(s.options.Concurrency, s.options.CallTimeout) }

// judge logs when the engine goes and comes, and lengthens the pause while no call works.
func (s *Sweeper) judge(ctx context.Context, now time.Time, batches ...*batch) {
	var failure error
	worked := false
	for _, b := range batches {
		failure = cmp.Or(failure, b.engineError())
		worked = worked || b.succeeded()
	}
	switch {
	case failure != nil:
		s.reachable.failed(ctx, failure)
	case worked:
		s.reachable.succeeded(ctx)
	}
	switch {
	case worked:
		s.pause = 0
	case failure != nil:
		s.pause, s.paused = min(max(2*s.pause, s.options.Interval), maxPause), now
	}
}
