package app

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/worker"
	"github.com/bellwether/bellwether/workflows"
)

// WorkerConfig is the configuration of the worker role.
type WorkerConfig struct {
	Worker    config.Worker
	Webhook   config.Webhook
	Links     config.Links
	Namespace string // of Temporal, for links to its Web UI
}

// Worker is the role that runs workflows, executes cases and sends deliveries.
func (c *Core) Worker(ctx context.Context, cfg WorkerConfig) (Stage, error) {
	if _, err := c.Store.EnsureRuntime(ctx, models.DefaultRuntime); err != nil {
		return Stage{}, fmt.Errorf("set up the worker: %w", err)
	}
	authorities, err := readAuthorities(cfg.Webhook.CAFile)
	if err != nil {
		return Stage{}, err
	}
	logger := c.Logger.With("component", "worker")
	metered := meteredStore{Store: c.Store, meter: c.Metrics}
	sender := webhook.New(webhook.Options{UserAgent: "Bellwether/" + c.Version, RootCAs: authorities, Now: c.Now})
	w, err := worker.New(c.Engine.Client(), worker.Deps{
		Runs: activities.NewRuns(metered, notify.RunFinishedEvent),
		Cases: activities.NewCases(metered, runner.New(runner.Options{Version: c.Version, Now: c.Now}), activities.CasesOptions{
			// Cases that go on longer are given back in time for the worker to say so.
			Drain: cfg.Worker.StopTimeout * 2 / 3, Now: c.Now, Logger: logger,
		}),
		Deliveries: activities.NewDeliveries(activities.DeliveriesDeps{
			Store:    metered,
			Renderer: notify.New(notify.Options{BaseURL: strings.TrimSuffix(cfg.Links.BaseURL, "/"), TemporalURL: workflowPage(cfg.Links.TemporalUIURL, cfg.Namespace)}),
			Sender:   sender,
			Schedule: webhook.DefaultSchedule(rand.Float64),
			Now:      c.Now, Logger: logger,
		}),
	}, worker.Options{Activities: cfg.Worker.MaxActivities, StopTimeout: cfg.Worker.StopTimeout, Logger: logger})
	if err != nil {
		return Stage{}, fmt.Errorf("set up the worker: %w", err)
	}
	return Stage{Name: "worker", Run: func(ctx context.Context) error {
		defer sender.Close()
		return w.Run(ctx)
	}}, nil
}

// readAuthorities is the system's certificate pool with the file's added; nil without a file.
func readAuthorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // no pool is what Go takes for the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read --webhook-ca-file (BELLWETHER_WEBHOOK_CA_FILE): %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--webhook-ca-file %s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// WorkflowPage is a run's page in the Temporal Web UI at base.
func WorkflowPage(base, namespace, runID string) string {
	return strings.TrimSuffix(base, "/") + "/namespaces/" + url.PathEscape(namespace) + "/workflows/" + url.PathEscape(workflows.RunID(runID))
}

// workflowPage is WorkflowPage for a renderer; nil without a base.
func workflowPage(base, namespace string) func(runID string) string {
	if base == "" {
		return nil
	}
	return func(runID string) string { return WorkflowPage(base, namespace, runID) }
}
