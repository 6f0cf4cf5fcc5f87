//go:build noembed

package main

import (
	"context"
	"errors"
)

// temporalServer stands for the embedded server, which this build leaves out.
type temporalServer struct{ FrontendAddr, UIURL, Namespace string }

// Stop does nothing: there is never one.
func (*temporalServer) Stop() error { return nil }

// startTemporal says why there is none.
func startTemporal(context.Context, temporalConfig) (*temporalServer, error) {
	return nil, errors.New("this binary was built without the embedded Temporal server (-tags noembed): " +
		"use one built without that tag, or run `bellwether api`, `worker` and `scheduler` with TEMPORAL_ADDRESS set to a Temporal server")
}
