package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// migrationLockSeconds is how long a process waits for another one's migrations.
const migrationLockSeconds = 300

// mysqlLocker keeps two processes from migrating one MySQL database at the same time. Names of locks
// are global to the server and at most 64 characters long, so the database's name goes in as a hash.
type mysqlLocker struct{}

const mysqlLockName = "CONCAT('bellwether/', SHA1(DATABASE()))"

// SessionLock waits for the lock.
func (mysqlLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullInt64
	err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK(%s, %d)", mysqlLockName, migrationLockSeconds)).Scan(&got)
	if err != nil {
		return fmt.Errorf("take the lock for migrations: %w", err)
	}
	if got.Int64 != 1 {
		return errors.New("another process has been migrating the database for minutes; try again when it is done")
	}
	return nil
}

// SessionUnlock gives the lock back.
func (mysqlLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf("DO RELEASE_LOCK(%s)", mysqlLockName))
	return err
}
