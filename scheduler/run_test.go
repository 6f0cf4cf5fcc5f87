package scheduler

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// background runs f until the test ends and checks that it ends then.
func background(t testing.TB, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Error("does not end with its context")
		}
	})
}

func TestChangedDefinitionsTakeEffectWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	// The real clock, set so that a minute is over in three and a half seconds.
	start := time.Now()
	shift := utc(t, "2027-01-01T10:00:56.5Z").Sub(start)
	now := func() time.Time { return time.Now().Add(shift) }
	s := storetest.SQLite(t, storetest.WithClock(now))
	workspace := storetest.Workspace(t, s).Key
	minutely := func(t *models.Trigger) { t.Cron = "* * * * *" }
	stopped := storetest.Plan(t, s, workspace, nil, minutely)
	engine := newFakeEngine()
	background(t, New(Deps{Store: s, Starter: engine, Now: now, Logger: slog.New(slog.DiscardHandler)}, Options{}).Run)
	runs := func(key string) []models.Run {
		list, _, err := s.Runs(context.Background(), models.RunFilter{TriggerKey: key}, models.Page{Limit: 10})
		require.NoError(t, err)
		return list
	}

	// Two seconds and a bit before the tick, one plan comes and another goes.
	require.Eventually(t, func() bool { return now().After(utc(t, "2027-01-01T10:00:57.8Z")) }, 5*time.Second, time.Millisecond)
	fresh := storetest.Plan(t, s, workspace, nil, minutely)
	stopped.Enabled = false
	require.NoError(t, s.UpdateTrigger(context.Background(), &stopped))
	// That is 10:01, or a minute later if this machine is so busy that two seconds are not left.
	tick := now().Add(2 * time.Second).Truncate(time.Minute).Add(time.Minute)

	has := func(key string) bool {
		for _, run := range runs(key) {
			if run.ScheduledFor.Equal(tick) && run.DispatchedAt != nil {
				return true
			}
		}
		return false
	}
	require.Eventually(t, func() bool { return has(fresh.Key) }, 75*time.Second, 10*time.Millisecond)
	require.False(t, has(stopped.Key))
}

func TestRunsGoTheirWayWithSchedulersAndSweepersSideBySide(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var plans []models.Trigger
	for range 10 {
		plans = append(plans, b.plan(func(t *models.Trigger) { t.Cron, t.Overlap = "* * * * *", models.OverlapQueue }))
	}
	for range 2 {
		background(t, New(b.deps(), Options{Poll: 5 * time.Millisecond}).Run)
		sweeper := b.sweeper()
		sweeper.options.Interval = 5 * time.Millisecond
		background(t, sweeper.Run)
	}
	// The engine is away half of the time. Each run is ended as soon as it has begun.
	ended := map[string]bool{}
	for minute := range 10 {
		b.engine.setAway(minute%2 == 0)
		want := (minute + 1) * len(plans)
		b.clock.Advance(time.Minute)
		require.Eventually(t, func() bool {
			n := 0
			for _, plan := range plans {
				n += len(b.runs(plan.Key))
			}
			return n == want
		}, 20*time.Second, 5*time.Millisecond)
		for _, id := range b.engine.startedRuns() {
			if !ended[id] {
				b.finish(id)
				ended[id] = true
			}
		}
	}
	require.Eventually(t, func() bool {
		b.clock.Advance(time.Second)
		for _, id := range b.engine.startedRuns() {
			if !ended[id] {
				b.finish(id)
				ended[id] = true
			}
		}
		return len(ended) >= 10*len(plans)
	}, 30*time.Second, 5*time.Millisecond)
	for _, plan := range plans {
		for i, run := range b.runs(plan.Key)[:10] {
			require.Equal(t, utc(t, "2027-01-01T10:01:00Z").Add(time.Duration(i)*time.Minute), *run.ScheduledFor)
			require.Equal(t, models.StatusSuccess, run.Status)
		}
	}
}

func TestASlowEngineDoesNotHoldUpTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan(func(t *models.Trigger) { t.Cron, t.Overlap = "* * * * *", models.OverlapAllow })
	deps := b.deps()
	deps.Starter = stuckStarter{}
	background(t, New(deps, Options{Poll: 5 * time.Millisecond, Concurrency: 1}).Run)
	for minute := range 5 {
		b.clock.Advance(time.Minute)
		require.Eventually(t, func() bool { return len(b.runs(plan.Key)) == minute+1 }, 10*time.Second, 5*time.Millisecond)
	}
}

// stuckStarter answers nothing until it is given up.
type stuckStarter struct{}

func (stuckStarter) StartRun(ctx context.Context, _ models.Run) error {
	<-ctx.Done()
	return ctx.Err()
}
