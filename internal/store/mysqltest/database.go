package mysqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"
)

// shared starts the server that all tests of a process use. It is started once, by the first test
// that needs it, and ends with the process: a server for each test would cost seconds each.
var shared = sync.OnceValues(func() (*Server, error) { return Start(context.Background()) })

// CreateDatabase makes an empty database with a new name and answers its DSN. ErrMissing if there is
// no server and none can be started.
func CreateDatabase(ctx context.Context) (dsn string, err error) {
	server := os.Getenv(EnvDSN)
	if server == "" {
		s, err := shared()
		if err != nil {
			return "", err
		}
		server = s.DSN
	}
	config, err := parse(server)
	if err != nil {
		return "", err
	}
	name := "bellwether_test_" + strings.ToLower(rand.Text())
	if err = withServer(ctx, server, statement("CREATE DATABASE "+name)); err != nil {
		return "", fmt.Errorf("create a database for tests: %w", err)
	}
	config.DBName = name
	return config.FormatDSN(), nil
}

// DropDatabase removes a database that CreateDatabase has made.
func DropDatabase(ctx context.Context, dsn string) error {
	config, err := parse(dsn)
	if err != nil {
		return err
	}
	name := config.DBName
	if !strings.HasPrefix(name, "bellwether_test_") {
		return fmt.Errorf("drop database %s: it was not made for tests", name)
	}
	config.DBName = ""
	if err = withServer(ctx, config.FormatDSN(), statement("DROP DATABASE "+name)); err != nil {
		return fmt.Errorf("drop a database for tests: %w", err)
	}
	return nil
}

func parse(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("the DSN of the test server (" + EnvDSN + ") cannot be read; write it as user:password@tcp(host:3306)/")
	}
	return config, nil
}

func ping(ctx context.Context, db *sql.DB) error { return db.PingContext(ctx) }

func statement(text string) func(context.Context, *sql.DB) error {
	return func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, text)
		return err
	}
}

// withServer does something over a connection of its own. The database that the DSN may name is left
// alone: it need not exist.
func withServer(ctx context.Context, dsn string, do func(context.Context, *sql.DB) error) error {
	config, err := parse(dsn)
	if err != nil {
		return err
	}
	config.DBName, config.Logger = "", &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	return do(ctx, db)
}
