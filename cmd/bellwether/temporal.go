package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

type temporalCmd struct {
	Data           string `help:"Folder of the database." default:"./data" type:"path"`
	TemporalListen string `help:"HOST:PORT of the frontend." default:"127.0.0.1:7233"`
	UIListen       string `name:"ui-listen" help:"HOST:PORT of the Web UI; empty: none." default:"127.0.0.1:8233"`
	Namespace      string `help:"Namespace to make." default:"default"`
}

// Run serves until the context ends.
func (c *temporalCmd) Run(ctx context.Context, out io.Writer) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := startTemporal(ctx, filepath.Join(c.Data, "temporal.db"), c.TemporalListen, c.UIListen, c.Namespace, logger)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "temporal %s\nui %s\n", s.FrontendAddr, s.UIURL); err != nil {
		return err
	}
	<-ctx.Done()
	return s.Stop()
}
