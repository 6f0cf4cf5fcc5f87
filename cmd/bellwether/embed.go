//go:build !noembed

package main

import (
	"context"
	"log/slog"

	"github.com/bellwether/bellwether/internal/embedded"
)

// temporalServer is a running embedded server.
type temporalServer = embedded.Server

// startTemporal starts the embedded server with its Web UI.
func startTemporal(ctx context.Context, file, frontend, ui, namespace string, logger *slog.Logger) (*temporalServer, error) {
	return embedded.Start(ctx, embedded.Config{
		DataFile: file, FrontendAddr: frontend, UIAddr: ui, Namespace: namespace,
		Logger: logger, LogLevel: slog.LevelWarn,
	})
}
