// Package engine is the door to Temporal: it connects, starts and cancels the workflows of runs and
// deliveries, and tells what became of them.
//
// What it starts is named by ids of the database, so starting something twice starts it once.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"
)

// Defaults of Config.
const (
	DefaultAddress   = client.DefaultHostPort
	DefaultNamespace = client.DefaultNamespace
)

// Limits in time. Callers have a database row for whatever they ask, and something that asks again,
// so nobody waits long for an engine that does not answer.
const (
	dialLimit  = 10 * time.Second // one try to connect
	firstPause = 250 * time.Millisecond
	longPause  = 10 * time.Second
	callLimit  = 5 * time.Second // one call of a method of Engine
)

// Config says how to reach Temporal. Its fields have the names and meanings of the TEMPORAL_*
// environment variables that Temporal's own tools read.
type Config struct {
	Address       string // HOST:PORT of the frontend; empty: DefaultAddress
	Namespace     string // empty: DefaultNamespace
	TLS           bool   // connect with TLS; implied by the other TLS fields and by APIKey
	TLSCert       string // file of the client certificate, PEM
	TLSKey        string // file of its key, PEM
	TLSCA         string // file of the authorities to trust, PEM; empty: the system's
	TLSServerName string // name in the server's certificate; empty: the host of Address
	APIKey        string

	// MetricsHandler takes the metrics of the SDK; nil drops them.
	MetricsHandler client.MetricsHandler
}

// Engine is a connection to a namespace of Temporal. It is safe for use by many goroutines.
type Engine struct {
	client    client.Client
	namespace string
	logger    *slog.Logger
}

// Dial connects to Temporal. While the server does not answer or the namespace does not exist, it
// tries again and logs why, until ctx ends: in a new installation the server may be started last. A
// configuration that cannot be right is an error at once, and so is a refused API key.
func Dial(ctx context.Context, cfg Config, logger *slog.Logger) (*Engine, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	options, err := cfg.options(logger)
	if err != nil {
		return nil, fmt.Errorf("configure the connection to Temporal: %w", err)
	}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		c, err := connect(ctx, options)
		if err == nil {
			return &Engine{client: c, namespace: options.Namespace, logger: logger}, nil
		}
		if ctx.Err() != nil || refused(err) {
			return nil, fmt.Errorf("connect to namespace %s of Temporal at %s: %w", options.Namespace, options.HostPort, err)
		}
		logger.WarnContext(ctx, "Temporal is not ready; trying again", "address", options.HostPort,
			"namespace", options.Namespace, "retry_in", pause.String(), "error", err)
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to namespace %s of Temporal at %s: %w", options.Namespace, options.HostPort, errors.Join(ctx.Err(), err))
		case <-time.After(pause):
		}
	}
}

func (c Config) options(logger *slog.Logger) (client.Options, error) {
	tls, err := c.tls()
	if err != nil {
		return client.Options{}, err
	}
	o := client.Options{
		HostPort:          cmp.Or(c.Address, DefaultAddress),
		Namespace:         cmp.Or(c.Namespace, DefaultNamespace),
		Logger:            log.NewStructuredLogger(logger),
		MetricsHandler:    c.MetricsHandler,
		ConnectionOptions: client.ConnectionOptions{TLS: tls},
	}
	if c.APIKey != "" {
		o.Credentials = client.NewAPIKeyStaticCredentials(c.APIKey)
	}
	return o, nil
}

// connect makes a client and asks for the namespace, so that a wrong name shows here rather than
// when the first run starts.
func connect(ctx context.Context, o client.Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := client.DialContext(ctx, o)
	if err != nil {
		return nil, err
	}
	_, err = c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: o.Namespace})
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("look up the namespace: %w", err)
	}
	return c, nil
}

// refused reports whether the server answered and will not change its mind.
func refused(err error) bool {
	for e := err; e != nil; e = errors.Unwrap(e) {
		switch serviceerror.ToStatus(e).Code() {
		case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
			return true
		default:
		}
	}
	return false
}

// Client is the connection itself. Workers must use it, not one of their own, for then a run that is
// started here begins in them without a detour over the server.
func (e *Engine) Client() client.Client { return e.client }

// Check asks the server whether it is well.
func (e *Engine) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if _, err := e.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("check Temporal: %w", err)
	}
	return nil
}

// Close ends the connection. Workers must have been stopped before.
func (e *Engine) Close() { e.client.Close() }
