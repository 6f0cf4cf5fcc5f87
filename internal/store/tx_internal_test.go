package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/bellwether/bellwether/internal/store/mysqltest"
	"github.com/bellwether/bellwether/models"
)

func TestConflictsAreRetriedABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	deadlock := fmt.Errorf("update: %w", &mysql.MySQLError{Number: mysqlDeadlock, Message: "Deadlock found"})
	for name, tc := range map[string]struct {
		errs  []error // by attempt; the last one stays
		calls int
		want  error
	}{
		"success":                     {[]error{nil}, 1, nil},
		"a deadlock, then success":    {[]error{deadlock, nil}, 2, nil},
		"a lock wait, then success":   {[]error{&mysql.MySQLError{Number: mysqlLockWait}, nil}, 2, nil},
		"a lost insert, then success": {[]error{errRetry, errRetry, nil}, 3, nil},
		"deadlocks for ever":          {[]error{deadlock}, txAttempts, deadlock},
		"an answer":                   {[]error{models.ErrStale}, 1, models.ErrStale},
		"another error":               {[]error{&mysql.MySQLError{Number: 1406}}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			err := (&Store{}).retry(t.Context(), func() error {
				err := tc.errs[min(calls, len(tc.errs)-1)]
				calls++
				return err
			})
			require.Equal(t, tc.calls, calls)
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
		})
	}
}

func TestRetryingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := (&Store{}).retry(ctx, func() error {
		calls++
		cancel()
		return errRetry
	})
	require.Equal(t, 1, calls)
	require.ErrorIs(t, err, errRetry)
	require.ErrorIs(t, wrap(ctx, err, "do it"), context.Canceled)
}

// TestADeadlockIsResolved makes two transactions take two rows in opposite order. The database kills
// one of them; the store runs it again.
func TestADeadlockIsResolved(t *testing.T) {
	t.Parallel()
	s := openTestMySQL(t)
	ctx := t.Context()
	for _, name := range []string{"one", "two"} {
		_, err := s.next(ctx, name, 1)
		require.NoError(t, err)
	}
	met, calls := make(chan struct{}), make(chan int, 2)
	both := func(first, second string, announce, wait func()) error {
		n := 0
		defer func() { calls <- n }()
		return s.tx(ctx, func(tx *gorm.DB) error {
			n++
			if _, err := advance(tx, first, 1); err != nil {
				return err
			}
			if n == 1 {
				announce()
				wait()
			}
			_, err := advance(tx, second, 1)
			return err
		})
	}
	errs := make(chan error, 1)
	go func() { errs <- both("one", "two", func() { met <- struct{}{} }, func() {}) }()
	require.NoError(t, both("two", "one", func() {}, func() { <-met }))
	require.NoError(t, <-errs)
	require.Equal(t, 3, <-calls+<-calls, "one transaction ran twice")
	for _, name := range []string{"one", "two"} {
		n, err := s.next(ctx, name, 1)
		require.NoError(t, err)
		require.EqualValues(t, 4, n, "both transactions counted once")
	}
}

// TestConnectionsAreSetUp checks what the store relies upon in each MySQL session.
func TestConnectionsAreSetUp(t *testing.T) {
	t.Parallel()
	s := openTestMySQL(t)
	var got struct {
		Isolation, TimeZone, Mode, Collation string
	}
	// The variable's name is transaction_isolation in MySQL 8 and tx_isolation in MariaDB 10.
	var version string
	require.NoError(t, s.read.Raw("SELECT VERSION()").Scan(&version).Error)
	isolation := "@@transaction_isolation"
	var n int
	if s.read.Raw("SELECT COUNT(*) FROM information_schema.global_variables WHERE variable_name = 'TX_ISOLATION'").Scan(&n).Error == nil && n > 0 {
		isolation = "@@tx_isolation"
	}
	require.NoError(t, s.read.Raw("SELECT "+isolation+" AS isolation, @@time_zone AS time_zone, @@sql_mode AS mode, @@collation_connection AS collation").Scan(&got).Error)
	require.Equal(t, "READ-COMMITTED", got.Isolation, version)
	require.Equal(t, "+00:00", got.TimeZone)
	require.Contains(t, got.Mode, "STRICT_TRANS_TABLES")
	require.Equal(t, "utf8mb4_bin", got.Collation)
}

func openTestMySQL(t *testing.T) *Store {
	t.Helper()
	dsn, err := mysqltest.CreateDatabase(context.Background())
	if errors.Is(err, mysqltest.ErrMissing) {
		t.Skipf("%v; `make test` sets one up", err)
	}
	require.NoError(t, err)
	s, err := Open(t.Context(), Config{Driver: DriverMySQL, DSN: dsn}, Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, mysqltest.DropDatabase(context.Background(), dsn))
	})
	require.NoError(t, s.Migrate(t.Context()))
	return s
}
