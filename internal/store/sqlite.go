package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"modernc.org/sqlite"

	"github.com/bellwether/bellwether/models"
)

// sqliteReaders is the default number of reading connections.
const sqliteReaders = 4

// Result codes of SQLite that are acted upon, extended ones included.
const (
	sqliteBusy       = 5  // another connection writes; the low byte of the extended codes
	sqliteLocked     = 6  // the same within a shared cache
	sqliteNotADB     = 26 // the file is something else
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// sqliteDialector is gorm's SQLite dialect over the pure-Go driver, whose errors gorm cannot read.
type sqliteDialector struct{ gormsqlite.Dialector }

// Translate turns the expected errors into the domain's.
func (sqliteDialector) Translate(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return translate(err)
	}
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		return models.ErrDuplicate
	case sqliteForeignKey:
		return errForeignKey
	default:
		return err
	}
}

// openSQLite opens one connection that writes and a few that read. SQLite lets one connection write
// at a time anyway; with WAL the readers do not wait for it.
func (s *Store) openSQLite(ctx context.Context, cfg Config) error {
	if err := prepareSQLiteFile(cfg.DSN); err != nil {
		return err
	}
	var err error
	if s.write, err = s.sqlitePool(cfg.DSN, 1, ""); err != nil {
		return sqliteOpenError(cfg.DSN, err)
	}
	// The first writer switches the file to WAL, before any reader looks at it.
	if err = s.write.WithContext(ctx).Exec("SELECT 1").Error; err != nil {
		return sqliteOpenError(cfg.DSN, err)
	}
	readers := cfg.MaxOpenConns
	if readers <= 0 {
		readers = sqliteReaders
	}
	if s.read, err = s.sqlitePool(cfg.DSN, readers, "&_pragma=query_only(1)"); err != nil {
		return sqliteOpenError(cfg.DSN, err)
	}
	return nil
}

func (s *Store) sqlitePool(path string, size int, extra string) (*gorm.DB, error) {
	dsn := sqliteDSN(path) + extra
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	s.closed = append(s.closed, pool.Close)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	dialector := sqliteDialector{gormsqlite.Dialector{DriverName: "sqlite", DSN: dsn, Conn: pool}}
	return gorm.Open(dialector, s.gormConfig())
}

// sqliteDSN sets what every connection needs: waiting for another process instead of failing at
// once, enforced foreign keys, times as UTC text that sorts, and transactions that take the write
// lock when they begin, because one that takes it later cannot wait for it.
func sqliteDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)" +
		"&_pragma=foreign_keys(1)&_time_format=sqlite&_timezone=UTC&_txlock=immediate"
}

// prepareSQLiteFile makes the file, readable for its owner only: SQLite itself would let everybody
// read it. The files beside it (-wal, -shm) get the same mode.
func prepareSQLiteFile(path string) error {
	if path == "" || strings.Contains(path, ":memory:") {
		return fmt.Errorf("the SQLite database %q is not a file's path; give one such as data/bellwether.db", path)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("the SQLite database %s is a folder; give the path of a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder of the SQLite database %s does not exist; create it", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the SQLite database: %w", err)
	}
	return f.Close()
}

func sqliteOpenError(path string, err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == sqliteNotADB {
		return fmt.Errorf("the file %s is not a SQLite database; move it away or give another path", path)
	}
	return fmt.Errorf("open the SQLite database %s: %w", path, err)
}
