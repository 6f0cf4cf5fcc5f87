// Package embedded runs a Temporal server, its Web UI and its SQLite database inside this process.
//
// It is what makes `bellwether up` one process on one machine. The settings are the ones that were
// measured best for that: one history shard, one partition per task queue, a write-ahead log and few
// visibility indexes. Production uses a Temporal cluster instead and is built with -tags noembed.
//
// Only cmd/bellwether imports this package: it links the whole server.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/temporal"
)

const (
	// DefaultNamespace is the namespace that is made when the configuration names none.
	DefaultNamespace = "default"
	// DefaultRetention is how long a closed workflow stays readable in the Web UI, and how long its
	// id protects against a second start.
	DefaultRetention = 30 * 24 * time.Hour
	// stopLimit bounds Stop. The server itself takes little more than a second.
	stopLimit = 8 * time.Second
)

// Config says where the server keeps its data and where it listens.
type Config struct {
	// DataFile is the SQLite file; it is made when it does not exist.
	DataFile string
	// FrontendAddr is HOST:PORT of the gRPC frontend that clients and workers dial. Port 0 takes a
	// free one.
	FrontendAddr string
	// UIAddr is HOST:PORT of the Web UI; empty runs without it. Port 0 takes a free one.
	UIAddr string
	// Namespace is made when it does not exist; empty: DefaultNamespace.
	Namespace string
	// Retention of a namespace that is made; 0: DefaultRetention.
	Retention time.Duration
	// Keywords are search attributes of type Keyword of a namespace that is made. They are usable
	// at once, without the delay of adding them to a running server.
	Keywords []string
	// Logger takes what the server logs from LogLevel on; nil discards it. It also takes the one
	// warning when an unusable database is set aside.
	Logger *slog.Logger
	// LogLevel of the server's own lines. The zero value is slog.LevelInfo, which is very talkative;
	// slog.LevelWarn is usual.
	LogLevel slog.Level
}

// Server is a running Temporal server with its Web UI.
type Server struct {
	// FrontendAddr is the address that clients dial.
	FrontendAddr string
	// UIURL is where the Web UI is, without a trailing slash; empty without one.
	UIURL string
	// Namespace is the namespace that exists for sure.
	Namespace string

	dataFile string
	inner    temporal.Server
	ui       *webUI
	logs     *logAdapter
}

// Start prepares the database, starts the server and its Web UI and returns when both answer. A port
// that is taken is a *PortTakenError, found before anything is started.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	frontend, err := resolveListener(ctx, ListenerFrontend, cfg.FrontendAddr)
	if err != nil {
		return nil, err
	}
	var uiAt listener
	if cfg.UIAddr != "" {
		if uiAt, err = resolveListener(ctx, ListenerUI, cfg.UIAddr); err != nil {
			return nil, err
		}
	}
	logs := newLogAdapter(cfg.Logger, startLevel(cfg.LogLevel))
	inner, err := newServer(ctx, cfg, frontend, logs)
	if err != nil {
		return nil, err
	}
	if err := inner.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	logs.setLevel(cfg.LogLevel)
	s := &Server{
		FrontendAddr: frontend.dialAddr(), Namespace: cfg.Namespace,
		dataFile: cfg.DataFile, inner: inner, logs: logs,
	}
	if cfg.UIAddr == "" {
		return s, nil
	}
	s.ui = newWebUI(uiAt, s.FrontendAddr, cfg.Namespace)
	if err := s.ui.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	s.UIURL = "http://" + uiAt.dialAddr()
	return s, nil
}

// Stop ends the Web UI and the server and folds the write-ahead log into the database file. It
// takes little more than a second and gives up after eight. Clients and workers must be stopped
// before. A Server is stopped once.
func (s *Server) Stop() error {
	// The server's own workers lose their connections one by one and complain about it.
	s.logs.setLevel(silence)
	if s.ui != nil {
		s.ui.stop()
	}
	done := make(chan error, 1)
	go func() { done <- s.inner.Stop() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("stop the Temporal server: %w", err)
		}
	case <-time.After(stopLimit):
		return fmt.Errorf("stop the Temporal server: not done within %s", stopLimit)
	}
	return checkpoint(s.dataFile)
}

// startLevel drops the warnings of a start, which tell of features that are off on purpose. Whoever
// asked for more than warnings gets all.
func startLevel(level slog.Level) slog.Level {
	if level == slog.LevelWarn {
		return slog.LevelError
	}
	return level
}

func (c Config) withDefaults() Config {
	if c.Namespace == "" {
		c.Namespace = DefaultNamespace
	}
	if c.Retention == 0 {
		c.Retention = DefaultRetention
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// newServer sets up the database and the server upon it.
func newServer(ctx context.Context, cfg Config, frontend listener, logs *logAdapter) (temporal.Server, error) {
	sqlConfig, err := prepareDatabase(ctx, cfg)
	if err != nil {
		return nil, err
	}
	internal, err := freePorts(ctx, 3)
	if err != nil {
		return nil, fmt.Errorf("find ports for the Temporal services: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(sqlConfig, frontend, internal)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(staticHosts(frontend, internal)),
		temporal.WithLogger(logs),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(dynamicSettings()),
	)
	if err != nil {
		return nil, fmt.Errorf("set up the Temporal server: %w", err)
	}
	return server, nil
}
