package app

import (
	"context"
	"log/slog"

	"go.temporal.io/sdk/client"

	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/scheduler"
)

// DialEngine connects to Temporal, waiting for it if need be, and makes sure that the namespace has
// the search attributes of runs.
func DialEngine(ctx context.Context, cfg config.Temporal, metrics client.MetricsHandler, logger *slog.Logger) (*engine.Engine, error) {
	e, err := engine.Dial(ctx, engine.Config{
		Address: cfg.Address, Namespace: cfg.Namespace,
		TLS: cfg.TLS, TLSCert: cfg.TLSCert, TLSKey: cfg.TLSKey, TLSCA: cfg.TLSCA, TLSServerName: cfg.TLSServerName,
		APIKey: cfg.APIKey, MetricsHandler: metrics,
	}, logger.With("component", "temporal"))
	if err != nil {
		return nil, err
	}
	if err := e.Prepare(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// sweeperEngine speaks of states as the sweeper does.
type sweeperEngine struct{ *engine.Engine }

// RunState tells what became of a run's workflow.
func (e sweeperEngine) RunState(ctx context.Context, id string) (scheduler.RunState, error) {
	state, err := e.Engine.RunState(ctx, id)
	switch state {
	case engine.Open:
		return scheduler.RunOpen, err
	case engine.Closed:
		return scheduler.RunClosed, err
	default:
		return scheduler.RunMissing, err
	}
}

// runFinisher keeps the end of a run.
type runFinisher interface {
	FinishRun(ctx context.Context, outcome models.RunOutcome,
		build func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error)) ([]models.Delivery, error)
}

// deliveryStarter starts the workflow of one delivery.
type deliveryStarter interface {
	StartDelivery(ctx context.Context, delivery models.Delivery) error
}

// finisher ends runs that have no workflow any more, and has them announced.
type finisher struct {
	store  runFinisher
	engine deliveryStarter
	logger *slog.Logger
}

// FinishRun ends the run and starts its deliveries. A delivery that cannot be started now is started
// by the sweeper when it is overdue.
func (f finisher) FinishRun(ctx context.Context, outcome models.RunOutcome) error {
	deliveries, err := f.store.FinishRun(ctx, outcome, notify.RunFinishedEvent)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		if d.State != models.DeliveryPending {
			continue
		}
		if err := f.engine.StartDelivery(ctx, d); err != nil {
			f.logger.WarnContext(ctx, "start a delivery", "delivery_id", d.ID, "error", err)
		}
	}
	return nil
}
