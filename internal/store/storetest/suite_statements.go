package storetest

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	log := &statements{}
	sc := setScene(t, newDatabase, WithLogger(slog.New(log)))
	ctx := t.Context()
	Environment(t, sc.s, sc.workspace.Key)
	d := sc.delivery(t)
	run := QueuedRun(t, sc.s, sc.plan)
	Begin(t, sc.s, run.ID)
	f := models.DefinitionFilter{WorkspaceKey: sc.workspace.Key}
	page := models.Page{}

	lists := map[string]struct {
		statements int
		call       func() error
	}{
		"environments": {1, func() error { _, _, err := sc.s.Environments(ctx, f, page); return err }},
		"cases":        {1, func() error { _, _, err := sc.s.Cases(ctx, f, page); return err }},
		"pipelines":    {1, func() error { _, _, err := sc.s.Pipelines(ctx, f, page); return err }},
		"webhooks":     {1, func() error { _, _, err := sc.s.Webhooks(ctx, f, page); return err }},
		"attempts":     {1, func() error { _, err := sc.s.Attempts(ctx, d.ID); return err }},
	}
	for name, list := range lists {
		log.take()
		require.NoError(t, list.call(), name)
		made := log.take()
		require.Len(t, made, list.statements, name)
		for _, sql := range made {
			require.NotRegexp(t, blobs, sql, name)
		}
	}
	// These tables have no blobs, so a star is all right; but a list is a fixed number of statements,
	// however many rows it has.
	for name, list := range map[string]struct {
		statements int
		call       func() error
	}{
		"runs": {1, func() error { _, _, err := sc.s.Runs(ctx, models.RunFilter{}, page); return err }},
		"runs in ...": {1, func() error {
			_, _, err := sc.s.Runs(ctx, models.RunFilter{Statuses: []models.Status{1, 2, 99}}, page)
			return err
		}},
		"runs of ...": {3, func() error {
			_, _, err := sc.s.Runs(ctx, models.RunFilter{Since: noon, Until: noon.Add(time.Hour)}, page)
			return err
		}},
		"deliveries": {1, func() error { _, _, err := sc.s.Deliveries(ctx, models.DeliveryFilter{}, page); return err }},
		"results":    {1, func() error { _, err := sc.s.Results(ctx, run.ID); return err }},
		"overdue":    {1, func() error { _, err := sc.s.OverdueDeliveries(ctx, noon.Add(time.Hour), 10); return err }},
		"undone":     {1, func() error { _, err := sc.s.UnfinishedDispatched(ctx, noon.Add(time.Hour), "", 10); return err }},
		"outbox":     {1, func() error { _, err := sc.s.Undispatched(ctx, noon.Add(time.Hour), 10); return err }},
	} {
		log.take()
		require.NoError(t, list.call(), name)
		require.Len(t, log.take(), list.statements, name)
	}

	log.take()
	_, err := sc.s.RunDefinition(ctx, run.ID)
	require.NoError(t, err)
	for _, sql := range log.take() {
		require.NotContains(t, sql, "sealed")
		require.NotRegexp(t, regexp.MustCompile("SELECT \\* FROM `(cases|environments|webhooks)`"), sql)
	}

	// Finishing a run reads webhooks to know who wants it, but not their secrets.
	Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
	for _, sql := range log.take() {
		require.NotContains(t, sql, "sealed")
	}

	// Values stay out of the log.
	Webhook(t, sc.s, sc.workspace.Key, func(w *models.Webhook) { w.Name = "a name in no log" })
	for _, sql := range log.take() {
		require.NotContains(t, sql, "a name in no log")
	}
}
