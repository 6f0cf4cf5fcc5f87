package main

import (
	"fmt"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
)

type apiCmd struct {
	Server config.Server `embed:"" group:"HTTP server"`
	Role   roleConfig    `embed:""`
}

// Run answers the REST API until the process is asked to stop.
func (c *apiCmd) Run(p *process) error {
	// The address is taken first: what is wrong with it shows before the wait for the others.
	listener, err := app.Listen(p.ctx, "--listen", c.Server.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	return p.runRole("api", c.Role, func(core *app.Core) ([]app.Stage, error) {
		token, err := core.Bootstrap(p.ctx, c.Server.AdminToken)
		if err != nil {
			return nil, err
		}
		if token != "" {
			fmt.Fprintf(p.stdout, "admin token (printed only this once): %s\n", token)
		}
		stage, err := core.API(listener)
		return []app.Stage{stage}, err
	})
}
