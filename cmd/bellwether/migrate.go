package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/store"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply what is missing. Several processes may do so at once."`
	Status migrateStatusCmd `cmd:"" help:"List the versions of the schema; exit 1 if this program cannot work on it."`
}

type migrateConfig struct {
	Database config.Database `embed:"" prefix:"database-" group:"Database"`
	Wait     time.Duration   `default:"60s" help:"How long to wait for the database to be reachable."`
}

// with opens the database for do.
func (c *migrateConfig) with(p *process, do func(context.Context, *store.Store) error) (err error) {
	ctx, cancel := context.WithTimeout(p.ctx, c.Wait)
	defer cancel()
	s, err := app.OpenStore(ctx, c.Database, nil, p.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(p.ctx, s)
}

type migrateUpCmd struct {
	Config migrateConfig `embed:""`
}

// Run applies what is missing.
func (c *migrateUpCmd) Run(p *process) error {
	return c.Config.with(p, func(ctx context.Context, s *store.Store) error {
		if err := s.Migrate(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "the database has the schema of this version")
		return err
	})
}

type migrateStatusCmd struct {
	Config migrateConfig `embed:""`
}

// Run lists the versions.
func (c *migrateStatusCmd) Run(p *process) error {
	return c.Config.with(p, func(ctx context.Context, s *store.Store) error {
		versions, err := s.MigrationStatus(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, v := range versions {
			name, applied := v.Name, "missing"
			if name == "" {
				name = "(of a newer version)"
			}
			if v.AppliedAt != nil {
				applied = "applied " + v.AppliedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%d\t%s\t%s\n", v.Version, name, applied)
		}
		return errors.Join(table.Flush(), s.CheckSchema(ctx))
	})
}
