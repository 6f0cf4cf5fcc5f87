package store_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
)

// TestSchemasAgree compares what the migrations of both databases have made: the same versions,
// tables, columns and indexes.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	lite, my := storetest.NewSQLite(t), storetest.NewMySQL(t)
	require.Equal(t, versions(t, lite.Open(t)), versions(t, my.Open(t)))

	columns := query(t, "sqlite", lite.Config.DSN, `SELECT m.name || '.' || (c.cid + 1) || '.' || c.name || CASE WHEN c."notnull" THEN '' ELSE ' NULL' END
		FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT IN ('schema_versions', 'sqlite_sequence')`)
	require.Equal(t, columns, query(t, "mysql", my.Config.DSN, `SELECT CONCAT(table_name, '.', ordinal_position, '.', column_name, IF(is_nullable = 'NO', '', ' NULL'))
		FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name <> 'schema_versions'`))
	require.Contains(t, strings.Join(columns, "\n"), ".dispatched_at NULL")

	indexes := query(t, "sqlite", lite.Config.DSN, `SELECT i.name || ' ' || i."unique" || ' ' || group_concat(c.name)
		FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_info(i.name) AS c
		WHERE m.type = 'table' AND i.origin = 'c' GROUP BY i.name`)
	require.Equal(t, indexes, query(t, "mysql", my.Config.DSN, `SELECT CONCAT(index_name, ' ', 1 - non_unique, ' ', GROUP_CONCAT(column_name ORDER BY seq_in_index))
		FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' AND index_name NOT LIKE '%\_fk' AND table_name <> 'schema_versions'
		GROUP BY index_name, non_unique`))
	require.Contains(t, indexes, "runs_tick 1 trigger_key,scheduled_for")

	require.Equal(t, []string{"utf8mb4_bin"}, query(t, "mysql", my.Config.DSN, `SELECT DISTINCT collation_name FROM information_schema.columns
		WHERE table_schema = DATABASE() AND collation_name IS NOT NULL`), "texts compare as in SQLite")
}

func versions(t *testing.T, s *store.Store) []string {
	t.Helper()
	status, err := s.MigrationStatus(t.Context())
	require.NoError(t, err)
	var names []string
	for _, m := range status {
		names = append(names, m.Name)
	}
	return names
}

// query answers the one column of a query, sorted.
func query(t *testing.T, driver, dsn, statement string) []string {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query(statement)
	require.NoError(t, err)
	defer rows.Close()
	var values []string
	for rows.Next() {
		var value string
		require.NoError(t, rows.Scan(&value))
		values = append(values, value)
	}
	require.NoError(t, rows.Err())
	slices.Sort(values)
	return values
}
