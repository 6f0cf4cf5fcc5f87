package scheduler

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/bellwether/bellwether/models"
)

// Defaults of Options.
const (
	DefaultPoll         = time.Second
	DefaultGrace        = time.Minute
	DefaultConcurrency  = 16
	DefaultStartTimeout = 10 * time.Second
)

const (
	// storeTimeout bounds each call of the store, so that a hanging connection holds up the clock
	// only so long.
	storeTimeout = 30 * time.Second
	// dispatchBacklog is how many runs may wait for being started. The sweeper starts the others.
	dispatchBacklog = 4096
)

// Store is what a Scheduler needs of the database.
type Store interface {
	SchedulesRevision(ctx context.Context) (int64, error)
	Schedules(ctx context.Context) ([]models.Schedule, error)
	// RecordTick answers nil if the tick was decided before.
	RecordTick(ctx context.Context, tick models.Tick) (*models.Run, error)
	MarkDispatched(ctx context.Context, runID string) error
}

// Starter starts the workflow of a run. A workflow that was started before is a success.
type Starter interface {
	StartRun(ctx context.Context, run models.Run) error
}

// Deps is what a Scheduler works with.
type Deps struct {
	Store   Store
	Starter Starter
	Now     func() time.Time
	Logger  *slog.Logger
}

// Options are the limits of a Scheduler. Zero fields get the defaults.
type Options struct {
	Poll         time.Duration // how often changed definitions are looked for
	Grace        time.Duration // how late a tick may be and still count as on time
	Concurrency  int           // how many ticks are recorded, and how many runs started, at once
	StartTimeout time.Duration // of one start of a workflow
}

// Scheduler decides due ticks and starts their runs.
type Scheduler struct {
	store      Store
	now        func() time.Time
	log        *slog.Logger
	options    Options
	dispatcher *dispatcher
	database   *outage

	// The fields below belong to the goroutine of Run; passes never overlap.
	entries  map[string]*entry
	revision int64
	loaded   bool
	down     bool      // the last poll did not reach the store
	polled   time.Time // when that was
}

// New makes a Scheduler.
func New(deps Deps, options Options) *Scheduler {
	options.Poll = cmp.Or(options.Poll, DefaultPoll)
	options.Grace = cmp.Or(options.Grace, DefaultGrace)
	options.Concurrency = cmp.Or(options.Concurrency, DefaultConcurrency)
	options.StartTimeout = cmp.Or(options.StartTimeout, DefaultStartTimeout)
	log := deps.Logger.With("component", "scheduler")
	return &Scheduler{
		store: deps.Store, now: deps.Now, log: log, options: options,
		dispatcher: newDispatcher(deps, options.StartTimeout, log),
		database:   &outage{log: log, now: deps.Now, what: "database"},
		entries:    map[string]*entry{},
	}
}

// Run works until the context ends, which is no error. Runs that were recorded but not started by
// then are started by a sweeper.
func (s *Scheduler) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	for range s.options.Concurrency {
		workers.Go(func() { s.dispatcher.work(ctx) })
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			timer.Reset(s.pass(ctx))
		}
	}
}

// pass looks for changed definitions if it is time to, decides what is due, and answers how long
// nothing will be due.
func (s *Scheduler) pass(ctx context.Context) time.Duration {
	now := s.clock()
	if s.pollDue(now) {
		s.polled = now
		err := s.refresh(ctx, now)
		if s.down = err != nil; s.down {
			s.database.failed(ctx, err)
			return s.options.Poll // nothing can be recorded either
		}
		s.database.succeeded(ctx)
	}
	s.recordDue(ctx, now)
	return s.rest()
}

// clock is the wall clock alone. The monotonic reading that Go carries along stops while a machine
// is suspended and knows nothing of corrections.
func (s *Scheduler) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// pollDue is also true when the clock went back, because the next poll would be far off then.
func (s *Scheduler) pollDue(now time.Time) bool {
	return s.down || now.Before(s.polled) || now.Sub(s.polled) >= s.options.Poll
}

// rest is the time until the next tick, but no longer than until the next poll, so that a clock that
// jumps ahead is noticed.
func (s *Scheduler) rest() time.Duration {
	now := s.clock()
	next := s.polled.Add(s.options.Poll)
	for _, e := range s.entries {
		if e.waiting() && e.start.Before(next) {
			next = e.start
		}
	}
	return max(time.Millisecond, min(next.Sub(now), s.options.Poll))
}
