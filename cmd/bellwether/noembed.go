//go:build noembed

package main

import (
	"context"
	"errors"
	"log/slog"
)

// temporalServer stands for the embedded server, which this build leaves out.
type temporalServer struct{ FrontendAddr, UIURL string }

// Stop does nothing.
func (*temporalServer) Stop() error { return nil }

// startTemporal says why there is none.
func startTemporal(context.Context, string, string, string, string, *slog.Logger) (*temporalServer, error) {
	return nil, errors.New("this binary was built without the embedded Temporal server (-tags noembed): " +
		"build it without that tag, or run `bellwether api`, `worker` and `scheduler` with TEMPORAL_ADDRESS set to a Temporal server")
}
