package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func testSchedules(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are those of enabled triggers with a cron expression", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		Gatekeeper(t, sc.s, sc.workspace.Key, nil)
		off := Plan(t, sc.s, sc.workspace.Key, nil, func(t *models.Trigger) { t.Enabled = false })
		second := Plan(t, sc.s, sc.workspace.Key, nil, func(t *models.Trigger) {
			t.Timezone, t.JitterSeconds, t.Overlap, t.CatchUp, t.CatchUpWindowSeconds = "Europe/Berlin", 30, models.OverlapQueue, models.CatchUpAll, 60
		})
		schedules, err := sc.s.Schedules(ctx)
		require.NoError(t, err)
		require.Equal(t, []models.Schedule{
			{
				TriggerKey: sc.plan.Key, Cron: "*/5 * * * *", Timezone: "UTC", Overlap: models.OverlapSkip,
				CatchUp: models.CatchUpLast, CatchUpWindow: time.Hour, Cursor: noon,
			},
			{
				TriggerKey: second.Key, Cron: "*/5 * * * *", Timezone: "Europe/Berlin", Jitter: 30 * time.Second,
				Overlap: models.OverlapQueue, CatchUp: models.CatchUpAll, CatchUpWindow: time.Minute, Cursor: noon,
			},
		}, schedules)
		require.NoError(t, sc.s.DeleteTrigger(ctx, second.Key))
		off.Enabled = true
		require.NoError(t, sc.s.UpdateTrigger(ctx, &off))
		schedules, err = sc.s.Schedules(ctx)
		require.NoError(t, err)
		require.Len(t, schedules, 2)
		require.Equal(t, off.Key, schedules[1].TriggerKey)
	})
	t.Run("start anew when cron, time zone or enabled change", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		plan := sc.plan
		for _, step := range []struct {
			change func()
			reset  bool
		}{
			{func() { plan.Cron = "0 * * * *" }, true},
			{func() { plan.Name = "other" }, false},
			{func() { plan.Timezone = "Asia/Tokyo" }, true},
			{func() { plan.JitterSeconds = 7 }, false},
			{func() { plan.Enabled = false }, true},
			{func() { plan.Enabled = true }, true},
			{func() { plan.PipelineKeys = nil }, false},
		} {
			before := sc.clock.Now()
			if s := schedule(t, sc); s != nil {
				before = s.Cursor
			}
			now := sc.clock.Advance(time.Minute)
			step.change()
			require.NoError(t, sc.s.UpdateTrigger(ctx, &plan))
			if s := schedule(t, sc); s != nil && step.reset {
				require.Equal(t, now, s.Cursor)
			} else if s != nil {
				require.Equal(t, before, s.Cursor)
			}
		}
	})
	t.Run("decide each tick once", func(t *testing.T) { t.Parallel(); testTicks(t, newDatabase) })
	t.Run("follow the overlap policy", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		minute := 0
		tick := func(overlap models.Overlap) *models.Run {
			minute++
			run, err := sc.s.RecordTick(ctx, models.Tick{
				TriggerKey: sc.plan.Key, ScheduledFor: noon.Add(time.Duration(minute) * time.Minute), Overlap: overlap,
			})
			require.NoError(t, err)
			require.NotNil(t, run)
			require.Equal(t, *run, sc.run(t, run.ID))
			return run
		}
		first := tick(models.OverlapSkip)
		require.Equal(t, models.StatusQueued, first.Status)
		skipped := tick(models.OverlapSkip)
		require.Equal(t, models.StatusSkipped, skipped.Status)
		require.Contains(t, skipped.Reason, first.ID)
		require.NotNil(t, skipped.FinishedAt)
		held := tick(models.OverlapQueue)
		require.Equal(t, models.StatusQueued, held.Status)
		require.True(t, held.Held)
		allowed := tick(models.OverlapAllow)
		require.Equal(t, models.StatusQueued, allowed.Status)
		require.False(t, allowed.Held)
		for _, run := range []*models.Run{first, held, allowed} {
			Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		}
		require.Equal(t, models.StatusQueued, tick(models.OverlapSkip).Status, "a skipped run does not count as unfinished")
	})
	t.Run("do not tick for triggers that are off or gone", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		gate := Gatekeeper(t, sc.s, sc.workspace.Key, nil)
		off := Plan(t, sc.s, sc.workspace.Key, nil, func(t *models.Trigger) { t.Enabled = false })
		for _, key := range []string{gate.Key, off.Key, "P-ABC-FFFF"} {
			run, err := sc.s.RecordTick(ctx, models.Tick{TriggerKey: key, ScheduledFor: noon.Add(time.Minute)})
			require.NoError(t, err)
			require.Nil(t, run)
		}
	})
}

// schedule answers the schedule of the scene's plan, or nil.
func schedule(t *testing.T, sc *scene) *models.Schedule {
	t.Helper()
	schedules, err := sc.s.Schedules(t.Context())
	require.NoError(t, err)
	for _, s := range schedules {
		if s.TriggerKey == sc.plan.Key {
			return &s
		}
	}
	return nil
}

func testTicks(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	at := noon.Add(3*time.Minute + 500*time.Nanosecond)
	tick := models.Tick{TriggerKey: sc.plan.Key, ScheduledFor: at, Overlap: models.OverlapAllow}
	run, err := sc.s.RecordTick(ctx, tick)
	require.NoError(t, err)
	require.Equal(t, *run, sc.run(t, run.ID))
	require.Equal(t, noon.Add(3*time.Minute), *run.ScheduledFor)
	require.Equal(t, models.SourceSchedule, run.Source)
	require.Equal(t, sc.plan.Name, run.TriggerName)
	require.Equal(t, sc.plan.Owners, run.TriggerOwners)
	require.Equal(t, sc.workspace.Key, run.WorkspaceKey)
	require.Equal(t, noon.Add(3*time.Minute), schedule(t, sc).Cursor)

	for _, earlier := range []time.Time{at, noon.Add(2 * time.Minute)} {
		tick.ScheduledFor = earlier
		again, err := sc.s.RecordTick(ctx, tick)
		require.NoError(t, err)
		require.Nil(t, again)
	}

	tick.ScheduledFor, tick.NotRun = noon.Add(10*time.Minute), "missed while the scheduler was down"
	missed, err := sc.s.RecordTick(ctx, tick)
	require.NoError(t, err)
	require.Equal(t, models.StatusSkipped, missed.Status)
	require.Equal(t, tick.NotRun, missed.Reason)
	require.Equal(t, noon.Add(10*time.Minute), schedule(t, sc).Cursor)

	// The schedule starts anew at a time before ticks that were decided already.
	plan := sc.plan
	plan.Cron = "* * * * *"
	require.NoError(t, sc.s.UpdateTrigger(ctx, &plan))
	require.Equal(t, noon, schedule(t, sc).Cursor)
	tick.ScheduledFor = at
	again, err := sc.s.RecordTick(ctx, tick)
	require.NoError(t, err)
	require.Nil(t, again, "the tick has its run")
	require.Equal(t, noon.Add(3*time.Minute), schedule(t, sc).Cursor, "but the schedule goes on")
}
