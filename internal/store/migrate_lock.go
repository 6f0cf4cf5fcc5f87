package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// migrationLockSeconds is how long a process waits for another one's migrations.
const migrationLockSeconds = 300

// mysqlLockName is the name of the lock. Names are global to the server and at most 64 characters
// long, so the database's name goes in as a hash.
const mysqlLockName = "CONCAT('bellwether/', SHA1(DATABASE()))"

// lockMigrations keeps two processes from migrating one MySQL database at the same time. It is taken
// around everything that goose does: goose's own session lock begins after it has looked for, and
// perhaps made, its table of versions. The lock goes with the connection, so a process that dies
// holds up nobody.
func lockMigrations(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got sql.NullInt64
	err = conn.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK(%s, %d)", mysqlLockName, migrationLockSeconds)).Scan(&got)
	switch {
	case err != nil:
		return nil, errors.Join(fmt.Errorf("take the lock for migrations: %w", err), conn.Close())
	case got.Int64 != 1:
		return nil, errors.Join(errors.New("another process has been migrating the database for minutes; try again when it is done"), conn.Close())
	}
	return func() {
		// A lock that cannot be given back by name goes with the connection.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("DO RELEASE_LOCK(%s)", mysqlLockName))
		_ = conn.Close()
	}, nil
}
