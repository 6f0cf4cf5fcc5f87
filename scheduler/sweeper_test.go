package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// sweep lets a second pass before it sweeps.
func (b *bundle) sweep(s *Sweeper) {
	b.clock.Advance(time.Second)
	s.runOnce(context.Background())
}

func (b *bundle) queued(change ...func(*models.Run)) models.Run {
	b.t.Helper()
	gate := storetest.Gatekeeper(b.t, b.store, b.workspace, nil)
	return storetest.QueuedRun(b.t, b.store, gate, change...)
}

func TestSweeperStartsRunsLeftBehind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.queued()
	s := b.sweeper()
	b.sweep(s)
	b.sweep(s)
	require.Empty(t, b.engine.startedRuns(), "whoever made the run gets two seconds to start it")
	b.sweep(s)
	b.sweep(s)
	require.Equal(t, []string{run.ID}, b.engine.startedRuns())
	require.Equal(t, 1, b.engine.asked[run.ID])
	require.NotNil(t, b.run(run.ID).DispatchedAt)
}

func TestSweeperStartsMoreThanAPageAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gate := storetest.Gatekeeper(t, b.store, b.workspace, nil)
	for range 2*sweepPage + 5 {
		storetest.QueuedRun(t, b.store, gate)
	}
	b.clock.Advance(5 * time.Second)
	b.sweep(b.sweeper())
	require.Len(t, b.engine.startedRuns(), 2*sweepPage+5)
}

func TestSweeperLeavesAnAbsentEngineAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gate := storetest.Gatekeeper(t, b.store, b.workspace, nil)
	for range 50 {
		storetest.QueuedRun(t, b.store, gate)
	}
	b.engine.setAway(true)
	s := b.sweeper()
	b.clock.Advance(5 * time.Second)
	for range 120 {
		b.sweep(s)
	}
	// A handful of calls each ten seconds, not fifty each second.
	require.LessOrEqual(t, b.engine.calls, (120/10+4)*(DefaultConcurrency+hopeless))
	require.Equal(t, 1, b.log.count("workflow engine fails", "connection refused"))

	b.engine.setAway(false)
	for range 10 {
		b.sweep(s)
	}
	require.Len(t, b.engine.startedRuns(), 50)
	require.Equal(t, 1, b.log.count("workflow engine works again"))
}

func TestARunThatCannotBeStartedDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad := b.queued()
	b.engine.poisoned[bad.ID] = true
	cancelled := b.queued()
	s := b.sweeper()
	b.clock.Advance(5 * time.Second)
	require.NoError(t, b.engine.StartRun(t.Context(), cancelled))
	require.NoError(t, b.store.MarkDispatched(t.Context(), cancelled.ID))
	_, err := b.store.RequestCancel(t.Context(), cancelled.ID)
	require.NoError(t, err)
	good := b.queued()
	for range 60 {
		b.sweep(s)
	}
	require.Contains(t, b.engine.startedRuns(), good.ID)
	require.NotContains(t, b.engine.startedRuns(), bad.ID)
	require.Positive(t, b.engine.cancels[cancelled.ID])
	require.Equal(t, 1, b.log.count("workflow engine fails", "cannot be started"))
}

// dispatched is a run whose workflow is going on.
func (b *bundle) dispatched() models.Run {
	b.t.Helper()
	run := b.queued()
	require.NoError(b.t, b.engine.StartRun(context.Background(), run))
	require.NoError(b.t, b.store.MarkDispatched(context.Background(), run.ID))
	return run
}

func TestSweeperCancelsAgainUntilTheRunEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run, other := b.dispatched(), b.dispatched()
	s := b.sweeper()
	b.sweep(s)
	_, err := b.store.RequestCancel(t.Context(), run.ID)
	require.NoError(t, err)
	for range 21 {
		b.sweep(s)
	}
	require.Equal(t, 5, b.engine.cancels[run.ID], "at once and then every five seconds")
	require.Zero(t, b.engine.cancels[other.ID])
	b.finish(run.ID)
	for range 10 {
		b.sweep(s)
	}
	require.Equal(t, 5, b.engine.cancels[run.ID])
}

func TestSweeperStartsAndThenCancelsARunThatWasCancelledWhileQueued(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.queued()
	_, err := b.store.RequestCancel(t.Context(), run.ID)
	require.NoError(t, err)
	s := b.sweeper()
	for range 4 {
		b.sweep(s)
	}
	require.Equal(t, []string{run.ID}, b.engine.startedRuns())
	require.Equal(t, 1, b.engine.cancels[run.ID])
}

func TestSweeperFinishesARunWhoseWorkflowEndedWithoutAVerdict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open, gone := b.dispatched(), b.dispatched()
	webhook := storetest.Webhook(t, b.store, b.workspace)
	b.engine.locked(func() { b.engine.state[gone.ID] = RunClosed })
	s := b.sweeper()
	for range 29 {
		b.sweep(s)
	}
	require.Zero(t, b.engine.checks[gone.ID])
	b.sweep(s)
	run := b.run(gone.ID)
	require.Equal(t, models.StatusError, run.Status)
	require.Equal(t, "the run's workflow ended without a verdict (terminated in the engine?)", run.Reason)
	require.Equal(t, b.clock.Now(), *run.FinishedAt)
	require.Equal(t, models.StatusQueued, b.run(open.ID).Status)
	deliveries, _, err := b.store.Deliveries(t.Context(), models.DeliveryFilter{RunID: gone.ID}, models.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	require.Equal(t, webhook.UID, deliveries[0].WebhookUID)

	// The open one is looked at again every thirty seconds only.
	for range 60 {
		b.sweep(s)
	}
	require.Equal(t, 3, b.engine.checks[open.ID])
	require.Equal(t, 1, b.engine.checks[gone.ID])
}

func TestSweeperStartsARunAgainWhoseWorkflowIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting, begun := b.dispatched(), b.dispatched()
	storetest.Begin(t, b.store, begun.ID)
	b.engine.locked(func() { // the engine lost its data
		b.engine.state = map[string]RunState{}
		b.engine.started = nil
	})
	s := b.sweeper()
	for range 32 {
		b.sweep(s)
	}
	require.ElementsMatch(t, []string{waiting.ID, begun.ID}, b.engine.startedRuns())
	for _, run := range []models.Run{waiting, begun} {
		require.NotNil(t, b.run(run.ID).DispatchedAt)
	}
	require.Equal(t, 2, b.log.count("workflow of the run is missing"))
}

func TestACancelThatTheEngineRefusesLooksAtTheWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.dispatched()
	_, err := b.store.RequestCancel(t.Context(), run.ID)
	require.NoError(t, err)
	b.engine.locked(func() { b.engine.state[run.ID] = RunClosed })
	b.sweep(b.sweeper())
	require.Equal(t, models.StatusError, b.run(run.ID).Status)
	require.Zero(t, b.log.count("workflow engine fails"), "it answered, after all")
}

// obliging takes every cancel for done, as the real engine does for a workflow that is gone.
type obliging struct{ *fakeEngine }

func (e obliging) CancelRun(ctx context.Context, runID string) error {
	_ = e.fakeEngine.CancelRun(ctx, runID)
	return nil
}

func TestACancelledRunWhoseWorkflowIsGoneEndsHoweverRareTheSweepsAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.dispatched()
	_, err := b.store.RequestCancel(t.Context(), run.ID)
	require.NoError(t, err)
	b.engine.locked(func() { b.engine.state[run.ID] = RunClosed })
	s := b.sweeper()
	s.engine = obliging{b.engine}
	for range 4 {
		b.clock.Advance(DefaultCancelEvery + 5*time.Second)
		s.runOnce(t.Context())
	}
	require.Equal(t, models.StatusError, b.run(run.ID).Status)
}

// manyRuns is a store with nothing but unfinished runs.
type manyRuns struct {
	SweeperStore
	runs []models.Run // by id
}

func (manyRuns) Undispatched(context.Context, time.Time, int) ([]models.Run, error) { return nil, nil }

func (manyRuns) OverdueDeliveries(context.Context, time.Time, int) ([]models.Delivery, error) {
	return nil, nil
}

func (m manyRuns) UnfinishedDispatched(_ context.Context, _ time.Time, after string, limit int) ([]models.Run, error) {
	from := 0
	for from < len(m.runs) && m.runs[from].ID <= after {
		from++
	}
	return m.runs[from:min(from+limit, len(m.runs))], nil
}

func TestSweeperWatchesMoreRunsThanOneSweepReads(t *testing.T) {
	t.Parallel()
	const runs = sweepPage*maxPages + 30
	clock, engine, many := storetest.NewClock(utc(t, "2027-01-01T10:00:00Z")), newFakeEngine(), manyRuns{}
	long := clock.Now().Add(-time.Hour)
	for i := range runs {
		run := models.Run{ID: fmt.Sprintf("run-%05d", i), DispatchedAt: &long}
		many.runs = append(many.runs, run)
		engine.state[run.ID] = RunOpen
	}
	s := NewSweeper(SweeperDeps{Store: many, Engine: engine, Now: clock.Now, Logger: slog.New(slog.DiscardHandler)}, SweeperOptions{})
	s.runOnce(t.Context())
	require.Len(t, engine.checks, sweepPage*maxPages)
	for range 10 {
		clock.Advance(time.Second)
		s.runOnce(t.Context())
		require.Len(t, engine.checks, runs)
	}
	for id, n := range engine.checks {
		require.Equal(t, 1, n, id)
	}
}

func TestSweeperStartsOverdueDeliveriesOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	storetest.Webhook(t, b.store, b.workspace)
	run := b.dispatched()
	b.finish(run.ID)
	deliveries, _, err := b.store.Deliveries(t.Context(), models.DeliveryFilter{RunID: run.ID}, models.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	id := deliveries[0].ID
	s := b.sweeper()
	for range 60 {
		b.sweep(s)
	}
	require.Zero(t, b.engine.deliveries[id], "whoever finished the run gets a minute to start it")
	for range 120 {
		b.sweep(s)
	}
	require.Equal(t, 2, b.engine.deliveries[id])
	require.NoError(t, b.store.FailDelivery(t.Context(), id, "the webhook is gone"))
	for range 120 {
		b.sweep(s)
	}
	require.Equal(t, 2, b.engine.deliveries[id])
}

func TestSweeperTriesADeliveryAgainSoonWhenTheEngineWasAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	storetest.Webhook(t, b.store, b.workspace)
	run := b.dispatched()
	b.finish(run.ID)
	s := b.sweeper()
	b.engine.setAway(true)
	for range 90 {
		b.sweep(s)
	}
	b.engine.setAway(false)
	for range 11 {
		b.sweep(s)
	}
	require.Len(t, b.engine.deliveries, 1)
}

// failingSweeperStore fails to list runs.
type failingSweeperStore struct{ SweeperStore }

func (failingSweeperStore) Undispatched(context.Context, time.Time, int) ([]models.Run, error) {
	return nil, errDatabase
}

func (failingSweeperStore) UnfinishedDispatched(context.Context, time.Time, string, int) ([]models.Run, error) {
	return nil, errDatabase
}

func TestSweeperLogsADatabaseOutageOnceAndDoesTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	storetest.Webhook(t, b.store, b.workspace)
	run := b.dispatched()
	b.finish(run.ID)
	s := b.sweeper()
	s.store = failingSweeperStore{b.store}
	for range 90 {
		b.sweep(s)
	}
	require.Equal(t, 1, b.log.count("database fails", "list runs to start", "list unfinished runs"))
	require.Len(t, b.engine.deliveries, 1)
	s.store = b.store
	b.sweep(s)
	require.Equal(t, 1, b.log.count("database works again"))
}

func TestAClockThatGoesBackDoesNotStopTheSweeper(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.engine.setAway(true)
	run := b.queued()
	s := b.sweeper()
	for range 20 {
		b.sweep(s)
	}
	b.engine.setAway(false)
	b.clock.Advance(-15 * time.Second)
	b.sweep(s)
	require.Equal(t, []string{run.ID}, b.engine.startedRuns())
}
