package main

import (
	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
)

type workerCmd struct {
	Worker  config.Worker  `embed:"" prefix:"worker-" group:"Worker"`
	Webhook config.Webhook `embed:"" prefix:"webhook-" group:"Webhook deliveries"`
	Links   config.Links   `embed:"" group:"Links"`
	Metrics config.Metrics `embed:"" prefix:"metrics-" group:"Metrics"`
	Role    roleConfig     `embed:""`
}

// Run works until the process is asked to stop.
func (c *workerCmd) Run(p *process) error {
	return p.runRole("worker", c.Role, func(core *app.Core) ([]app.Stage, error) {
		stage, err := core.Worker(p.ctx, app.WorkerConfig{
			Worker: c.Worker, Webhook: c.Webhook, Links: c.Links, Namespace: c.Role.Temporal.Namespace,
		})
		if err != nil {
			return nil, err
		}
		return p.withMetrics(c.Metrics, core, stage)
	})
}
