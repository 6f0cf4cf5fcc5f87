// Package app puts the parts of Bellwether together: it opens the database, connects to Temporal and
// makes the three roles, API, worker and scheduler.
//
// Each role is a Stage that runs until its context ends. One process runs one role in production and
// all three with `bellwether up`, over one connection to Temporal, so that a run that is started by
// the API begins in the worker beside it without a detour. RunStages stops them in order.
package app

import (
	"log/slog"
	"time"

	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/telemetry"
)

// Core is what the roles share. All fields are required.
type Core struct {
	Store   *store.Store
	Engine  *engine.Engine
	Metrics *telemetry.Metrics
	Logger  *slog.Logger
	Now     func() time.Time
	Version string
}
