package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/bellwether/bellwether/api"
	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/scheduler"
)

// API is the role that answers the REST API on l, which it closes at its end.
func (c *Core) API(l net.Listener) (Stage, error) {
	stopping := make(chan struct{})
	stop := sync.OnceFunc(func() { close(stopping) })
	handler, err := api.New(api.Deps{
		Store: c.Store, Engine: c.Engine,
		Rules: readRules, Sequential: rules.Sequential, CheckCase: runner.Check,
		CheckCron: checkCron, Fires: fires,
		Checks:  map[string]func(context.Context) error{"database": c.checkDatabase, "temporal": c.Engine.Check},
		Metrics: c.Metrics.Handler(c.Logger), Observer: c.Metrics, Stopping: stopping,
		Now: c.Now, Logger: c.Logger.With("component", "api"), Version: c.Version,
	})
	if err != nil {
		return Stage{}, fmt.Errorf("set up the API: %w", err)
	}
	return Stage{Name: "API", Run: func(ctx context.Context) error { return serve(ctx, l, handler, c.Logger, stop) }}, nil
}

// Bootstrap makes what the API cannot do without: the runtime that cases execute on by default and an
// administrator; see api.EnsureAdmin. The answered token, if any, is to be printed once.
func (c *Core) Bootstrap(ctx context.Context, token string) (printed string, err error) {
	if _, err := c.Store.EnsureRuntime(ctx, models.DefaultRuntime); err != nil {
		return "", fmt.Errorf("set up the API: %w", err)
	}
	printed, _, err = api.EnsureAdmin(ctx, c.Store, token, api.RandomToken)
	return printed, err
}

// checkDatabase asks whether the database is there and still has the schema that this program knows.
func (c *Core) checkDatabase(ctx context.Context) error {
	return errors.Join(c.Store.Ping(ctx), c.Store.CheckSchema(ctx))
}

func readRules(definition string) ([]wire.Rule, error) {
	plan, err := rules.Parse(definition)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Rule, len(plan.Rules))
	for i, r := range plan.Rules {
		out[i] = wire.Rule{CaseKey: r.Case, When: r.When.String(), ExpectFail: r.ExpectFail, Line: r.Line}
		if r.Parent >= 0 {
			parent := r.Parent
			out[i].Parent = &parent
		}
	}
	return out, nil
}

func checkCron(expr, timezone string) error {
	_, err := scheduler.ParseCron(expr, timezone)
	return err
}

func fires(t models.Trigger, after time.Time, n int) ([]wire.Fire, error) {
	preview, err := scheduler.Preview(t, after, n)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Fire, len(preview))
	for i, f := range preview {
		out[i] = wire.Fire(f)
	}
	return out, nil
}
