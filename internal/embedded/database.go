package embedded

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// unfinished names the copy of a file whose set-up was interrupted, or that another program made.
const unfinished = "unfinished"

// prepareDatabase returns the settings of a database with the schema of this server version, made
// anew where there is none, and with the namespace in it.
func prepareDatabase(ctx context.Context, cfg Config) (*config.SQL, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.DataFile), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the Temporal database: %w", err)
	}
	want, err := schemaHash()
	if err != nil {
		return nil, fmt.Errorf("read the schema of the Temporal server: %w", err)
	}
	db := &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: cfg.DataFile,
		// Unknown attributes become pragmas. More than one connection is slower.
		ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "normal"},
	}
	fresh, err := setAsideOther(ctx, cfg, want)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := createDatabase(ctx, db, want); err != nil {
			return nil, fmt.Errorf("make the Temporal database %s: %w", cfg.DataFile, err)
		}
	}
	if err := createNamespace(db, cfg); err != nil {
		return nil, fmt.Errorf("make the Temporal namespace %s: %w", cfg.Namespace, err)
	}
	return db, nil
}

// schemaHash identifies the schema of the server that is linked in.
func schemaHash() (string, error) {
	sum := sha256.New()
	for _, name := range []string{"sqlite/v3/temporal/schema.sql", "sqlite/v3/visibility/schema.sql"} {
		text, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// setAsideOther reports whether a new file must be made. A file with another schema is renamed: the
// server cannot upgrade SQLite files, and it holds nothing but the engine's own state. Runs live in
// Bellwether's own database, and the sweeper starts those again that had not ended.
func setAsideOther(ctx context.Context, cfg Config, want string) (fresh bool, err error) {
	_, err = os.Stat(cfg.DataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the Temporal database: %w", err)
	}
	have, err := storedHash(ctx, cfg.DataFile)
	if err != nil {
		return false, fmt.Errorf("read the Temporal database %s: %w", cfg.DataFile, err)
	}
	if have == want {
		return false, nil
	}
	if have == "" {
		have = unfinished
	}
	moved, err := setAside(cfg.DataFile, have)
	if err != nil {
		return false, fmt.Errorf("set the Temporal database aside: %w", err)
	}
	cfg.Logger.WarnContext(ctx, "the Temporal database does not fit this version and was set aside; a new one is made, runs that had not ended start again",
		"file", cfg.DataFile, "moved_to", moved)
	return true, nil
}

// setAside renames the database with its write-ahead log and returns the new name.
func setAside(file, label string) (string, error) {
	moved := file + ".bak-" + label
	for n := 2; ; n++ {
		if _, err := os.Stat(moved); errors.Is(err, fs.ErrNotExist) {
			break
		}
		moved = fmt.Sprintf("%s.bak-%s-%d", file, label, n)
	}
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(file+suffix, moved+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return moved, nil
}

// createDatabase sets up the schema in a new file. The hash is written last, so that a file whose
// set-up was interrupted is known by its lack of one.
func createDatabase(ctx context.Context, cfg *config.SQL, hash string) error {
	if err := sqliteschema.SetupSchema(cfg); err != nil {
		return err
	}
	db, err := open(cfg.DatabaseName)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := dropUnusedIndexes(ctx, db); err != nil {
		return err
	}
	for _, statement := range []string{
		"CREATE TABLE bellwether_schema (hash TEXT NOT NULL)",
		"INSERT INTO bellwether_schema (hash) VALUES ('" + hash + "')",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// dropUnusedIndexes leaves the four visibility indexes that the Web UI's usual lists need. Keeping
// the other 54 costs a third of the throughput of short workflows.
func dropUnusedIndexes(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_master
		WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL
		AND name NOT IN ('default_idx', 'by_workflow_id', 'by_workflow_type', 'by_status')`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := db.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return err
		}
	}
	return nil
}

// storedHash reads the schema hash of an existing file; a file without one gives "".
func storedHash(ctx context.Context, file string) (string, error) {
	db, err := open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'bellwether_schema'").Scan(&tables)
	if err != nil || tables == 0 {
		return "", err
	}
	var hash string
	err = db.QueryRowContext(ctx, "SELECT hash FROM bellwether_schema").Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, err
}

// createNamespace does nothing when the namespace exists.
func createNamespace(db *config.SQL, cfg Config) error {
	attributes := make(map[string]enumspb.IndexedValueType, len(cfg.Keywords))
	for _, name := range cfg.Keywords {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	ns, err := sqliteschema.NewNamespaceConfig(clusterName, cfg.Namespace, false, attributes)
	if err != nil {
		return err
	}
	ns.Detail.Config.Retention = durationpb.New(cfg.Retention)
	return sqliteschema.CreateNamespaces(db, ns)
}

// checkpoint folds the write-ahead log into the file, so that the file alone can be copied.
func checkpoint(file string) error {
	db, err := open(file)
	if err != nil {
		return fmt.Errorf("open the Temporal database for its checkpoint: %w", err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("checkpoint the Temporal database: %w", err)
	}
	return nil
}

// open opens the file with the driver that the server registered.
func open(file string) (*sql.DB, error) {
	query := url.Values{"_pragma": {"busy_timeout(2000)"}}
	db, err := sql.Open("sqlite", "file:"+file+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
