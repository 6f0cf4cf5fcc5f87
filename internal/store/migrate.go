package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
)

// migrationFiles are the schema's versions: one folder per database, the same versions in both.
//
//go:embed migrations
var migrationFiles embed.FS

// versionTable is where the versions are noted that a database has.
const versionTable = "schema_versions"

// Errors of CheckSchema and Migrate. They are wrapped with the versions and what to do.
var (
	// ErrSchemaBehind says that the database lacks versions that this program needs.
	ErrSchemaBehind = errors.New("the database schema is older than this program")
	// ErrSchemaNewer says that a newer program has changed the database.
	ErrSchemaNewer = errors.New("the database schema is newer than this program")
)

// Migration is one version of the schema.
type Migration struct {
	Version   int64
	Name      string // the file's name; empty for a version that this program does not know
	AppliedAt *time.Time
}

// Migrate brings the schema to the version that this program knows. Several processes may do it at
// once. ErrSchemaNewer if the database is ahead.
func (s *Store) Migrate(ctx context.Context) error {
	err := s.migrate(ctx)
	// SQLite has no lock for migrations as a whole, only one for each. A process that lost the race
	// for one finds it done and goes on behind it.
	for range txAttempts {
		if err == nil || errors.Is(err, ErrSchemaNewer) || s.driver != DriverSQLite || ctx.Err() != nil {
			break
		}
		if !pause(ctx, txFirstWait) {
			break
		}
		err = s.migrate(ctx)
	}
	return wrap(ctx, err, "migrate the database")
}

func (s *Store) migrate(ctx context.Context) error {
	if err := s.CheckSchema(ctx); !errors.Is(err, ErrSchemaBehind) {
		return err
	}
	pool, err := s.write.DB()
	if err != nil {
		return err
	}
	files, err := s.migrations()
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(versionTable), goose.WithLogger(goose.NopLogger()),
		goose.WithDisableGlobalRegistry(true),
	}
	dialect := goose.DialectSQLite3
	if s.driver == DriverMySQL {
		dialect = goose.DialectMySQL
		unlock, err := lockMigrations(ctx, pool)
		if err != nil {
			return err
		}
		defer unlock()
	}
	provider, err := goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return err
	}
	applied, err := provider.Up(ctx)
	for _, m := range applied {
		s.logger.InfoContext(ctx, "store: migrated the database",
			"version", m.Source.Version, "file", path.Base(m.Source.Path), "took", m.Duration)
	}
	return err
}

// CheckSchema says whether this program can work on the database: ErrSchemaBehind and ErrSchemaNewer
// if not.
func (s *Store) CheckSchema(ctx context.Context) error {
	versions, err := s.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	var have, known int64
	behind := false
	for _, m := range versions {
		if m.Name != "" {
			known = m.Version
			behind = behind || m.AppliedAt == nil
		}
		if m.AppliedAt != nil {
			have = max(have, m.Version)
		}
	}
	switch {
	case have > known:
		return fmt.Errorf("%w: the database has version %d, this program knows up to %d; run a newer bellwether, or restore a backup from before the upgrade",
			ErrSchemaNewer, have, known)
	case behind:
		return fmt.Errorf("%w: the database has version %d, this program needs %d; run \"bellwether migrate up\"",
			ErrSchemaBehind, have, known)
	default:
		return nil
	}
}

// MigrationStatus lists the versions of the schema that this program knows or the database has.
func (s *Store) MigrationStatus(ctx context.Context) ([]Migration, error) {
	versions, err := s.migrationStatus(ctx)
	return versions, wrap(ctx, err, "read the schema's versions")
}

func (s *Store) migrationStatus(ctx context.Context) ([]Migration, error) {
	applied, err := s.appliedVersions(ctx)
	if err != nil {
		return nil, err
	}
	files, err := s.migrations()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var versions []Migration
	for _, name := range names { // sorted: the numbers have leading zeros
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		m := Migration{Version: version, Name: name}
		if at, ok := applied[version]; ok {
			m.AppliedAt = &at
			delete(applied, version)
		}
		versions = append(versions, m)
	}
	for version, at := range applied {
		versions = append(versions, Migration{Version: version, AppliedAt: &at})
	}
	return versions, nil
}

func (s *Store) migrations() (fs.FS, error) {
	return fs.Sub(migrationFiles, "migrations/"+s.driver)
}

// versionRow is a row of goose's table.
type versionRow struct {
	VersionID int64
	IsApplied bool
	Tstamp    time.Time
}

// appliedVersions reads when each version was applied. It makes no table, so that looking at a
// database changes nothing.
func (s *Store) appliedVersions(ctx context.Context) (map[int64]time.Time, error) {
	applied := map[int64]time.Time{}
	exists, err := s.hasVersionTable(ctx)
	if err != nil || !exists {
		return applied, err
	}
	var rows []versionRow
	err = s.read.WithContext(ctx).Table(versionTable).Select("version_id", "is_applied", "tstamp").
		Where("version_id > 0").Order("id").Find(&rows).Error
	for _, row := range rows {
		if row.IsApplied {
			applied[row.VersionID] = row.Tstamp
		} else {
			delete(applied, row.VersionID)
		}
	}
	return applied, err
}

func (s *Store) hasVersionTable(ctx context.Context) (bool, error) {
	query := "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
	if s.driver == DriverMySQL {
		query = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
	}
	var n int64
	err := s.read.WithContext(ctx).Raw(query, versionTable).Scan(&n).Error
	return n > 0, err
}
