package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

func testSchema(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("is behind on an empty database, and looking changes nothing", func(t *testing.T) {
		t.Parallel()
		db, ctx := newDatabase(t), t.Context()
		s := db.OpenOnly(t)
		for range 2 {
			err := s.CheckSchema(ctx)
			require.ErrorIs(t, err, store.ErrSchemaBehind)
			require.ErrorContains(t, err, "bellwether migrate up")
		}
		status, err := s.MigrationStatus(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, status)
		for _, m := range status {
			require.Nil(t, m.AppliedAt)
			require.NotEmpty(t, m.Name)
		}
		require.Empty(t, tables(t, db))
	})
	t.Run("is up to date after migrating, however often", func(t *testing.T) {
		t.Parallel()
		db, ctx := newDatabase(t), t.Context()
		s := db.OpenOnly(t)
		for range 2 {
			require.NoError(t, s.Migrate(ctx))
			require.NoError(t, s.CheckSchema(ctx))
		}
		status, err := s.MigrationStatus(ctx)
		require.NoError(t, err)
		for _, m := range status {
			require.NotNil(t, m.AppliedAt)
			require.WithinDuration(t, time.Now(), *m.AppliedAt, 10*time.Minute)
		}
		require.Contains(t, tables(t, db), "runs")
	})
	t.Run("of a newer program is refused", func(t *testing.T) {
		t.Parallel()
		db, ctx := newDatabase(t), t.Context()
		s := db.Open(t)
		_, err := db.raw(t).Exec("INSERT INTO schema_versions (version_id, is_applied) VALUES (9001, ?)", true)
		require.NoError(t, err)
		for _, err := range []error{s.CheckSchema(ctx), s.Migrate(ctx)} {
			require.ErrorIs(t, err, store.ErrSchemaNewer)
			require.ErrorContains(t, err, "version 9001")
			require.ErrorContains(t, err, "knows up to 1;")
			require.ErrorContains(t, err, "run a newer bellwether")
		}
		status, err := s.MigrationStatus(ctx)
		require.NoError(t, err)
		last := status[len(status)-1]
		require.EqualValues(t, 9001, last.Version)
		require.Empty(t, last.Name)
	})
	t.Run("bears several processes migrating at once", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		stores := make([]*store.Store, 4)
		for i := range stores {
			stores[i] = db.OpenOnly(t)
		}
		errs := make([]error, len(stores))
		var wg sync.WaitGroup
		for i, s := range stores {
			wg.Go(func() { errs[i] = s.Migrate(context.Background()) })
		}
		wg.Wait()
		for i, s := range stores {
			require.NoError(t, errs[i])
			require.NoError(t, s.CheckSchema(t.Context()))
		}
		Workspace(t, stores[0])
	})
	t.Run("answers a ping", func(t *testing.T) {
		t.Parallel()
		s := newDatabase(t).OpenOnly(t)
		require.NoError(t, s.Ping(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Ping(ctx), context.Canceled)
		_, err := s.Run(ctx, "x")
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, models.ErrNotFound)
	})
}

// tables lists the tables of a database.
func tables(t *testing.T, d Database) []string {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if d.Config.Driver == store.DriverMySQL {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	}
	rows, err := d.raw(t).Query(query)
	require.NoError(t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}
