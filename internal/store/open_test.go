package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestBadSettingsAreRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database ", 100)), 0o600))
	for name, tc := range map[string]struct {
		driver, dsn string
		want        []string
	}{
		"unknown driver":        {"postgres", "x", []string{`"postgres"`, "sqlite or mysql"}},
		"no file":               {store.DriverSQLite, "", []string{"not a file's path"}},
		"memory":                {store.DriverSQLite, ":memory:", []string{"not a file's path"}},
		"a folder":              {store.DriverSQLite, dir, []string{"is a folder"}},
		"a folder that is gone": {store.DriverSQLite, filepath.Join(dir, "gone", "x.db"), []string{"does not exist", "create it"}},
		"another kind of file":  {store.DriverSQLite, text, []string{"is not a SQLite database"}},
		"empty DSN":             {store.DriverMySQL, "", []string{"names no database"}},
		"no database":           {store.DriverMySQL, "root:hunter2@tcp(127.0.0.1:3306)/", []string{"names no database"}},
		"a URL":                 {store.DriverMySQL, "mysql://root:hunter2@127.0.0.1:3306/x", []string{"user:password@tcp(host:3306)/database"}},
		"no @":                  {store.DriverMySQL, "root:hunter2/x", []string{"user:password@tcp(host:3306)/database"}},
		"no slash":              {store.DriverMySQL, "root:hunter2@tcp(127.0.0.1:3306)", []string{"user:password@tcp(host:3306)/database"}},
		"a bad option":          {store.DriverMySQL, "root:hunter2@tcp(127.0.0.1:3306)/x?timeout=hunter2", []string{"user:password@tcp(host:3306)/database"}},
		"nobody listens":        {store.DriverMySQL, "root:hunter2@tcp(127.0.0.1:1)/x", []string{"connect to MySQL at tcp(127.0.0.1:1), database x", "refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(t.Context(), store.Config{Driver: tc.driver, DSN: tc.dsn}, store.Options{})
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestMySQLSaysWhyItIsNotOpened(t *testing.T) {
	t.Parallel()
	dsn := storetest.MySQLDSN(t)
	at := strings.LastIndexByte(dsn, '/')
	_, err := store.Open(t.Context(), store.Config{Driver: store.DriverMySQL, DSN: dsn[:at] + "/bellwether_missing"}, store.Options{})
	require.ErrorContains(t, err, "the database does not exist; create it")
	_, err = store.Open(t.Context(), store.Config{Driver: store.DriverMySQL, DSN: "nobody:hunter2" + dsn[strings.IndexByte(dsn, '@'):]}, store.Options{})
	require.ErrorContains(t, err, "access denied; check user, password and GRANT")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestMySQLTakesADSNWithOptions(t *testing.T) {
	t.Parallel()
	db := storetest.NewMySQL(t)
	// What the user asks for and the store needs otherwise does not get through.
	db.Config.DSN += "?parseTime=false&loc=Asia%2FTokyo&charset=latin1&time_zone=%27%2B09%3A00%27&sql_mode=%27%27&clientFoundRows=false&innodb_lock_wait_timeout=7"
	clock := storetest.NewClock(time.Date(2026, 3, 29, 1, 30, 0, 999999000, time.UTC))
	s := db.Open(t, storetest.WithClock(clock.Now))
	w := storetest.Workspace(t, s, func(w *models.Workspace) { w.Key, w.Name = "ABC", "日本 😀" })
	got, err := s.Workspace(t.Context(), "ABC")
	require.NoError(t, err)
	require.Equal(t, w, got)
	require.Equal(t, clock.Now(), got.CreatedAt)
}

func TestSQLiteFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	db := storetest.NewSQLite(t)
	s := db.Open(t)
	storetest.Workspace(t, s)
	files, err := filepath.Glob(db.Config.DSN + "*")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2, "the write-ahead log is a file beside it")
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
	}
}

func TestSQLitePathsMayHoldAnything(t *testing.T) {
	t.Parallel()
	db := storetest.NewSQLite(t)
	db.Config.DSN = filepath.Join(filepath.Dir(db.Config.DSN), "50% of #1? ä&b.db")
	w := storetest.Workspace(t, db.Open(t))
	_, err := os.Stat(db.Config.DSN)
	require.NoError(t, err)
	got, err := db.Open(t).Workspace(t.Context(), w.Key)
	require.NoError(t, err)
	require.Equal(t, w, got)
}

func TestSQLiteReadersDoNotWaitForAWriter(t *testing.T) {
	t.Parallel()
	db := storetest.NewSQLite(t)
	s := db.Open(t)
	w := storetest.Workspace(t, s)
	raw, err := sql.Open("sqlite", "file:"+db.Config.DSN+"?_txlock=immediate")
	require.NoError(t, err)
	defer raw.Close()
	tx, err := raw.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("UPDATE workspaces SET name = 'not yet'")
	require.NoError(t, err)
	got, err := s.Workspace(t.Context(), w.Key)
	require.NoError(t, err)
	require.Equal(t, w.Name, got.Name)

	// A writer waits, and goes on when the other one is done.
	done := make(chan error, 1)
	go func() {
		w.Name = "mine"
		done <- s.UpdateWorkspace(t.Context(), &w)
	}()
	require.NoError(t, tx.Rollback())
	require.NoError(t, <-done)
}
