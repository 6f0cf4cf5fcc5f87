package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// The values of Config.Driver.
const (
	DriverSQLite = "sqlite"
	DriverMySQL  = "mysql"
)

// Config says where the database is.
type Config struct {
	// Driver is "sqlite" or "mysql".
	Driver string
	// DSN is a file's path for SQLite and a DSN of go-sql-driver for MySQL:
	// user:password@tcp(host:3306)/database. It may hold a password and is never printed.
	DSN string
	// MaxOpenConns bounds the connections: of the pool for MySQL (0: 25), of the readers for SQLite
	// (0: 4), which always has one writer beside them.
	MaxOpenConns int
}

// Sealer encrypts the secret parts of definitions. The text aad names the row, so that a sealed
// value copied to another row cannot be opened there.
type Sealer interface {
	Seal(plain []byte, aad string) ([]byte, error)
	Open(sealed []byte, aad string) ([]byte, error)
}

// Options are the dependencies of a Store. Zero fields get the default given.
type Options struct {
	// Sealer is needed to read and write cases, environments and webhooks; without one these return
	// an error and everything else works.
	Sealer Sealer
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes the ids of rows; default UUIDv7. Ids must grow with time: lists of runs and
	// deliveries are ordered by them.
	NewID func() string
	// Logger gets slow statements at level Warn and every statement at level Debug, without their
	// values; default slog.Default().
	Logger *slog.Logger
}

// Store is the database. It is safe for concurrent use, also by several processes at once.
type Store struct {
	driver string
	// write runs transactions and changes, read runs queries outside of transactions. They are the
	// same pool except for SQLite, whose one writer must not keep the readers waiting.
	write  *gorm.DB
	read   *gorm.DB
	closed []func() error

	sealer Sealer
	clock  func() time.Time
	newID  func() string
	logger *slog.Logger
}

// Open connects to the database. It does not look at the schema: call CheckSchema or Migrate next.
func Open(ctx context.Context, cfg Config, opts Options) (*Store, error) {
	s := &Store{
		driver: cfg.Driver,
		sealer: opts.Sealer,
		clock:  opts.Now,
		newID:  opts.NewID,
		logger: opts.Logger,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.newID == nil {
		s.newID = newUUID
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	var err error
	switch cfg.Driver {
	case DriverSQLite:
		err = s.openSQLite(ctx, cfg)
	case DriverMySQL:
		err = s.openMySQL(ctx, cfg)
	default:
		err = fmt.Errorf("database driver %q is unknown; use %s or %s", cfg.Driver, DriverSQLite, DriverMySQL)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Ping asks the database whether it is there.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.read.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error; err != nil {
		return wrap(ctx, err, "ping the database")
	}
	return nil
}

// Close closes all connections. The Store must not be used afterwards.
func (s *Store) Close() error {
	var errs []error
	for _, closeFunc := range s.closed {
		errs = append(errs, closeFunc())
	}
	s.closed = nil
	return errors.Join(errs...)
}

// now is the clock's time as both databases keep it.
func (s *Store) now() time.Time { return micro(s.clock()) }

// query is a handle for reading outside of a transaction.
func (s *Store) query(ctx context.Context) *gorm.DB { return s.read.WithContext(ctx) }

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

// micro cuts a time to whole microseconds of UTC.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// microPtr is micro for a time that may be missing. A zero time counts as missing.
func microPtr(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	cut := micro(*t)
	return &cut
}
