package storetest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func testRuns(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are created and read", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		key, tick := "build-17", noon.Add(time.Minute+999*time.Nanosecond)
		run := QueuedRun(t, sc.s, sc.plan, func(r *models.Run) {
			r.IdempotencyKey, r.RequestHash, r.ScheduledFor = &key, "abc", &tick
			r.Parameters = map[string]string{"A": "1"}
		})
		require.Equal(t, noon, run.CreatedAt)
		require.Equal(t, noon.Add(time.Minute), *run.ScheduledFor)
		require.Equal(t, run, sc.run(t, run.ID))
		got, err := sc.s.RunByIdempotencyKey(ctx, sc.plan.Key, key)
		require.NoError(t, err)
		require.Equal(t, run, got)
		_, err = sc.s.RunByIdempotencyKey(ctx, sc.plan.Key, "BUILD-17")
		require.ErrorIs(t, err, models.ErrNotFound)
		_, err = sc.s.Run(ctx, uuid.NewString())
		require.ErrorIs(t, err, models.ErrNotFound)
	})
	t.Run("are queued at first", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		run := QueuedRun(t, sc.s, sc.plan, func(r *models.Run) { r.Status = models.StatusRunning })
		require.Equal(t, models.StatusQueued, sc.run(t, run.ID).Status)
	})
	t.Run("have unique idempotency keys for each trigger", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		other := Plan(t, sc.s, sc.workspace.Key, nil)
		key := "k"
		set := func(r *models.Run) { r.IdempotencyKey = &key }
		QueuedRun(t, sc.s, sc.plan, set)
		QueuedRun(t, sc.s, other, set)
		QueuedRun(t, sc.s, sc.plan)
		QueuedRun(t, sc.s, sc.plan)
		again := models.Run{TriggerKey: sc.plan.Key, IdempotencyKey: &key}
		require.ErrorIs(t, sc.s.CreateRun(t.Context(), &again), models.ErrDuplicate)
	})
	t.Run("are asked to cancel once", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		sc.clock.Advance(time.Second)
		first, err := sc.s.RequestCancel(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, noon.Add(time.Second), *first.CancelRequestedAt)
		sc.clock.Advance(time.Second)
		second, err := sc.s.RequestCancel(ctx, run.ID)
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, first, sc.run(t, run.ID))

		Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusCancelled})
		ended, err := sc.s.RequestCancel(ctx, run.ID)
		require.ErrorIs(t, err, models.ErrFinished)
		require.Equal(t, models.StatusCancelled, ended.Status)
		_, err = sc.s.RequestCancel(ctx, "nobody")
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func testRunLists(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("narrow by every filter, newest first", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, newDatabase), t.Context()
		w, other := Workspace(t, b.s), Workspace(t, b.s)
		triggers := []models.Trigger{
			Gatekeeper(t, b.s, w.Key, nil), Gatekeeper(t, b.s, w.Key, nil), Gatekeeper(t, b.s, other.Key, nil),
		}
		statuses := []models.Status{models.StatusQueued, models.StatusSuccess, models.StatusFailure, models.StatusSkipped}
		var runs []models.Run
		for i := range 60 {
			b.clock.Advance(time.Minute)
			runs = append(runs, QueuedRun(t, b.s, triggers[i%3], func(r *models.Run) {
				r.Status = statuses[i%4]
				if i%5 == 0 {
					r.Source = models.SourceSchedule
				}
			}))
		}
		slices.Reverse(runs)
		at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Minute) }
		for name, f := range map[string]models.RunFilter{
			"all":                  {},
			"workspace":            {WorkspaceKey: w.Key},
			"trigger":              {TriggerKey: triggers[1].Key},
			"status":               {Statuses: []models.Status{models.StatusFailure}},
			"statuses":             {Statuses: []models.Status{models.StatusFailure, models.StatusQueued, models.StatusFailure}},
			"workspace and status": {WorkspaceKey: w.Key, Statuses: []models.Status{models.StatusSuccess}},
			"source":               {Source: models.SourceSchedule},
			"since":                {Since: at(20)},
			"until":                {Until: at(20)},
			"span":                 {Since: at(10), Until: at(30)},
			"span with all":        {WorkspaceKey: w.Key, TriggerKey: triggers[0].Key, Source: models.SourceAPI, Statuses: statuses[:2], Since: at(5), Until: at(55)},
			"future":               {Since: at(1000)},
			"past":                 {Until: at(-1000)},
			"nothing":              {WorkspaceKey: "QQQ", Statuses: statuses},
		} {
			var want []string
			for _, r := range runs {
				if f.WorkspaceKey != "" && r.WorkspaceKey != f.WorkspaceKey || f.TriggerKey != "" && r.TriggerKey != f.TriggerKey ||
					len(f.Statuses) > 0 && !slices.Contains(f.Statuses, r.Status) || f.Source != "" && r.Source != f.Source ||
					!f.Since.IsZero() && r.CreatedAt.Before(f.Since) || !f.Until.IsZero() && !r.CreatedAt.Before(f.Until) {
					continue
				}
				want = append(want, r.ID)
			}
			for _, size := range []int{1, 7, 500} {
				got := all(t, size, runID, func(p models.Page) ([]models.Run, string, error) { return b.s.Runs(ctx, f, p) })
				require.Equal(t, want, got, "%s, pages of %d", name, size)
			}
		}
	})
	t.Run("bear ids that disagree a little with the clock", func(t *testing.T) {
		t.Parallel()
		// Processes' clocks differ: the ids lie up to 14 minutes off the creation times.
		var clock *Clock
		random := rand.New(rand.NewPCG(1, 2))
		b := setup(t, newDatabase, WithIDs(func() string {
			return idAt(clock.Now().Add(time.Duration(random.IntN(29)-14) * time.Minute))
		}))
		clock = b.clock
		trigger := Gatekeeper(t, b.s, Workspace(t, b.s).Key, nil)
		for range 100 {
			b.clock.Advance(3 * time.Minute)
			QueuedRun(t, b.s, trigger)
		}
		since, until := noon.Add(90*time.Minute), noon.Add(240*time.Minute)
		got := all(t, 9, runID, func(p models.Page) ([]models.Run, string, error) {
			return b.s.Runs(context.Background(), models.RunFilter{Since: since, Until: until}, p)
		})
		require.Len(t, got, 50)
	})
	t.Run("are complete while runs come in and change", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		want := map[string]bool{}
		for range 40 {
			want[QueuedRun(t, sc.s, sc.plan).ID] = true
		}
		for _, f := range []models.RunFilter{{WorkspaceKey: sc.workspace.Key}, {Statuses: []models.Status{-1, 0, 1, 2, 3, 4, 5, 99}}} {
			got := all(t, 4, runID, func(p models.Page) ([]models.Run, string, error) {
				QueuedRun(t, sc.s, sc.plan)
				items, next, err := sc.s.Runs(ctx, f, p)
				if len(items) > 0 { // the end of a run does not move it
					Finish(t, sc.s, models.RunOutcome{RunID: items[0].ID, Status: models.StatusSuccess})
				}
				return items, next, err
			})
			for id := range want {
				require.Contains(t, got, id)
			}
			require.True(t, slices.IsSortedFunc(got, func(a, b string) int { return -cmpText(a, b) }))
		}
	})
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// idAt makes a UUIDv7 of a time.
func idAt(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	return id.String()
}

func testDispatch(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("concerns queued runs that are old enough", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		old := QueuedRun(t, sc.s, sc.plan)
		sc.clock.Advance(time.Minute)
		QueuedRun(t, sc.s, sc.plan)
		due, err := sc.s.Undispatched(ctx, sc.clock.Now(), 10)
		require.NoError(t, err)
		require.Equal(t, []models.Run{old}, due)

		require.NoError(t, sc.s.MarkDispatched(ctx, old.ID))
		require.Equal(t, sc.clock.Now(), *sc.run(t, old.ID).DispatchedAt)
		due, err = sc.s.Undispatched(ctx, sc.clock.Now(), 10)
		require.NoError(t, err)
		require.Empty(t, due)
		require.ErrorIs(t, sc.s.MarkDispatched(ctx, "nobody"), models.ErrNotFound)

		require.NoError(t, sc.s.ClearDispatched(ctx, old.ID))
		due, err = sc.s.Undispatched(ctx, sc.clock.Now(), 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
	})
	t.Run("takes the oldest first, up to the limit", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		var ids []string
		for range 5 {
			ids = append(ids, QueuedRun(t, sc.s, sc.plan).ID)
		}
		due, err := sc.s.Undispatched(t.Context(), noon.Add(time.Second), 3)
		require.NoError(t, err)
		require.Len(t, due, 3)
		for i, r := range due {
			require.Equal(t, ids[i], r.ID)
		}
	})
	t.Run("happens again for a begun run whose workflow is unknown", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		run := QueuedRun(t, sc.s, sc.plan)
		Begin(t, sc.s, run.ID)
		require.NotNil(t, sc.run(t, run.ID).DispatchedAt, "a run that begins has been dispatched")
		require.NoError(t, sc.s.ClearDispatched(ctx, run.ID))
		due, err := sc.s.Undispatched(ctx, noon.Add(time.Second), 3)
		require.NoError(t, err)
		require.Len(t, due, 1)
		Begin(t, sc.s, run.ID)
		require.Equal(t, models.StatusRunning, sc.run(t, run.ID).Status)
		Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		require.ErrorIs(t, sc.s.ClearDispatched(ctx, run.ID), models.ErrFinished)
		require.ErrorIs(t, sc.s.ClearDispatched(ctx, "nobody"), models.ErrNotFound)
	})
	t.Run("of held runs waits for the earlier ones", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		tick := func(minute int) *models.Run {
			run, err := sc.s.RecordTick(ctx, models.Tick{
				TriggerKey: sc.plan.Key, ScheduledFor: noon.Add(time.Duration(minute) * time.Minute), Overlap: models.OverlapQueue,
			})
			require.NoError(t, err)
			return run
		}
		one, two, three := tick(5), tick(10), tick(15)
		require.False(t, one.Held)
		require.True(t, two.Held)
		require.True(t, three.Held)
		require.NotEmpty(t, two.Reason)
		elsewhere := QueuedRun(t, sc.s, Plan(t, sc.s, sc.workspace.Key, nil))

		due := func() []string {
			runs, err := sc.s.Undispatched(ctx, noon.Add(time.Hour), 10)
			require.NoError(t, err)
			var ids []string
			for _, r := range runs {
				require.False(t, r.Held)
				ids = append(ids, r.ID)
			}
			return ids
		}
		require.Equal(t, []string{one.ID, elsewhere.ID}, due())
		require.NoError(t, sc.s.MarkDispatched(ctx, elsewhere.ID))
		require.NoError(t, sc.s.MarkDispatched(ctx, one.ID))
		require.Empty(t, due(), "a dispatched run has not ended")
		Begin(t, sc.s, one.ID)
		require.Empty(t, due(), "a running one neither")
		Finish(t, sc.s, models.RunOutcome{RunID: one.ID, Status: models.StatusFailure})
		require.Equal(t, []string{two.ID}, due(), "one at a time")
		got := sc.run(t, two.ID)
		require.False(t, got.Held, "it is not held any more")
		require.Empty(t, got.Reason)
		require.Equal(t, []string{two.ID}, due(), "and stays due until it is dispatched")

		// Cancelling releases a held run at once, so that its workflow can end it.
		_, err := sc.s.RequestCancel(ctx, three.ID)
		require.NoError(t, err)
		require.Equal(t, []string{two.ID, three.ID}, due())
	})
	t.Run("of held runs follows their ticks, not their ids", func(t *testing.T) {
		t.Parallel()
		// Two schedulers whose clocks differ: the later tick's run has the smaller id.
		ids := []string{idAt(noon.Add(3 * time.Second)), idAt(noon.Add(2 * time.Second)), idAt(noon.Add(time.Second))}
		plain := setup(t, newDatabase)
		plan := Plan(t, plain.s, Workspace(t, plain.s).Key, nil)
		s := plain.db.Open(t, WithClock(plain.clock.Now), WithIDs(func() string {
			id := ids[0]
			ids = ids[1:]
			return id
		}))
		var runs []*models.Run
		for i := range 3 {
			run, err := s.RecordTick(t.Context(), models.Tick{TriggerKey: plan.Key, ScheduledFor: noon.Add(time.Duration(i+1) * time.Minute), Overlap: models.OverlapQueue})
			require.NoError(t, err)
			runs = append(runs, run)
		}
		for _, run := range runs {
			due, err := s.Undispatched(t.Context(), noon.Add(time.Hour), 10)
			require.NoError(t, err)
			require.Len(t, due, 1)
			require.Equal(t, run.ID, due[0].ID)
			Finish(t, plain.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
		}
	})
	t.Run("is looked after until the end", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		var ids []string
		for i := range 7 {
			run := QueuedRun(t, sc.s, sc.plan)
			ids = append(ids, run.ID)
			if i != 6 {
				require.NoError(t, sc.s.MarkDispatched(ctx, run.ID))
			}
			if i%2 == 0 && i != 6 {
				Begin(t, sc.s, run.ID)
			}
		}
		Finish(t, sc.s, models.RunOutcome{RunID: ids[1], Status: models.StatusSuccess})
		before := sc.clock.Now().Add(time.Second)
		var got []string
		after := ""
		for {
			runs, err := sc.s.UnfinishedDispatched(ctx, before, after, 2)
			require.NoError(t, err)
			if len(runs) == 0 {
				break
			}
			for _, r := range runs {
				got = append(got, r.ID)
			}
			after = got[len(got)-1]
		}
		require.Equal(t, []string{ids[0], ids[2], ids[3], ids[4], ids[5]}, got)
		runs, err := sc.s.UnfinishedDispatched(ctx, noon, "", 10)
		require.NoError(t, err)
		require.Empty(t, runs, "dispatched too recently")
	})
}
