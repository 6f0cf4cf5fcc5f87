package scheduler

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestADueTickIsRecordedAndStarted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan()
	s := b.scheduler()

	require.Equal(t, time.Second, step(s)) // loads; rests until the next poll
	require.Empty(t, b.ticks(plan.Key))

	b.clock.Advance(4*time.Minute + 29*time.Second + 700*time.Millisecond)
	require.Equal(t, 300*time.Millisecond, step(s), "the pass must end when the tick is due")
	b.clock.Advance(300 * time.Millisecond)
	step(s)
	step(s)

	runs := b.runs(plan.Key)
	require.Len(t, runs, 1)
	require.Equal(t, utc(t, "2027-01-01T10:05:00Z"), *runs[0].ScheduledFor)
	require.Equal(t, models.StatusQueued, runs[0].Status)
	require.NotNil(t, runs[0].DispatchedAt)
	require.Equal(t, []string{runs[0].ID}, b.engine.startedRuns())
	require.Equal(t, 1, b.engine.asked[runs[0].ID])
}

func TestJitterDelaysTheStartOfATick(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan(func(t *models.Trigger) { t.JitterSeconds = 200 })
	offset := jitterOffset(plan.Key, 200*time.Second)
	s := b.scheduler()
	step(s)
	b.clock.Advance(270*time.Second + offset - time.Microsecond)
	step(s)
	require.Empty(t, b.ticks(plan.Key))
	b.clock.Advance(time.Microsecond)
	step(s)
	require.Equal(t, []string{"10:05:00"}, b.ticks(plan.Key))
}

func TestSeveralSchedulersStartEachTickExactlyOnce(t *testing.T) {
	t.Parallel()
	for name, newDatabase := range map[string]func(testing.TB) storetest.Database{"sqlite": storetest.NewSQLite, "mysql": storetest.NewMySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupOn(t, newDatabase(t))
			var plans []models.Trigger
			for i := range 12 {
				plans = append(plans, b.plan(func(t *models.Trigger) {
					t.Cron = []string{"* * * * *", "*/2 * * * *", "@every 90s"}[i%3]
					t.Overlap, t.JitterSeconds = models.OverlapAllow, i
				}))
			}
			// Each has a connection pool of its own, as processes do, and a clock that is a bit off.
			var schedulers []*Scheduler
			for i := range 3 {
				deps := b.deps()
				deps.Store = b.database.OpenOnly(t, storetest.WithClock(b.clock.Now))
				deps.Now = func() time.Time { return b.clock.Now().Add(time.Duration(i) * 700 * time.Millisecond) }
				schedulers = append(schedulers, New(deps, Options{}))
			}
			for range 20 {
				var passes sync.WaitGroup
				for _, s := range schedulers {
					passes.Go(func() { step(s) })
				}
				passes.Wait()
				b.clock.Advance(30 * time.Second)
			}
			end := b.clock.Now().Add(-30*time.Second + 1400*time.Millisecond)
			starts := 0
			for _, plan := range plans {
				offset := jitterOffset(plan.Key, time.Duration(plan.JitterSeconds)*time.Second)
				want := between(mustParse(t, plan.Cron, ""), utc(t, "2027-01-01T10:00:30Z"), end.Add(-offset))
				runs := b.runs(plan.Key)
				require.Len(t, runs, len(want), plan.Cron)
				for i, run := range runs {
					require.Equal(t, want[i], *run.ScheduledFor)
					require.Equal(t, models.StatusQueued, run.Status)
					require.NotNil(t, run.DispatchedAt)
					require.Equal(t, 1, b.engine.asked[run.ID])
				}
				starts += len(runs)
			}
			require.Greater(t, starts, 70)
			require.Len(t, b.engine.startedRuns(), starts)
			require.Zero(t, b.log.count("level=ERROR"))
		})
	}
}

func TestTicksDueWhileTheEngineIsAwayAreStartedWhenItIsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan(func(t *models.Trigger) { t.Overlap = models.OverlapAllow })
	s, sweeper := b.scheduler(), b.sweeper()
	step(s)
	b.engine.setAway(true)
	for range 30 * 12 {
		b.clock.Advance(5 * time.Second)
		step(s)
		sweeper.runOnce(t.Context())
	}
	require.Equal(t, []string{"10:05:00", "10:10:00", "10:15:00", "10:20:00", "10:25:00", "10:30:00"}, b.ticks(plan.Key))
	require.Empty(t, b.engine.startedRuns())
	require.Equal(t, 1, b.log.count("component=scheduler", "workflow engine fails"))
	require.Equal(t, 1, b.log.count("component=sweeper", "workflow engine fails"))

	b.engine.setAway(false)
	for range 10 {
		b.clock.Advance(time.Second)
		sweeper.runOnce(t.Context())
	}
	require.Len(t, b.engine.startedRuns(), 6)
	for _, run := range b.runs(plan.Key) {
		require.NotNil(t, run.DispatchedAt)
	}
	require.Equal(t, 1, b.log.count("component=sweeper", "workflow engine works again"))

	// The next tick goes the short way again.
	b.clock.Advance(5 * time.Minute)
	step(s)
	require.Len(t, b.engine.startedRuns(), 7)
	require.Equal(t, 1, b.log.count("component=scheduler", "workflow engine works again"))
}

func TestMissedTicksFollowTheCatchUpPolicyAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	policy := func(c models.CatchUp) models.Trigger {
		return b.plan(func(t *models.Trigger) {
			t.Cron, t.CatchUp, t.Overlap, t.CatchUpWindowSeconds = "*/10 * * * *", c, models.OverlapAllow, 1800
		})
	}
	none, last, all := policy(models.CatchUpNone), policy(models.CatchUpLast), policy(models.CatchUpAll)
	b.clock.Advance(3*time.Hour + 4*time.Minute) // 13:04:30
	s := b.scheduler()
	step(s)
	step(s)
	require.Equal(t, []string{"13:00:00 skipped"}, b.ticks(none.Key))
	require.Equal(t, []string{"12:50:00 skipped", "13:00:00"}, b.ticks(last.Key))
	require.Equal(t, []string{"12:30:00 skipped", "12:40:00", "12:50:00", "13:00:00"}, b.ticks(all.Key))
	require.Equal(t, "18 ticks from 2027-01-01T10:10:00Z to 2027-01-01T13:00:00Z were missed while the scheduler was down; catch-up is none",
		b.runs(none.Key)[0].Reason)
	require.Equal(t, "15 ticks from 2027-01-01T10:10:00Z to 2027-01-01T12:30:00Z were missed while the scheduler was down; "+
		"catch-up is all, at most 100 within 30m", b.runs(all.Key)[0].Reason)
	require.Len(t, b.engine.startedRuns(), 4)
	require.Equal(t, 1, b.log.count("tick not run", none.Key, "18 ticks"))

	// Another start decides nothing again.
	step(b.scheduler())
	require.Len(t, b.runs(all.Key), 4)
}

func TestClockJumpsNeitherLoseNorDoubleTicks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan(func(t *models.Trigger) { t.Overlap, t.CatchUp = models.OverlapAllow, models.CatchUpAll })
	s := b.scheduler()
	step(s)
	// Asleep for half an hour.
	b.clock.Advance(30 * time.Minute)
	step(s)
	awake := []string{"10:05:00", "10:10:00", "10:15:00", "10:20:00", "10:25:00", "10:30:00"}
	require.Equal(t, awake, b.ticks(plan.Key))

	// Back by two minutes, across the tick: it does not run again.
	b.clock.Advance(-2 * time.Minute)
	for range 240 {
		step(s)
		b.clock.Advance(time.Second)
	}
	require.Equal(t, awake, b.ticks(plan.Key))
	require.Zero(t, b.log.count("a clock was ahead"))

	// Ahead by an hour and back again: the hour's ticks ran early, once. Changed definitions are
	// noticed although the last poll lies in the future.
	b.clock.Advance(time.Hour)
	step(s)
	b.clock.Advance(-time.Hour)
	count := len(b.ticks(plan.Key))
	for range 30 {
		step(s)
		b.clock.Advance(time.Second)
	}
	require.Len(t, b.ticks(plan.Key), count)
	require.Equal(t, 1, b.log.count("a clock was ahead", plan.Key))
	other := b.plan(func(t *models.Trigger) { t.Cron = "34 * * * *" })
	for range 120 {
		step(s)
		b.clock.Advance(time.Second)
	}
	require.Equal(t, []string{"10:34:00"}, b.ticks(other.Key))

	// Disabling and enabling starts the schedule afresh, without doubling what ran.
	require.NoError(t, b.store.UpdateTrigger(t.Context(), update(&plan, func(p *models.Trigger) { p.Enabled = false })))
	require.NoError(t, b.store.UpdateTrigger(t.Context(), update(&plan, func(p *models.Trigger) { p.Enabled = true })))
	for range 3 * 3600 / 30 {
		step(s)
		b.clock.Advance(30 * time.Second)
	}
	seen := map[string]bool{}
	for _, tick := range b.ticks(plan.Key) {
		require.False(t, seen[tick], tick)
		seen[tick] = true
	}
	for at := utc(t, "2027-01-01T10:05:00Z"); at.Before(utc(t, "2027-01-01T13:30:00Z")); at = at.Add(5 * time.Minute) {
		require.True(t, seen[at.Format(time.TimeOnly)], at)
	}
}

func update(trigger *models.Trigger, change func(*models.Trigger)) *models.Trigger {
	change(trigger)
	return trigger
}

func TestOverlapPolicies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	policy := func(o models.Overlap) models.Trigger {
		return b.plan(func(t *models.Trigger) { t.Overlap = o })
	}
	skip, queue, allow := policy(models.OverlapSkip), policy(models.OverlapQueue), policy(models.OverlapAllow)
	s, sweeper := b.scheduler(), b.sweeper()
	step(s)
	for range 3 {
		b.clock.Advance(5 * time.Minute)
		step(s)
		sweeper.runOnce(t.Context())
	}
	require.Equal(t, []string{"10:05:00", "10:10:00 skipped", "10:15:00 skipped"}, b.ticks(skip.Key))
	require.Equal(t, []string{"10:05:00", "10:10:00 held", "10:15:00 held"}, b.ticks(queue.Key))
	require.Equal(t, []string{"10:05:00", "10:10:00", "10:15:00"}, b.ticks(allow.Key))
	require.Len(t, b.engine.startedRuns(), 5)
	require.Contains(t, b.runs(skip.Key)[1].Reason, b.runs(skip.Key)[0].ID)

	// Held runs are released one after the other, in the order of their times.
	queued := b.runs(queue.Key)
	for i, run := range queued {
		b.clock.Advance(3 * time.Second)
		sweeper.runOnce(t.Context())
		started := b.engine.startedRuns()
		require.Len(t, started, 5+i)
		if i > 0 {
			require.Equal(t, run.ID, started[len(started)-1])
		}
		b.finish(run.ID)
	}
	// The plan that skips runs again when the run that was in the way has ended.
	b.finish(b.runs(skip.Key)[0].ID)
	b.clock.Advance(5 * time.Minute)
	step(s)
	require.Equal(t, "10:20:00", b.ticks(skip.Key)[3])
}

func TestABrokenScheduleIsLoggedOnceAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// As after a restore: the API would have refused it.
	broken := b.plan(func(t *models.Trigger) { t.Cron = "61 * * * *" })
	lost := b.plan(func(t *models.Trigger) { t.Timezone = "Atlantis/Capital" })
	good := b.plan()
	s := b.scheduler()
	step(s)
	b.clock.Advance(10 * time.Minute)
	step(s)
	b.plan() // has everything loaded again
	b.clock.Advance(10 * time.Minute)
	step(s)
	require.NotEmpty(t, b.ticks(good.Key))
	require.Equal(t, 1, b.log.count("schedule cannot be read", broken.Key, "minutes go from 0 to 59"))
	require.Equal(t, 1, b.log.count("schedule cannot be read", lost.Key, "not an IANA time zone"))

	broken.Cron = "*/5 * * * *"
	require.NoError(t, b.store.UpdateTrigger(t.Context(), &broken))
	b.clock.Advance(5 * time.Minute)
	step(s)
	b.clock.Advance(5 * time.Minute)
	step(s)
	require.NotEmpty(t, b.ticks(broken.Key))
}

func TestDeletedAndDisabledTriggersDoNotRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	deleted, disabled := b.plan(), b.plan()
	s := b.scheduler()
	step(s)
	// Both at the moment of the tick, before the scheduler polls again.
	b.clock.Advance(269*time.Second + 500*time.Millisecond)
	step(s)
	require.NoError(t, b.store.DeleteTrigger(t.Context(), deleted.Key))
	disabled.Enabled = false
	require.NoError(t, b.store.UpdateTrigger(t.Context(), &disabled))
	b.clock.Advance(500 * time.Millisecond)
	step(s)
	b.clock.Advance(time.Hour)
	step(s)
	require.Empty(t, b.runs(deleted.Key))
	require.Empty(t, b.runs(disabled.Key))
	require.Empty(t, s.entries)
	require.Zero(t, b.log.count("level=ERROR"))
}
