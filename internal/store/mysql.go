package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// Limits of the MySQL pool. Connections are renewed before the server's or a proxy's idle time-outs
// close them.
const (
	mysqlMaxConns     = 25
	mysqlConnLifetime = 5 * time.Minute
	mysqlDialTimeout  = 10 * time.Second
)

// Errors of MySQL that are acted upon.
const (
	mysqlUnknownDatabase = 1049
	mysqlAccessDenied    = 1045
	mysqlDatabaseDenied  = 1044
	mysqlDuplicate       = 1062
	mysqlLockWait        = 1205
	mysqlDeadlock        = 1213
	mysqlReferenced      = 1451 // the row that others refer to is to go
	mysqlUnreferenced    = 1452 // the row that is referred to does not exist
)

// mysqlDialector is gorm's MySQL dialect with the store's errors.
type mysqlDialector struct{ gormmysql.Dialector }

// Translate turns the expected errors into the domain's.
func (mysqlDialector) Translate(err error) error {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return translate(err)
	}
	switch e.Number {
	case mysqlDuplicate:
		return models.ErrDuplicate
	case mysqlReferenced, mysqlUnreferenced:
		return errForeignKey
	default:
		return err
	}
}

func (s *Store) openMySQL(ctx context.Context, cfg Config) error {
	config, err := mysqlConfig(cfg.DSN)
	if err != nil {
		return err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return errBadMySQLDSN
	}
	pool := sql.OpenDB(readCommitted{connector})
	s.closed = append(s.closed, pool.Close)
	size := cfg.MaxOpenConns
	if size <= 0 {
		size = mysqlMaxConns
	}
	size = max(size, 2) // migrations need one for their lock and one to work on
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(mysqlConnLifetime)
	if err = pool.PingContext(ctx); err != nil {
		return mysqlOpenError(config, err)
	}
	db, err := gorm.Open(mysqlDialector{gormmysql.Dialector{Config: &gormmysql.Config{
		Conn:                      pool,
		SkipInitializeWithVersion: true,
		DisableWithReturning:      true,
	}}}, s.gormConfig())
	if err != nil {
		return mysqlOpenError(config, err)
	}
	s.write, s.read = db, db
	return nil
}

var errBadMySQLDSN = errors.New("the MySQL DSN cannot be read; write it as user:password@tcp(host:3306)/database")

// mysqlConfig reads a DSN and sets what the store relies upon. The driver's own message is dropped:
// it quotes the part that it stumbled over, which may be the password.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errBadMySQLDSN
	}
	if config.DBName == "" {
		return nil, errors.New("the MySQL DSN names no database; write it as user:password@tcp(host:3306)/database")
	}
	config.ParseTime = true
	config.Loc = time.UTC
	config.ClientFoundRows = true // so that an UPDATE which changes nothing still counts its row
	config.InterpolateParams = true
	config.MultiStatements = false
	config.Logger = &mysql.NopLogger{}
	if config.Timeout == 0 {
		config.Timeout = mysqlDialTimeout
	}
	params := map[string]string{
		"time_zone": "'+00:00'",
		"sql_mode":  "'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
	}
	for name, value := range config.Params {
		if _, ours := params[name]; !ours {
			params[name] = value
		}
	}
	config.Params = params
	if err = config.Apply(mysql.Charset("utf8mb4", "utf8mb4_bin"), mysql.TimeTruncate(time.Microsecond)); err != nil {
		return nil, errBadMySQLDSN
	}
	return config, nil
}

// readCommitted makes connections whose transactions see what others have committed and lock only
// the rows they find. The variable for it has different names in MySQL 8 and MariaDB, the statement
// does not.
type readCommitted struct{ driver.Connector }

// Connect opens a connection and sets its isolation level.
func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("the MySQL driver cannot execute statements"), conn.Close())
	}
	if _, err = execer.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func mysqlOpenError(config *mysql.Config, err error) error {
	where := fmt.Sprintf("%s(%s), database %s", config.Net, config.Addr, config.DBName)
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch e.Number {
		case mysqlUnknownDatabase:
			return fmt.Errorf("connect to MySQL at %s: the database does not exist; create it with CREATE DATABASE", where)
		case mysqlAccessDenied, mysqlDatabaseDenied:
			return fmt.Errorf("connect to MySQL at %s as %s: access denied; check user, password and GRANT", where, config.User)
		}
	}
	return fmt.Errorf("connect to MySQL at %s: %w", where, err)
}
