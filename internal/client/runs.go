package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

const (
	// waitSlice is how long one request waits for a run: below what proxies usually allow.
	waitSlice = 50 * time.Second
	// A server that is out of reach is asked again after firstPause, then less often up to every
	// lastPause.
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Start says how to start a run; the zero value is a run as its trigger defines it.
type Start struct {
	wire.RunCreate
	// IdempotencyKey makes it safe to start the run again: the same key answers the same run.
	IdempotencyKey string
	// Wait is how long the answer may wait for the end of the run, 60 s at most.
	Wait time.Duration
}

// StartRun starts a run of a trigger. The run has finished if its status is final.
func (c *Client) StartRun(ctx context.Context, trigger string, start Start) (models.Run, error) {
	r := request{
		method: http.MethodPost, path: "/triggers/" + url.PathEscape(trigger) + "/runs",
		body: start.RunCreate, wait: start.Wait, header: http.Header{},
	}
	if start.IdempotencyKey != "" {
		r.header.Set("Idempotency-Key", start.IdempotencyKey)
	}
	return call[models.Run](ctx, c, r)
}

// Run reads a run, waiting for its end for up to wait, 60 s at most.
func (c *Client) Run(ctx context.Context, id string, wait time.Duration) (models.Run, error) {
	return call[models.Run](ctx, c, request{method: http.MethodGet, path: "/runs/" + url.PathEscape(id), wait: wait})
}

// WaitRun reads a run when it has finished. It goes on while the server is out of reach, until ctx
// ends, and then answers the run as it was last seen with the context's error.
func (c *Client) WaitRun(ctx context.Context, id string) (models.Run, error) {
	var last models.Run
	pause := firstPause
	for {
		run, err := c.Run(ctx, id, waitSlice)
		switch {
		case err == nil && run.Status.Final():
			return run, nil
		case ctx.Err() != nil:
			return last, ctx.Err()
		case err == nil: // the server's wait was the pause, unless it is about to stop
			last, pause = run, firstPause
		case !Temporary(err):
			return last, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return last, ctx.Err()
		case <-timer.C:
		}
		if err != nil {
			pause = min(2*pause, lastPause)
		}
	}
}

// Runs reads one page of runs, newest first.
func (c *Client) Runs(ctx context.Context, q RunQuery) (wire.List[models.Run], error) {
	return call[wire.List[models.Run]](ctx, c, request{method: http.MethodGet, path: "/runs", query: q.values()})
}

// CancelRun asks for the end of a run.
func (c *Client) CancelRun(ctx context.Context, id string) (models.Run, error) {
	return call[models.Run](ctx, c, request{method: http.MethodPost, path: "/runs/" + url.PathEscape(id) + "/cancel"})
}

// Executions lists all executions of a run.
func (c *Client) Executions(ctx context.Context, runID string) ([]models.Execution, error) {
	return every[models.Execution](ctx, c, "/runs/"+url.PathEscape(runID)+"/executions", nil)
}

// Results lists all case results of a run.
func (c *Client) Results(ctx context.Context, runID string) ([]models.CaseResult, error) {
	return every[models.CaseResult](ctx, c, "/runs/"+url.PathEscape(runID)+"/results", nil)
}

// Result reads a case result with its reports.
func (c *Client) Result(ctx context.Context, id string) (wire.Result, error) {
	return call[wire.Result](ctx, c, request{method: http.MethodGet, path: "/results/" + url.PathEscape(id)})
}

// RunDeliveries lists all deliveries of a run.
func (c *Client) RunDeliveries(ctx context.Context, runID string) ([]models.Delivery, error) {
	return every[models.Delivery](ctx, c, "/runs/"+url.PathEscape(runID)+"/deliveries", nil)
}
