package scheduler

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// BenchmarkThousandDueTriggers measures one pass in which the ticks of a thousand plans come due, each
// recorded in the database, started on an engine that costs nothing, and marked as started.
func BenchmarkThousandDueTriggers(b *testing.B) {
	for name, newDatabase := range map[string]func(testing.TB) storetest.Database{"sqlite": storetest.NewSQLite, "mysql": storetest.NewMySQL} {
		b.Run(name, func(b *testing.B) {
			const plans = 1000
			bundle := setupOn(b, newDatabase(b))
			for i := range plans {
				bundle.plan(func(t *models.Trigger) {
					t.Name, t.Cron, t.Overlap = fmt.Sprintf("plan %d", i), "* * * * *", models.OverlapAllow
				})
			}
			deps := bundle.deps()
			deps.Logger = slog.New(slog.DiscardHandler)
			background(b, New(deps, Options{Poll: time.Millisecond}).Run)
			bundle.awaitMarked(b, 0)
			b.ResetTimer()
			for i := range b.N {
				bundle.clock.Advance(time.Minute)
				bundle.awaitMarked(b, plans*(i+1))
			}
			b.StopTimer()
			b.ReportMetric(float64(plans*b.N)/b.Elapsed().Seconds(), "ticks/s")
		})
	}
}

// awaitMarked waits until that many runs have been started and marked.
func (b *bundle) awaitMarked(t testing.TB, want int) {
	for deadline := time.Now().Add(time.Minute); ; <-time.After(time.Millisecond) {
		if len(b.engine.startedRuns()) < want {
			continue // asking the database would slow down what is measured
		}
		undone, err := b.store.Undispatched(t.Context(), b.clock.Now().Add(time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(undone) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d runs were started", len(b.engine.startedRuns()), want)
		}
	}
}
