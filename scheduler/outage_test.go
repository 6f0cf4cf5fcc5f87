package scheduler

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// flakyStore fails for as long as it is told to.
type flakyStore struct {
	Store
	down       atomic.Bool
	brokenKey  string // recording for this trigger always fails
	lostAnswer atomic.Bool
	polls      atomic.Int64
}

var errDatabase = errors.New("the database is away")

func (f *flakyStore) SchedulesRevision(ctx context.Context) (int64, error) {
	f.polls.Add(1)
	if f.down.Load() {
		return 0, errDatabase
	}
	return f.Store.SchedulesRevision(ctx)
}

func (f *flakyStore) RecordTick(ctx context.Context, tick models.Tick) (*models.Run, error) {
	if f.down.Load() || tick.TriggerKey == f.brokenKey {
		return nil, errDatabase
	}
	run, err := f.Store.RecordTick(ctx, tick)
	if f.lostAnswer.CompareAndSwap(true, false) {
		return nil, errDatabase // committed, but nobody heard of it
	}
	return run, err
}

func TestADatabaseOutageLosesNoTick(t *testing.T) {
	t.Parallel()
	b := setup(t)
	short := b.plan(func(t *models.Trigger) { t.Cron, t.Overlap = "2 * * * *", models.OverlapAllow })
	long := b.plan(func(t *models.Trigger) {
		t.Cron, t.CatchUp, t.Overlap = "*/10 * * * *", models.CatchUpAll, models.OverlapAllow
	})
	deps := b.deps()
	flaky := &flakyStore{Store: b.store}
	deps.Store = flaky
	s := New(deps, Options{})
	step(s)
	b.clock.Advance(time.Minute)

	// 50 seconds around 10:02 are within the grace.
	flaky.down.Store(true)
	for range 50 {
		b.clock.Advance(time.Second)
		step(s)
	}
	require.Equal(t, int64(51), flaky.polls.Load(), "one query a second while it is away")
	flaky.down.Store(false)
	b.clock.Advance(time.Second)
	step(s)
	require.Equal(t, []string{"10:02:00"}, b.ticks(short.Key))

	// Then it is away until 11:05: all ticks within the last hour are caught up.
	flaky.down.Store(true)
	for b.clock.Now().Before(utc(t, "2027-01-01T11:05:00Z")) {
		b.clock.Advance(10 * time.Second)
		step(s)
	}
	flaky.down.Store(false)
	step(s)
	require.Equal(t, []string{"10:10:00", "10:20:00", "10:30:00", "10:40:00", "10:50:00", "11:00:00"}, b.ticks(long.Key))
	require.Equal(t, []string{"10:02:00", "11:02:00"}, b.ticks(short.Key), "last: the newest one")
	require.Equal(t, 2, b.log.count("database fails"))
	require.Equal(t, 2, b.log.count("database works again"))
}

func TestOneTriggersErrorDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad, good := b.plan(), b.plan()
	deps := b.deps()
	flaky := &flakyStore{Store: b.store, brokenKey: bad.Key}
	deps.Store = flaky
	s := New(deps, Options{})
	step(s)
	b.clock.Advance(270 * time.Second)
	for range 20 {
		step(s)
		b.clock.Advance(time.Second)
	}
	require.Empty(t, b.ticks(bad.Key))
	require.Equal(t, []string{"10:05:00"}, b.ticks(good.Key))
	require.Equal(t, 1, b.log.count("tick cannot be recorded", bad.Key))

	flaky.brokenKey = ""
	b.clock.Advance(time.Second)
	step(s)
	require.Equal(t, []string{"10:05:00"}, b.ticks(bad.Key))
	require.Equal(t, 1, b.log.count("ticks are recorded again", bad.Key))
}

func TestATickWhoseAnswerWasLostIsNeitherLostNorDoubled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan()
	deps := b.deps()
	flaky := &flakyStore{Store: b.store}
	deps.Store = flaky
	s, sweeper := New(deps, Options{}), b.sweeper()
	step(s)
	flaky.lostAnswer.Store(true)
	b.clock.Advance(270 * time.Second)
	for range 5 {
		step(s)
		sweeper.runOnce(t.Context())
		b.clock.Advance(time.Second)
	}
	require.Equal(t, []string{"10:05:00"}, b.ticks(plan.Key))
	require.Len(t, b.engine.startedRuns(), 1)
}
