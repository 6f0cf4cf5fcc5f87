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

// wrap adds the operation to an error. A nil error stays nil.
func wrap(ctx context.Context, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, ended(ctx, err))...)
}

// ended is the context's error if the context has ended, whatever the driver made of that.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && !isDomain(err) {
		return ctx.Err()
	}
	return err
}

// errForeignKey says that a row is missing which another refers to, or is to go while others refer
// to it. Functions turn it into the domain's word for their case.
var errForeignKey = errors.New("refers to a row that does not exist, or is referred to")

// translate turns gorm's own errors into the domain's.
func translate(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.ErrNotFound
	}
	return err
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
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return my.Number == mysqlDeadlock || my.Number == mysqlLockWait
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := lite.Code() & 0xff
		return primary == sqliteBusy || primary == sqliteLocked
	}
	return false
}
