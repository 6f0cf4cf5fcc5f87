package api

import (
	"context"
	"strconv"
	"time"

	"github.com/bellwether/bellwether/models"
)

const (
	// maxWait bounds how long a request may wait for a run.
	maxWait = 60 * time.Second
	// The row is looked at again after firstPoll, then less and less often up to every lastPoll.
	firstPoll = 20 * time.Millisecond
	lastPoll  = 250 * time.Millisecond
)

// Wait lets a request wait for the end of a run.
type Wait struct {
	Wait string `query:"wait" doc:"How long to wait for the end of the run: 50s, or seconds as a number; 60s at most" example:"50s"`
}

func (w Wait) duration() (time.Duration, error) {
	if w.Wait == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(w.Wait)
	if seconds, bad := strconv.ParseFloat(w.Wait, 64); bad == nil && err != nil {
		d, err = time.Duration(seconds*float64(time.Second)), nil
		if seconds > maxWait.Seconds() {
			d = maxWait + 1
		}
	}
	if err != nil || d < 0 || d > maxWait {
		return 0, badField("query.wait", "must be a time between 0s and 60s, such as 50s")
	}
	return d, nil
}

// await answers the run when it has finished, or as it was last seen when the time is over, the
// client has gone away or the server stops.
func (s *server) await(ctx context.Context, r models.Run, limit time.Duration) models.Run {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pause := firstPoll
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for limit > 0 && !r.Status.Final() {
		select {
		case <-ctx.Done():
			return r
		case <-s.deps.Stopping:
			return r
		case <-timer.C:
		}
		if seen, err := s.store.Run(ctx, r.ID); err == nil {
			r = seen
		} else if ctx.Err() == nil {
			s.log.WarnContext(ctx, "api: look at run", "run_id", r.ID, "error", err)
		}
		pause = min(pause*3/2, lastPoll)
		timer.Reset(pause)
	}
	return r
}
