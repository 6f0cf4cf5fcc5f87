package scheduler

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bellwether/bellwether/models"
)

// maxComplaints is how many triggers' errors one pass logs; a database that breaks down fails all.
const maxComplaints = 3

// recordDue decides the ticks of all triggers that have one due. The list of entries is gone through
// as a whole: at ten thousand triggers that takes less time than one query, and a pass is made only
// when something is due or a second is over.
func (s *Scheduler) recordDue(ctx context.Context, now time.Time) {
	var group errgroup.Group
	group.SetLimit(s.options.Concurrency)
	var tried []*entry
	for _, e := range s.entries {
		if !e.waiting() || e.start.After(now) {
			continue
		}
		tried = append(tried, e)
		group.Go(func() error {
			e.err = s.record(ctx, e, now)
			return nil // one trigger's error must not stop the others
		})
	}
	_ = group.Wait()
	s.complain(ctx, tried)
}

// complain logs when recording begins to fail for a trigger, and when it works again.
func (s *Scheduler) complain(ctx context.Context, tried []*entry) {
	if ctx.Err() != nil {
		return
	}
	fresh := 0
	for _, e := range tried {
		key := e.schedule.TriggerKey
		switch {
		case e.err != nil && !e.complained:
			e.complained = true
			if fresh++; fresh <= maxComplaints {
				s.log.ErrorContext(ctx, "tick cannot be recorded; tried again every poll", "trigger", key, "error", e.err)
			}
		case e.err == nil && e.complained:
			e.complained = false
			s.log.InfoContext(ctx, "ticks are recorded again", "trigger", key)
		}
	}
	if fresh > maxComplaints {
		s.log.ErrorContext(ctx, "ticks of more triggers cannot be recorded", "count", fresh-maxComplaints)
	}
}

// record writes a trigger's due ticks in order. The cursor moves with each row, so what an error
// leaves undone is decided again.
func (s *Scheduler) record(ctx context.Context, e *entry, now time.Time) error {
	for _, tick := range due(e.schedule, e.times, now, s.options.Grace) {
		run, err := s.recordTick(ctx, tick)
		if err != nil {
			return err
		}
		e.schedule.Cursor = tick.ScheduledFor
		if run != nil {
			s.logTick(ctx, *run)
			s.dispatcher.offer(*run)
		}
	}
	e.plan()
	return nil
}

func (s *Scheduler) recordTick(ctx context.Context, tick models.Tick) (*models.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	run, err := s.store.RecordTick(ctx, tick)
	if err != nil {
		return nil, fmt.Errorf("record tick %s of %s: %w", stamp(tick.ScheduledFor), tick.TriggerKey, err)
	}
	return run, nil
}

func (s *Scheduler) logTick(ctx context.Context, run models.Run) {
	if run.Status == models.StatusSkipped {
		s.log.InfoContext(ctx, "tick not run", "trigger", run.TriggerKey, "run", run.ID, "reason", run.Reason)
		return
	}
	s.log.DebugContext(ctx, "tick recorded", "trigger", run.TriggerKey, "run", run.ID, "held", run.Held)
}
