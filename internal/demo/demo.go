// Package demo shows Bellwether at work. It serves a small shop as the API under test and a webhook
// sink, defines cases, pipelines, a plan and a gatekeeper through the REST API as any user would,
// runs them, and prints what is delivered.
//
// The addresses of its two servers are new with each start, so the environment and the webhooks are
// updated then; whatever else exists already is left as it is.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"time"

	"github.com/bellwether/bellwether/internal/client"
)

// Config is what a Demo works with.
type Config struct {
	URL     string // of the REST API, without /api/v1
	Token   string // of an administrator
	Say     io.Writer
	JSON    io.Writer // takes one line for each delivered payload; nil: they are printed for people
	RunPage func(runID string) string
	Now     func() time.Time
}

// Demo is the shop, the sink and what is known of the definitions.
type Demo struct {
	Config
	api    *client.Client
	target *server
	hooks  *server
	sink   *sink
	secret string // of both webhooks, new with each start
	made   definitions
	// arriveLimit bounds the wait for the payloads of a run that has ended.
	arriveLimit time.Duration
}

// New starts the shop and the sink.
func New(ctx context.Context, cfg Config) (*Demo, error) {
	api, err := client.New(client.Options{BaseURL: cfg.URL, Token: cfg.Token, UserAgent: "bellwether-demo"})
	if err != nil {
		return nil, err
	}
	d := &Demo{Config: cfg, api: api, sink: newSink(cfg.Now), arriveLimit: time.Minute}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	d.secret = hex.EncodeToString(random[:])
	if d.target, err = startServer(ctx, newTarget()); err != nil {
		return nil, err
	}
	if d.hooks, err = startServer(ctx, d.sink.handler()); err != nil {
		d.target.close()
		return nil, err
	}
	return d, nil
}

// Close ends the shop and the sink.
func (d *Demo) Close() {
	d.hooks.close()
	d.target.close()
	d.api.Close()
}
