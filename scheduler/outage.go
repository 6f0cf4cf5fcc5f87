package scheduler

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// outage logs once when something stops working and once when it works again, however often it is
// tried in between.
type outage struct {
	log  *slog.Logger
	now  func() time.Time
	what string

	mu       sync.Mutex
	since    time.Time
	failures int
}

// failed notes a failure. One that comes from our own shutdown is none.
func (o *outage) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
	if o.failures == 1 {
		o.since = o.now()
		o.log.ErrorContext(ctx, o.what+" fails; tried again until it works", "error", err)
	}
}

// succeeded notes that it works.
func (o *outage) succeeded(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failures > 0 {
		o.log.InfoContext(ctx, o.what+" works again", "failures", o.failures, "after", o.now().Sub(o.since).Round(time.Second))
		o.failures = 0
	}
}
