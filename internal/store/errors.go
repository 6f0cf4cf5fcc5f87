package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
	"modernc.org/sqlite"

	"github.com/bellwether/bellwether/models"
)

// wrap adds the operation to an error and turns the database's words into the domain's. A nil error
// stays nil.
func wrap(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, domainError(ctx, err))...)
}

func domainError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return models.ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return models.ErrDuplicate
	case ctx.Err() != nil && !isDomain(err):
		// The drivers say "interrupted" or "bad connection" when a context ends.
		return ctx.Err()
	default:
		return err
	}
}

func isDomain(err error) bool {
	for _, known := range []error{
		models.ErrNotFound, models.ErrDuplicate, models.ErrStale,
		models.ErrInUse, models.ErrFinished, models.ErrClaimed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// conflicted reports whether a transaction lost against another one and may simply be run again.
func conflicted(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number == mysqlDeadlock || my.Number == mysqlLockWait
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		primary := lite.Code() & 0xff
		return primary == sqliteBusy || primary == sqliteLocked
	}
	return false
}
