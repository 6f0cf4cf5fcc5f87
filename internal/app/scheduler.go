package app

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/scheduler"
)

// Scheduler is the role that turns due ticks into runs, and its sweeper, which brings forward what
// got stuck.
func (c *Core) Scheduler(cfg config.Scheduler) Stage {
	metered := meteredStore{Store: c.Store, meter: c.Metrics}
	clock := scheduler.New(scheduler.Deps{Store: metered, Starter: c.Engine, Now: c.Now, Logger: c.Logger}, scheduler.Options{})
	sweeper := scheduler.NewSweeper(scheduler.SweeperDeps{
		Store: metered, Engine: sweeperEngine{c.Engine},
		Finisher: finisher{store: metered, engine: c.Engine, logger: c.Logger.With("component", "sweeper")},
		Now:      c.Now, Logger: c.Logger,
	}, scheduler.SweeperOptions{Interval: cfg.SweepInterval})
	return Stage{Name: "scheduler", Run: func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return clock.Run(ctx) })
		group.Go(func() error { return sweeper.Run(ctx) })
		return group.Wait()
	}}
}
