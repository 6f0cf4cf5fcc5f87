package main

import (
	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
)

type schedulerCmd struct {
	Scheduler config.Scheduler `embed:"" prefix:"scheduler-" group:"Scheduler"`
	Metrics   config.Metrics   `embed:"" prefix:"metrics-" group:"Metrics"`
	Role      roleConfig       `embed:""`
}

// Run starts due plans until the process is asked to stop.
func (c *schedulerCmd) Run(p *process) error {
	return p.runRole("scheduler", c.Role, func(core *app.Core) ([]app.Stage, error) {
		return p.withMetrics(c.Metrics, core, core.Scheduler(c.Scheduler))
	})
}
