package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const bareQueue = "bench-bare"

// bare is the floor: a Temporal workflow of two activities that do nothing, with its worker in this
// process, on the server that Bellwether uses.
type bare struct {
	client client.Client
	worker worker.Worker
	count  atomic.Int64
}

func nothing(context.Context) error { return nil }

func twoActivities(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 3},
	})
	for range 2 {
		if err := workflow.ExecuteActivity(ctx, nothing).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func newBare(address string) (*bare, error) {
	c, err := client.Dial(client.Options{HostPort: address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", address, err)
	}
	w := worker.New(c, bareQueue, worker.Options{})
	w.RegisterWorkflow(twoActivities)
	w.RegisterActivity(nothing)
	if err := w.Start(); err != nil {
		c.Close()
		return nil, fmt.Errorf("start the bare worker: %w", err)
	}
	return &bare{client: c, worker: w}, nil
}

// once starts one workflow and waits for its end.
func (b *bare) once(ctx context.Context) error {
	run, err := b.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:               fmt.Sprintf("bench/%d", b.count.Add(1)),
		TaskQueue:        bareQueue,
		EnableEagerStart: true,
	}, twoActivities)
	if err != nil {
		return fmt.Errorf("start a bare workflow: %w", err)
	}
	return run.Get(ctx, nil)
}

func (b *bare) close() {
	b.worker.Stop()
	b.client.Close()
}
