package main

import (
	"fmt"
	"log/slog"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
)

// temporalFile is the name of Temporal's database in a data folder.
const temporalFile = "temporal.db"

type temporalCmd struct {
	Up        config.Up `embed:"" group:"Addresses and data"`
	Namespace string    `default:"default" help:"Namespace; made when it does not exist."`
}

// Run serves until the process is asked to stop. The two lines on standard output say that it is
// ready, and where.
func (c *temporalCmd) Run(p *process) error {
	folder, err := app.OpenFolder(c.Up.Data)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	server, err := startTemporal(p.ctx, temporalConfig{
		File: folder.File(temporalFile), Frontend: c.Up.TemporalListen, UI: c.Up.UIListen, Namespace: c.Namespace, Logger: p.logger,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "temporal %s\nui %s\n", server.FrontendAddr, server.UIURL)
	<-p.ctx.Done()
	return server.Stop()
}

// temporalConfig is what startTemporal needs, in both builds.
type temporalConfig struct {
	File, Frontend, UI, Namespace string
	Logger                        *slog.Logger
}
