package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// noon is the time that most tests' clocks show at first. It lies within a second, so that a
// database which cuts fractions off is found out.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC)

// Run runs the suite on databases that newDatabase makes. Every test has one of its own.
func Run(t *testing.T, newDatabase func(t testing.TB) Database) {
	for name, test := range map[string]func(*testing.T, func(testing.TB) Database){
		"workspaces":   testWorkspaces,
		"users":        testUsers,
		"environments": testEnvironments,
		"cases":        testCases,
		"pipelines":    testPipelines,
		"triggers":     testTriggers,
		"webhooks":     testWebhooks,
		"lists":        testLists,
		"secrets":      testSecrets,
		"schema":       testSchema,
		"runs":         testRuns,
		"run lists":    testRunLists,
		"dispatch":     testDispatch,
		"execution":    testExecution,
		"finish":       testFinish,
		"deliveries":   testDeliveries,
		"schedules":    testSchedules,
		"races":        testRaces,
		"statements":   testStatements,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase)
		})
	}
}

// bundle is what most tests need: a store with a clock that stands still.
type bundle struct {
	s     *store.Store
	db    Database
	clock *Clock
}

func setup(t *testing.T, newDatabase func(testing.TB) Database, opts ...Option) *bundle {
	t.Helper()
	b := &bundle{db: newDatabase(t), clock: NewClock(noon)}
	b.s = b.db.Open(t, append([]Option{WithClock(b.clock.Now)}, opts...)...)
	return b
}

// scene is a workspace with a case, a pipeline, a plan and a webhook.
type scene struct {
	*bundle
	workspace models.Workspace
	testCase  models.Case
	pipeline  models.Pipeline
	plan      models.Trigger
	webhook   models.Webhook
}

func setScene(t *testing.T, newDatabase func(testing.TB) Database, opts ...Option) *scene {
	t.Helper()
	sc := &scene{bundle: setup(t, newDatabase, opts...)}
	sc.workspace = Workspace(t, sc.s)
	sc.testCase = Case(t, sc.s, sc.workspace.Key)
	sc.pipeline = Pipeline(t, sc.s, sc.workspace.Key, []string{sc.testCase.Key})
	sc.plan = Plan(t, sc.s, sc.workspace.Key, []string{sc.pipeline.Key})
	sc.webhook = Webhook(t, sc.s, sc.workspace.Key)
	return sc
}

// run reads a run again.
func (b *bundle) run(t *testing.T, id string) models.Run {
	t.Helper()
	r, err := b.s.Run(context.Background(), id)
	require.NoError(t, err)
	return r
}

// all reads every page of a list with pages of a size, and checks that no row comes twice.
func all[T any](t *testing.T, size int, keyOf func(T) string, list func(models.Page) ([]T, string, error)) []string {
	t.Helper()
	var keys []string
	seen := map[string]bool{}
	page := models.Page{Limit: size}
	for {
		items, next, err := list(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(items), size)
		for _, item := range items {
			key := keyOf(item)
			require.False(t, seen[key], "%s comes twice", key)
			seen[key] = true
			keys = append(keys, key)
		}
		if next == "" {
			return keys
		}
		require.Len(t, items, size, "only the last page is short")
		require.Equal(t, keyOf(items[len(items)-1]), next)
		page.After = next
	}
}

func runID(r models.Run) string { return r.ID }
