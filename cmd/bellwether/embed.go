//go:build !noembed

package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/embedded"
	"github.com/bellwether/bellwether/workflows"
)

// temporalServer is a running embedded server.
type temporalServer = embedded.Server

// startTemporal starts the embedded server with its Web UI. It knows the search attributes of runs
// from the beginning. An address that is taken is told by its flag.
func startTemporal(ctx context.Context, cfg temporalConfig) (*temporalServer, error) {
	server, err := embedded.Start(ctx, embedded.Config{
		DataFile: cfg.File, FrontendAddr: cfg.Frontend, UIAddr: cfg.UI, Namespace: cfg.Namespace,
		Keywords: workflows.SearchAttributes(), Logger: cfg.Logger, LogLevel: slog.LevelWarn,
	})
	if taken, ok := errors.AsType[*embedded.PortTakenError](err); ok {
		flag := "--temporal-listen"
		if taken.Listener == embedded.ListenerUI {
			flag = "--ui-listen"
		}
		return nil, &app.AddressTakenError{Flag: flag, Address: taken.Address}
	}
	return server, err
}
