package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/bellwether/bellwether/models"
)

// A transaction that lost against another one is tried again, with growing pauses of about 5 ms to
// 0.6 s; together 2 s at most.
const (
	txAttempts  = 8
	txFirstWait = 5 * time.Millisecond
)

// errRetry makes a transaction start again, for example because a row appeared that was about to be
// inserted.
var errRetry = errors.New("conflict with another transaction")

// tx runs fn in a transaction and again if it lost against another one. What fn changes outside of
// the database must bear being done twice.
func (s *Store) tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return s.retry(ctx, func() error {
		return s.write.WithContext(ctx).Transaction(fn)
	})
}

// do runs a single change outside of an explicit transaction, with the same patience as tx.
func (s *Store) do(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.retry(ctx, func() error { return fn(s.write.WithContext(ctx)) })
}

func (s *Store) retry(ctx context.Context, fn func() error) error {
	wait := txFirstWait
	for attempt := 1; ; attempt++ {
		err := fn()
		again := conflicted(err) || errors.Is(err, errRetry)
		if err == nil || !again || attempt == txAttempts {
			return err
		}
		if !pause(ctx, wait/2+rand.N(wait)) {
			return err
		}
		wait *= 2
	}
}

// pause waits for d and reports whether ctx lasted as long.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// forUpdate locks the rows that a query finds until the transaction ends. On SQLite it does nothing:
// there a transaction holds the only write lock from its beginning.
func forUpdate(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

// matched is the error of an UPDATE or DELETE that must find its row.
func matched(result *gorm.DB) error {
	if result.Error == nil && result.RowsAffected == 0 {
		return models.ErrNotFound
	}
	return result.Error
}
