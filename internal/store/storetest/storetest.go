// Package storetest serves tests of the store and tests that need one.
//
// Run is the suite that holds every database to the same behaviour. SQLite and MySQL give other
// packages a fresh, migrated store, and the builders (Workspace, Case, Plan, …) fill it with valid
// rows.
package storetest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/secret"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/mysqltest"
)

// Option changes how a store is opened.
type Option func(*store.Options)

// WithClock sets the store's clock.
func WithClock(now func() time.Time) Option { return func(o *store.Options) { o.Now = now } }

// WithIDs sets how the store makes ids.
func WithIDs(newID func() string) Option { return func(o *store.Options) { o.NewID = newID } }

// WithLogger sets the store's logger.
func WithLogger(logger *slog.Logger) Option { return func(o *store.Options) { o.Logger = logger } }

// WithSealer sets what encrypts secrets.
func WithSealer(sealer store.Sealer) Option { return func(o *store.Options) { o.Sealer = sealer } }

// SQLite opens a new, migrated store in a file of its own.
func SQLite(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return NewSQLite(t).Open(t, opts...)
}

// MySQL opens a new, migrated store in a database of its own, which is dropped at the end. The test
// is skipped if there is no server and none can be started.
func MySQL(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return NewMySQL(t).Open(t, opts...)
}

// MySQLDSN answers the DSN of a new, empty database, which is dropped at the end. The test is skipped
// if there is no server and none can be started.
func MySQLDSN(t testing.TB) string {
	t.Helper()
	dsn, err := mysqltest.CreateDatabase(context.Background())
	if errors.Is(err, mysqltest.ErrMissing) {
		t.Skipf("%v; `make test` sets one up", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := mysqltest.DropDatabase(context.Background(), dsn); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return dsn
}

// Database is an empty database that stores can be opened on, several at once if need be: they share
// nothing but the database and the key for secrets, as processes do.
type Database struct {
	Config store.Config
	Sealer store.Sealer
}

// NewSQLite makes an empty database in a file of its own.
func NewSQLite(t testing.TB) Database {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bellwether.db")
	return Database{Config: store.Config{Driver: store.DriverSQLite, DSN: path}, Sealer: newSealer(t)}
}

// NewMySQL makes an empty database on the server for tests.
func NewMySQL(t testing.TB) Database {
	t.Helper()
	// A few connections for each store are enough, and many tests run at the same time.
	cfg := store.Config{Driver: store.DriverMySQL, DSN: MySQLDSN(t), MaxOpenConns: 8}
	return Database{Config: cfg, Sealer: newSealer(t)}
}

// Open opens a store, migrates the database if nobody has yet, and closes the store at the end.
func (d Database) Open(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	s := d.OpenOnly(t, opts...)
	require.NoError(t, s.Migrate(context.Background()))
	return s
}

// OpenOnly opens a store without looking at the schema, and closes it at the end.
func (d Database) OpenOnly(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	options := store.Options{Sealer: d.Sealer, Logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&options)
	}
	s, err := store.Open(context.Background(), d.Config, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

func newSealer(t testing.TB) store.Sealer {
	t.Helper()
	key, err := secret.Generate()
	require.NoError(t, err)
	box, err := secret.Parse(key)
	require.NoError(t, err)
	return box
}

// Clock is a clock that stands still until it is told otherwise. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows a time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on and answers the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
