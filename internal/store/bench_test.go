package store_test

import (
	"database/sql"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// benchRows is how many runs (and deliveries) the tables hold that BenchmarkLists reads:
//
//	go test ./internal/store -run '^$' -bench Lists -rows 1000000
var benchRows = flag.Int("rows", 1000, "rows in the tables that BenchmarkLists reads")

// benchOpen is how many runs at the end of the filled table have not ended. The others: 100 workspaces
// of 10 triggers; 1 run in 1,000 has an error and 1 in 7 was asked for by the API.
const benchOpen = 20

var benchStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// BenchmarkLists measures pages of runs and the sweeper's queries, each on both databases.
func BenchmarkLists(b *testing.B) {
	for name, newDatabase := range map[string]func(testing.TB) storetest.Database{
		"sqlite": storetest.NewSQLite, "mysql": storetest.NewMySQL,
	} {
		b.Run(name, func(b *testing.B) {
			db := newDatabase(b)
			end := benchStart.Add(time.Duration(*benchRows) * time.Second)
			s := db.Open(b, storetest.WithClock(func() time.Time { return end }))
			fill(b, db, *benchRows)
			benchmarkLists(b, s, end)
		})
	}
}

func benchmarkLists(b *testing.B, s *store.Store, end time.Time) {
	middle := benchID(*benchRows / 2)
	for _, bench := range []struct {
		name string
		f    models.RunFilter
	}{
		{"all", models.RunFilter{}},
		{"workspace", models.RunFilter{WorkspaceKey: "W07"}},
		{"trigger", models.RunFilter{TriggerKey: "P-W07-0003"}},
		{"status", models.RunFilter{Statuses: []models.Status{models.StatusSuccess}}},
		{"rare status", models.RunFilter{Statuses: []models.Status{models.StatusError}}},
		{"no such status", models.RunFilter{Statuses: []models.Status{models.StatusCancelled}}},
		{"statuses", models.RunFilter{Statuses: []models.Status{models.StatusFailure, models.StatusError, models.StatusRunning}}},
		{"workspace and status", models.RunFilter{WorkspaceKey: "W07", Statuses: []models.Status{models.StatusFailure}}},
		{"workspace and rare status", models.RunFilter{WorkspaceKey: "W07", Statuses: []models.Status{models.StatusError}}},
		{"workspace and no such status", models.RunFilter{WorkspaceKey: "W07", Statuses: []models.Status{models.StatusCancelled}}},
		{"source", models.RunFilter{Source: models.SourceAPI}},
		{"no such workspace", models.RunFilter{WorkspaceKey: "QQQ"}},
		{"since", models.RunFilter{Since: benchStart.Add(time.Hour)}},
		{"since lately", models.RunFilter{Since: end.Add(-10 * time.Second)}},
		{"until", models.RunFilter{Until: end.Add(-time.Hour)}},
		{"until early", models.RunFilter{Until: benchStart.Add(10 * time.Second)}},
		{"workspace since", models.RunFilter{WorkspaceKey: "W07", Since: end.Add(-time.Hour)}},
	} {
		for where, after := range map[string]string{"first": "", "middle": middle} {
			b.Run(bench.name+"/"+where, func(b *testing.B) {
				for b.Loop() {
					_, _, err := s.Runs(b.Context(), bench.f, models.Page{After: after})
					require.NoError(b, err)
				}
			})
		}
	}
	for name, query := range map[string]func() error{
		"undispatched": func() error { _, err := s.Undispatched(b.Context(), end, 100); return err },
		"unfinished":   func() error { _, err := s.UnfinishedDispatched(b.Context(), end, "", 100); return err },
		"overdue":      func() error { _, err := s.OverdueDeliveries(b.Context(), end, 100); return err },
		"deliveries": func() error {
			_, _, err := s.Deliveries(b.Context(), models.DeliveryFilter{WorkspaceKey: "W07", State: models.DeliveryFailed}, models.Page{})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, query())
			}
		})
	}
}

// benchID is the id of the n-th run, one second after the one before.
func benchID(n int) string {
	ms := benchStart.Add(time.Duration(n) * time.Second).UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xffff, n)
}

// fill inserts runs and deliveries within the database, which takes seconds for a million.
func fill(b *testing.B, d storetest.Database, n int) {
	driver, dsn := "mysql", d.Config.DSN
	// The only expressions that differ: the id and the time of the n-th row.
	id := fmt.Sprintf("LOWER(CONCAT(LPAD(HEX((%[1]d + i * 1000) DIV 65536), 8, '0'), '-', LPAD(HEX((%[1]d + i * 1000) %% 65536), 4, '0'), '-7000-8000-', LPAD(HEX(i), 12, '0')))",
		benchStart.UnixMilli())
	at := "DATE_ADD('2026-01-01', INTERVAL i SECOND)"
	if d.Config.Driver == store.DriverSQLite {
		driver, dsn = "sqlite", "file:"+dsn+"?_pragma=synchronous(off)&_pragma=cache_size(-1000000)"
		id = fmt.Sprintf("printf('%%08x-%%04x-7000-8000-%%012x', (%[1]d + i * 1000) / 65536, (%[1]d + i * 1000) %% 65536, i)", benchStart.UnixMilli())
		at = fmt.Sprintf("strftime('%%Y-%%m-%%d %%H:%%M:%%S+00:00', %d + i, 'unixepoch')", benchStart.Unix())
	}
	db, err := sql.Open(driver, dsn)
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	const batch = 100_000
	for from := 0; from < n; from += batch {
		numbers := fmt.Sprintf("(SELECT * FROM %s AS all_numbers WHERE i < %d) AS numbers", benchNumbers(from), min(from+batch, n))
		for _, statement := range []string{benchRuns, benchDeliveries} {
			_, err = db.Exec(strings.NewReplacer("$id", id, "$at", at, "$open", fmt.Sprint(n-benchOpen)).Replace(statement) + numbers)
			require.NoError(b, err)
		}
	}
	if driver == "mysql" {
		_, err = db.Exec("ANALYZE TABLE runs, deliveries")
		require.NoError(b, err)
	}
}

// benchNumbers is a query for 100,000 numbers.
func benchNumbers(from int) string {
	const digits = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 " +
		"UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
	return fmt.Sprintf("(SELECT %[1]d + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS i FROM %[2]s AS f, %[2]s AS e, %[2]s AS c, %[2]s AS b, %[2]s AS a)", from, digits)
}

const (
	benchRuns = `INSERT INTO runs (id, workspace_key, trigger_key, trigger_method, trigger_name, trigger_owners, source, requested_by,
		status, reason, scheduled_for, request_hash, environment_uid, parameters, held, dispatched_at,
		cases_total, cases_passed, cases_failed, cases_skipped, started_at, finished_at, duration_ms, created_at)
		SELECT $id, REPLACE('W%%', '%%', SUBSTR(100 + i % 100, 2)), REPLACE(REPLACE('P-W%%-000#', '%%', SUBSTR(100 + i % 100, 2)), '#', SUBSTR(i, -3, 1)),
		'plan', 'every five minutes', '["owner@example.com"]', CASE WHEN i % 7 = 0 THEN 'api' ELSE 'schedule' END, '',
		CASE WHEN i >= $open THEN -(i % 2) WHEN i % 999 = 7 THEN 99 WHEN i % 19 = 3 THEN 2 ELSE 1 END,
		'', $at, '', '', '{}', 0, CASE WHEN i >= $open AND i % 4 = 1 THEN NULL ELSE $at END, 5, 5, 0, 0, $at, $at, 1234, $at FROM `
	benchDeliveries = `INSERT INTO deliveries (id, workspace_key, webhook_uid, event_id, event_type, run_id, state, attempts, last_error, next_attempt_at, created_at)
		SELECT $id, REPLACE('W%%', '%%', SUBSTR(100 + i % 100, 2)), REPLACE('hook-%%', '%%', SUBSTR(100 + i % 100, 2)), $id, 'run.finished', $id,
		CASE WHEN i >= $open THEN 'pending' WHEN i % 999 = 7 THEN 'failed' ELSE 'delivered' END, 1, '',
		CASE WHEN i % 2 = 0 THEN $at ELSE NULL END, $at FROM `
)

// BenchmarkRun measures everything that the store does for a run with one case and one webhook, from
// its creation to the recorded delivery.
func BenchmarkRun(b *testing.B) {
	for name, newStore := range map[string]func(testing.TB, ...storetest.Option) *store.Store{
		"sqlite": storetest.SQLite, "mysql": storetest.MySQL,
	} {
		b.Run(name, func(b *testing.B) {
			s := newStore(b)
			w := storetest.Workspace(b, s)
			c := storetest.Case(b, s, w.Key)
			p := storetest.Pipeline(b, s, w.Key, []string{c.Key})
			trigger := storetest.Gatekeeper(b, s, w.Key, []string{p.Key})
			storetest.Webhook(b, s, w.Key)
			for b.Loop() {
				runOnce(b, s, trigger)
			}
		})
	}
}

func runOnce(b *testing.B, s *store.Store, trigger models.Trigger) {
	ctx := b.Context()
	run := storetest.QueuedRun(b, s, trigger)
	require.NoError(b, s.MarkDispatched(ctx, run.ID))
	execution := storetest.Begin(b, s, run.ID)[0]
	job, err := s.CaseJob(ctx, execution.Execution.Key, 0)
	require.NoError(b, err)
	require.NoError(b, s.StartResult(ctx, job.Result.ID))
	job.Result.Status, job.Result.Attempt = models.StatusSuccess, 1
	require.NoError(b, s.SaveResult(ctx, job.Result, models.Report{Attempt: 1}))
	for _, d := range storetest.Finish(b, s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess}) {
		_, err = s.ClaimDelivery(ctx, d.ID, time.Now().Add(time.Minute))
		require.NoError(b, err)
		_, err = s.RecordAttempt(ctx, models.Attempt{DeliveryID: d.ID, Number: 1, StartedAt: time.Now()}, models.DeliveryDelivered)
		require.NoError(b, err)
	}
}
