package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/telemetry"
)

// process is what every subcommand gets. Its context ends with the first signal.
type process struct {
	ctx            context.Context // a subcommand's Run takes one argument: this
	stdout, stderr io.Writer
	logger         *slog.Logger
	settings       []slog.Attr
}

// logSettings logs what is in force, with secrets masked.
func (p *process) logSettings(role string) {
	p.logger.LogAttrs(p.ctx, slog.LevelInfo, "starting bellwether "+role, append([]slog.Attr{slog.String("version", version)}, p.settings...)...)
}

// cancelled reports whether err is nothing but the stop that was asked for.
func (p *process) cancelled(err error) bool {
	return p.ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// roleConfig is what every role of a larger installation needs.
type roleConfig struct {
	Database config.Database `embed:"" prefix:"database-" group:"Database"`
	Keyset   config.Keyset   `embed:"" group:"Secrets at rest"`
	Temporal config.Temporal `embed:"" prefix:"temporal-" group:"Temporal"`
}

// runRole opens what the role needs, makes its stages and runs them until the process is asked to
// stop. A stop while it still waits for the database or for Temporal is no error.
func (p *process) runRole(name string, cfg roleConfig, stages func(*app.Core) ([]app.Stage, error)) error {
	p.logSettings(name)
	err := p.openAndRun(cfg, stages)
	if p.cancelled(err) {
		err = nil
	}
	p.logger.InfoContext(p.ctx, "stopped", "role", name)
	return err
}

func (p *process) openAndRun(cfg roleConfig, stages func(*app.Core) ([]app.Stage, error)) (err error) {
	metrics, err := telemetry.NewMetrics(version)
	if err != nil {
		return err
	}
	store, err := app.OpenRoleStore(p.ctx, cfg.Database, cfg.Keyset, p.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	engine, err := app.DialEngine(p.ctx, cfg.Temporal, metrics.Temporal(), p.logger)
	if err != nil {
		return err
	}
	defer engine.Close()
	all, err := stages(&app.Core{Store: store, Engine: engine, Metrics: metrics, Logger: p.logger, Now: time.Now, Version: version})
	if err != nil {
		return err
	}
	p.logger.InfoContext(p.ctx, "ready")
	return app.RunStages(p.ctx, p.logger, all...)
}

// withMetrics adds the metrics address of a role without an API.
func (p *process) withMetrics(cfg config.Metrics, core *app.Core, stages ...app.Stage) ([]app.Stage, error) {
	if cfg.Listen == "" {
		return stages, nil
	}
	l, err := app.Listen(p.ctx, "--metrics-listen", cfg.Listen)
	if err != nil {
		return nil, err
	}
	return append(stages, core.MetricsServer(l)), nil
}
