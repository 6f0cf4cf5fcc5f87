package scheduler

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// bundle is a database with one workspace, a clock that all share, an engine and a log.
type bundle struct {
	t         testing.TB
	database  storetest.Database
	store     *store.Store
	clock     *storetest.Clock
	engine    *fakeEngine
	log       *logBook
	workspace string
}

// setup starts at 10:00:30 on 2027-01-01.
func setup(t testing.TB) *bundle { return setupOn(t, storetest.NewSQLite(t)) }

func setupOn(t testing.TB, database storetest.Database) *bundle {
	t.Helper()
	clock := storetest.NewClock(time.Date(2027, time.January, 1, 10, 0, 30, 0, time.UTC))
	b := &bundle{t: t, database: database, clock: clock, engine: newFakeEngine(), log: &logBook{}}
	b.store = database.Open(t, storetest.WithClock(clock.Now))
	b.workspace = storetest.Workspace(t, b.store).Key
	return b
}

func (b *bundle) deps() Deps {
	return Deps{Store: b.store, Starter: b.engine, Now: b.clock.Now, Logger: b.log.logger()}
}

func (b *bundle) scheduler() *Scheduler { return New(b.deps(), Options{}) }

func (b *bundle) sweeper() *Sweeper {
	return NewSweeper(SweeperDeps{
		Store: b.store, Engine: b.engine, Finisher: finisher{b.store}, Now: b.clock.Now, Logger: b.log.logger(),
	}, SweeperOptions{})
}

func (b *bundle) plan(change ...func(*models.Trigger)) models.Trigger {
	b.t.Helper()
	return storetest.Plan(b.t, b.store, b.workspace, nil, change...)
}

// runs are the runs of a trigger, oldest first.
func (b *bundle) runs(triggerKey string) []models.Run {
	b.t.Helper()
	runs, next, err := b.store.Runs(context.Background(), models.RunFilter{TriggerKey: triggerKey}, models.Page{Limit: 200})
	require.NoError(b.t, err)
	require.Empty(b.t, next)
	for i, j := 0, len(runs)-1; i < j; i, j = i+1, j-1 {
		runs[i], runs[j] = runs[j], runs[i]
	}
	return runs
}

// ticks are the clock times of a trigger's runs, with a mark behind those not run or held.
func (b *bundle) ticks(triggerKey string) []string {
	b.t.Helper()
	var list []string
	for _, run := range b.runs(triggerKey) {
		text := run.ScheduledFor.Format(time.TimeOnly)
		switch {
		case run.Held:
			text += " held"
		case run.Status == models.StatusSkipped:
			text += " skipped"
		}
		list = append(list, text)
	}
	return list
}

func (b *bundle) run(id string) models.Run {
	b.t.Helper()
	run, err := b.store.Run(context.Background(), id)
	require.NoError(b.t, err)
	return run
}

func (b *bundle) finish(id string) {
	b.t.Helper()
	storetest.Finish(b.t, b.store, models.RunOutcome{RunID: id, Status: models.StatusSuccess, FinishedAt: b.clock.Now()})
}

// step makes a pass and starts what it recorded, as Run does, but one after the other.
func step(s *Scheduler) time.Duration {
	ctx := context.Background()
	rest := s.pass(ctx)
	for {
		select {
		case run := <-s.dispatcher.queue:
			s.dispatcher.start(ctx, run)
		default:
			return rest
		}
	}
}

// finisher ends runs in the store.
type finisher struct{ store *store.Store }

func (f finisher) FinishRun(ctx context.Context, outcome models.RunOutcome) error {
	_, err := f.store.FinishRun(ctx, outcome, storetest.PlainEvent)
	return err
}

var errAway = errors.New("connection refused")

// fakeEngine keeps workflows in memory as Temporal does: a second start of the same one is a success
// that starts nothing.
type fakeEngine struct {
	mu         sync.Mutex
	away       bool
	poisoned   map[string]bool // runs that cannot be started
	calls      int
	started    []string // workflows in the order of their starts
	state      map[string]RunState
	asked      map[string]int // starts, of whatever outcome, by run
	cancels    map[string]int
	checks     map[string]int
	deliveries map[string]int
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{
		poisoned: map[string]bool{}, state: map[string]RunState{}, asked: map[string]int{},
		cancels: map[string]int{}, checks: map[string]int{}, deliveries: map[string]int{},
	}
}

// locked runs f with the engine's state in hand.
func (e *fakeEngine) locked(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

func (e *fakeEngine) setAway(away bool) { e.locked(func() { e.away = away }) }

func (e *fakeEngine) call(f func() error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	if e.away {
		return errAway
	}
	return f()
}

func (e *fakeEngine) StartRun(_ context.Context, run models.Run) error {
	return e.call(func() error {
		e.asked[run.ID]++
		if e.poisoned[run.ID] {
			return errors.New("the run cannot be started")
		}
		if _, known := e.state[run.ID]; !known {
			e.state[run.ID] = RunOpen
			e.started = append(e.started, run.ID)
		}
		return nil
	})
}

func (e *fakeEngine) CancelRun(_ context.Context, runID string) error {
	return e.call(func() error {
		e.cancels[runID]++
		if state, known := e.state[runID]; !known || state != RunOpen {
			return errors.New("workflow not found")
		}
		return nil
	})
}

func (e *fakeEngine) StartDelivery(_ context.Context, delivery models.Delivery) error {
	return e.call(func() error {
		e.deliveries[delivery.ID]++
		return nil
	})
}

func (e *fakeEngine) RunState(_ context.Context, runID string) (RunState, error) {
	state := RunMissing
	err := e.call(func() error {
		e.checks[runID]++
		if known, ok := e.state[runID]; ok {
			state = known
		}
		return nil
	})
	return state, err
}

func (e *fakeEngine) startedRuns() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string{}, e.started...)
}

// logBook collects log lines of level info and above.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// count is how many lines contain all the texts.
func (l *logBook) count(texts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for line := range strings.Lines(l.buf.String()) {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			n++
		}
	}
	return n
}
