package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// racers runs fn many times at once, alternating between two stores on one database, and answers what
// each call returned.
func racers[T any](t *testing.T, sc *scene, n int, fn func(s *store.Store, i int) (T, error)) ([]T, []error) {
	t.Helper()
	stores := []*store.Store{sc.s, sc.db.Open(t, WithClock(sc.clock.Now))}
	results, errs := make([]T, n), make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			results[i], errs[i] = fn(stores[i%2], i)
		})
	}
	close(start)
	wg.Wait()
	return results, errs
}

// winners counts the calls without an error and checks that all others lost with want.
func winners(t *testing.T, errs []error, want error) int {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		require.ErrorIs(t, err, want)
	}
	return n
}

func testRaces(t *testing.T, newDatabase func(testing.TB) Database) {
	ctx := context.Background()
	t.Run("for keys give each key once", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		keys, errs := racers(t, sc, 40, func(s *store.Store, i int) (string, error) {
			c := models.Case{WorkspaceKey: sc.workspace.Key, Name: fmt.Sprint(i), Kind: models.KindHTTP}
			err := s.CreateCase(ctx, &c)
			return c.Key, err
		})
		require.Equal(t, 40, winners(t, errs, nil))
		got := all(t, 500, func(c models.Case) string { return c.Key }, func(p models.Page) ([]models.Case, string, error) {
			return sc.s.Cases(ctx, models.DefinitionFilter{}, p)
		})
		require.ElementsMatch(t, append(keys, sc.testCase.Key), got)
	})
	t.Run("for the first key of a counter too", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		ws := Workspace(t, sc.s)
		_, errs := racers(t, sc, 16, func(s *store.Store, i int) (string, error) {
			return "", s.CreatePipeline(ctx, &models.Pipeline{WorkspaceKey: ws.Key, Name: fmt.Sprint(i)})
		})
		require.Equal(t, 16, winners(t, errs, nil))
		_, errs = racers(t, sc, 16, func(s *store.Store, i int) (string, error) {
			return "", s.CreateTrigger(ctx, &models.Trigger{WorkspaceKey: ws.Key, Name: fmt.Sprint(i), Method: models.MethodPlan, Cron: "@daily"})
		})
		require.Equal(t, 16, winners(t, errs, nil))
	})
	t.Run("for one tick make one run", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		const ticks, each = 8, 6
		runs, errs := racers(t, sc, ticks*each, func(s *store.Store, i int) (*models.Run, error) {
			return s.RecordTick(ctx, models.Tick{
				TriggerKey: sc.plan.Key, ScheduledFor: noon.Add(time.Duration(i/each+1) * time.Minute), Overlap: models.OverlapAllow,
			})
		})
		require.Equal(t, ticks*each, winners(t, errs, nil))
		byTick := map[time.Time]int{}
		for _, run := range runs {
			if run != nil {
				byTick[*run.ScheduledFor]++
			}
		}
		for at, n := range byTick {
			require.Equal(t, 1, n, at)
		}
		stored, _, err := sc.s.Runs(ctx, models.RunFilter{TriggerKey: sc.plan.Key}, models.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, stored, len(byTick), "what was answered is what is stored")
		require.Contains(t, byTick, noon.Add(ticks*time.Minute), "the last tick is never lost")
	})
	t.Run("of schedulers walking the ticks decide all of them", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		const ticks = 15
		var made atomic.Int64
		_, errs := racers(t, sc, 6, func(s *store.Store, i int) (struct{}, error) {
			for n := range ticks {
				run, err := s.RecordTick(ctx, models.Tick{
					TriggerKey: sc.plan.Key, ScheduledFor: noon.Add(time.Duration(n+1) * time.Minute), Overlap: models.OverlapQueue,
				})
				if err != nil {
					return struct{}{}, err
				}
				if run != nil {
					made.Add(1)
				}
			}
			return struct{}{}, nil
		})
		require.Equal(t, 6, winners(t, errs, nil))
		require.EqualValues(t, ticks, made.Load())
		stored, _, err := sc.s.Runs(ctx, models.RunFilter{TriggerKey: sc.plan.Key}, models.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, stored, ticks)
	})
	t.Run("for an idempotency key make one run", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		key := "build-1"
		_, errs := racers(t, sc, 20, func(s *store.Store, i int) (string, error) {
			return "", s.CreateRun(ctx, &models.Run{WorkspaceKey: sc.workspace.Key, TriggerKey: sc.plan.Key, IdempotencyKey: &key})
		})
		require.Equal(t, 1, winners(t, errs, models.ErrDuplicate))
	})
	t.Run("for a delivery let one worker have it", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		d := sc.delivery(t)
		_, errs := racers(t, sc, 20, func(s *store.Store, i int) (models.DeliveryJob, error) {
			return s.ClaimDelivery(ctx, d.ID, noon.Add(time.Minute))
		})
		require.Equal(t, 1, winners(t, errs, models.ErrClaimed))
	})
	t.Run("to record attempts count them all", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		d := sc.delivery(t)
		_, errs := racers(t, sc, 12, func(s *store.Store, i int) (models.Delivery, error) {
			return s.RecordAttempt(ctx, models.Attempt{DeliveryID: d.ID, StartedAt: noon}, models.DeliveryPending)
		})
		require.Equal(t, 12, winners(t, errs, nil))
		got, err := sc.s.Delivery(ctx, d.ID)
		require.NoError(t, err)
		require.Equal(t, 12, got.Attempts)
	})
	t.Run("to update let one win", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		_, errs := racers(t, sc, 12, func(s *store.Store, i int) (string, error) {
			p := sc.pipeline
			p.Name = fmt.Sprint(i)
			return p.Name, s.UpdatePipeline(ctx, &p)
		})
		require.Equal(t, 1, winners(t, errs, models.ErrStale))
		got, err := sc.s.Pipeline(ctx, sc.pipeline.Key)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(slices.Index(errs, nil)), got.Name)
		require.EqualValues(t, 2, got.Version)
	})
	t.Run("to update different triggers all succeed", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		var plans []models.Trigger
		for range 10 {
			plans = append(plans, Plan(t, sc.s, sc.workspace.Key, []string{sc.pipeline.Key}))
		}
		_, errs := racers(t, sc, len(plans), func(s *store.Store, i int) (string, error) {
			plans[i].Cron = "0 * * * *"
			return "", s.UpdateTrigger(ctx, &plans[i])
		})
		require.Equal(t, len(plans), winners(t, errs, nil))
	})
	t.Run("to begin runs of one pipeline give executions keys of their own", func(t *testing.T) { t.Parallel(); testBeginRace(t, newDatabase) })
	t.Run("to finish a run make one event", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		run := QueuedRun(t, sc.s, sc.plan)
		Begin(t, sc.s, run.ID)
		deliveries, errs := racers(t, sc, 10, func(s *store.Store, i int) ([]models.Delivery, error) {
			return s.FinishRun(ctx, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess}, PlainEvent)
		})
		require.Equal(t, 10, winners(t, errs, nil))
		for _, d := range deliveries {
			require.Equal(t, deliveries[0], d)
		}
	})
	t.Run("between workers and the end leave the end's word", func(t *testing.T) { t.Parallel(); testEndRace(t, newDatabase) })
	t.Run("for a runtime's name make one runtime", func(t *testing.T) {
		t.Parallel()
		sc := setScene(t, newDatabase)
		runtimes, errs := racers(t, sc, 10, func(s *store.Store, i int) (models.Runtime, error) {
			return s.EnsureRuntime(ctx, "office")
		})
		require.Equal(t, 10, winners(t, errs, nil))
		for _, r := range runtimes {
			require.Equal(t, runtimes[0], r)
		}
	})
}

func testBeginRace(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), context.Background()
	second := Pipeline(t, sc.s, sc.workspace.Key, []string{sc.testCase.Key})
	var runs []models.Run
	for i := range 12 {
		keys := []string{sc.pipeline.Key, second.Key}
		if i%2 == 1 {
			slices.Reverse(keys)
		}
		runs = append(runs, QueuedRun(t, sc.s, Gatekeeper(t, sc.s, sc.workspace.Key, keys)))
	}
	_, errs := racers(t, sc, len(runs), func(s *store.Store, i int) (string, error) {
		var starts []models.ExecutionStart
		for position, key := range []string{sc.pipeline.Key, second.Key, sc.pipeline.Key} {
			starts = append(starts, models.ExecutionStart{
				Execution: models.Execution{Position: position, PipelineKey: key},
				Results:   []models.CaseResult{{CaseKey: sc.testCase.Key}},
			})
		}
		return "", s.BeginRun(ctx, runs[i].ID, starts)
	})
	require.Equal(t, len(runs), winners(t, errs, nil))
	keys := map[string]bool{}
	for _, run := range runs {
		executions, err := sc.s.Executions(ctx, run.ID)
		require.NoError(t, err)
		require.Len(t, executions, 3)
		for _, x := range executions {
			keys[x.Key] = true
		}
	}
	require.Len(t, keys, 3*len(runs))
}

// testEndRace ends runs while their workers report. Whoever comes first, the run's end has the last
// word and its counts are those of its results.
func testEndRace(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), context.Background()
	p := Pipeline(t, sc.s, sc.workspace.Key, []string{sc.testCase.Key, sc.testCase.Key, sc.testCase.Key})
	gate := Gatekeeper(t, sc.s, sc.workspace.Key, []string{p.Key})
	for range 5 {
		run := QueuedRun(t, sc.s, gate)
		start := Begin(t, sc.s, run.ID)[0]
		_, errs := racers(t, sc, 9, func(s *store.Store, i int) (string, error) {
			r := start.Results[i%3]
			switch {
			case i == 8:
				_, err := s.FinishRun(ctx, models.RunOutcome{RunID: run.ID, Status: models.StatusCancelled}, PlainEvent)
				return "", err
			case i < 4:
				return "", s.StartResult(ctx, r.ID)
			default:
				r.Status, r.Attempt = models.StatusFailure, i
				return "", s.SaveResult(ctx, r, models.Report{Attempt: i})
			}
		})
		winners(t, errs, models.ErrFinished)
		require.NoError(t, errs[8])
		ended := sc.run(t, run.ID)
		results, err := sc.s.Results(ctx, run.ID)
		require.NoError(t, err)
		counts := map[models.Status]int{}
		for _, r := range results {
			require.True(t, r.Status.Final(), r.Status)
			counts[r.Status]++
		}
		require.Equal(t, ended.CasesFailed, counts[models.StatusFailure])
		require.Equal(t, ended.CasesSkipped, counts[models.StatusSkipped])
	}
}
