package storetest

import (
	"context"
	"database/sql"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// statements collects the text of every SQL statement from a store's log.
type statements struct {
	mu   sync.Mutex
	text []string
}

func (s *statements) Enabled(context.Context, slog.Level) bool { return true }

func (s *statements) Handle(_ context.Context, r slog.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "sql" {
			s.text = append(s.text, a.Value.String())
		}
		return true
	})
	return nil
}

func (s *statements) WithAttrs([]slog.Attr) slog.Handler { return s }
func (s *statements) WithGroup(string) slog.Handler      { return s }

// take answers the statements since the last call.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.text
	s.text = nil
	return taken
}

// blobs are the columns that no list may read. A star would read them all.
var blobs = regexp.MustCompile("`(sealed|definition|document|data|request_headers|request_body|response_headers|response_body)`|\\*")

func testStatements(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("of lists read no blobs", func(t *testing.T) { t.Parallel(); testListStatements(t, newDatabase) })
	t.Run("that grow with history use an index", func(t *testing.T) { t.Parallel(); testPlans(t, newDatabase) })
	t.Run("are logged without their values", func(t *testing.T) {
		t.Parallel()
		log := &statements{}
		b := setup(t, newDatabase, WithLogger(slog.New(log)))
		w := Workspace(t, b.s)
		Webhook(t, b.s, w.Key, func(w *models.Webhook) { w.Name = "a name in no log" })
		made := log.take()
		require.NotEmpty(t, made)
		for _, sql := range made {
			require.NotContains(t, sql, "a name in no log")
		}
	})
}

func testListStatements(t *testing.T, newDatabase func(testing.TB) Database) {
	log := &statements{}
	sc := setScene(t, newDatabase, WithLogger(slog.New(log)))
	ctx := t.Context()
	Environment(t, sc.s, sc.workspace.Key)
	d := sc.delivery(t)
	run := QueuedRun(t, sc.s, sc.plan)
	Begin(t, sc.s, run.ID)
	f := models.DefinitionFilter{WorkspaceKey: sc.workspace.Key}
	page := models.Page{}
	for name, list := range map[string]func() error{
		"environments": func() error { _, _, err := sc.s.Environments(ctx, f, page); return err },
		"cases":        func() error { _, _, err := sc.s.Cases(ctx, f, page); return err },
		"pipelines":    func() error { _, _, err := sc.s.Pipelines(ctx, f, page); return err },
		"webhooks":     func() error { _, _, err := sc.s.Webhooks(ctx, f, page); return err },
		"attempts":     func() error { _, err := sc.s.Attempts(ctx, d.ID); return err },
	} {
		log.take()
		require.NoError(t, list(), name)
		made := log.take()
		require.Len(t, made, 1, name)
		require.NotRegexp(t, blobs, made[0], name)
	}

	_, err := sc.s.RunDefinition(ctx, run.ID)
	require.NoError(t, err)
	Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
	everything := regexp.MustCompile("SELECT \\* FROM `(cases|environments|webhooks)`")
	for _, sql := range log.take() {
		require.NotContains(t, sql, "sealed", "neither a run's definition nor its end reads secrets")
		require.NotRegexp(t, everything, sql)
	}
}

// testPlans checks that the statements over runs and deliveries are a fixed number, however many rows
// there are, and asks SQLite how it answers them: each must seek in an index, and none may sort more
// than the pages it merges. (MySQL's plan depends on how many rows there are; BenchmarkLists shows it.)
func testPlans(t *testing.T, newDatabase func(testing.TB) Database) {
	log := &statements{}
	sc := setScene(t, newDatabase, WithLogger(slog.New(log)))
	ctx := t.Context()
	run := QueuedRun(t, sc.s, sc.plan)
	Begin(t, sc.s, run.ID)
	later, after := noon.Add(time.Hour), models.Page{After: run.ID}
	runs := func(f models.RunFilter) func() error {
		return func() error { _, _, err := sc.s.Runs(ctx, f, after); return err }
	}
	deliveries := func(f models.DeliveryFilter) func() error {
		return func() error { _, _, err := sc.s.Deliveries(ctx, f, after); return err }
	}
	one := []models.Status{models.StatusFailure}
	for name, list := range map[string]struct {
		statements int
		sorts      bool   // merges pages that come in order
		index      string // a pattern for the index that gives the rows
		call       func() error
	}{
		"runs":                   {1, false, "sqlite_autoindex_runs_1", runs(models.RunFilter{})},
		"of a workspace":         {1, false, "runs_workspace", runs(models.RunFilter{WorkspaceKey: "ABC"})},
		"of a trigger":           {1, false, "runs_trigger", runs(models.RunFilter{TriggerKey: "P-ABC-0001"})},
		"of a source":            {1, false, "runs_source", runs(models.RunFilter{Source: models.SourceAPI})},
		"with a status":          {1, true, "runs_status", runs(models.RunFilter{Statuses: one})},
		"with statuses":          {1, true, "runs_status", runs(models.RunFilter{Statuses: []models.Status{1, 2, 99}})},
		"workspace and status":   {1, true, "runs_workspace_status", runs(models.RunFilter{WorkspaceKey: "ABC", Statuses: one})},
		"trigger and status":     {1, true, "runs_trigger_status", runs(models.RunFilter{TriggerKey: "P-ABC-0001", Statuses: one})},
		"of a time":              {3, false, "runs_created|sqlite_autoindex_runs_1", runs(models.RunFilter{Since: noon, Until: later})},
		"deliveries":             {1, false, "sqlite_autoindex_deliveries_1", deliveries(models.DeliveryFilter{})},
		"to a webhook":           {1, false, "deliveries_webhook", deliveries(models.DeliveryFilter{WebhookUID: "x"})},
		"of a run":               {1, false, "deliveries_run", deliveries(models.DeliveryFilter{RunID: "x"})},
		"in a state":             {1, false, "deliveries_state", deliveries(models.DeliveryFilter{State: models.DeliveryFailed})},
		"in a workspace's state": {1, false, "deliveries_workspace_state", deliveries(models.DeliveryFilter{WorkspaceKey: "ABC", State: models.DeliveryFailed})},
		"overdue":                {1, true, "deliveries_due", func() error { _, err := sc.s.OverdueDeliveries(ctx, later, 10); return err }},
		"unfinished":             {1, true, "runs_status", func() error { _, err := sc.s.UnfinishedDispatched(ctx, later, run.ID, 10); return err }},
		"outbox":                 {1, false, "runs_outbox", func() error { _, err := sc.s.Undispatched(ctx, later, 10); return err }},
		"results":                {1, true, "case_results_run", func() error { _, err := sc.s.Results(ctx, run.ID); return err }},
		"executions":             {1, true, "executions_run", func() error { _, err := sc.s.Executions(ctx, run.ID); return err }},
		"by idempotency key":     {1, false, "runs_idempotency", func() error { _, _ = sc.s.RunByIdempotencyKey(ctx, "P-ABC-0001", "x"); return nil }},
	} {
		log.take()
		require.NoError(t, list.call(), name)
		made := log.take()
		require.Len(t, made, list.statements, name)
		if sc.db.Config.Driver != store.DriverSQLite {
			continue
		}
		for _, statement := range made {
			plan := queryPlan(t, sc.db.raw(t), statement)
			require.Regexp(t, "INDEX ("+list.index+") ", plan, "%s: %s", name, statement)
			require.NotRegexp(t, "SCAN (runs|deliveries|case_results|executions)", plan, "%s: %s", name, statement)
			if !list.sorts {
				require.NotContains(t, plan, "TEMP B-TREE", "%s: %s", name, statement)
			}
		}
	}
}

// queryPlan is how SQLite would answer a statement.
func queryPlan(t *testing.T, db *sql.DB, statement string) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...)
	require.NoError(t, err, statement)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	require.NotZero(t, plan.Len())
	return plan.String()
}
