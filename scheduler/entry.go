package scheduler

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bellwether/bellwether/models"
)

// clockSlip is how far in the future a cursor may lie before it is reported as the trace of a clock
// that was ahead.
const clockSlip = 5 * time.Minute

// entry is one trigger in the scheduler's memory.
type entry struct {
	schedule   models.Schedule
	times      cron.Schedule
	broken     bool      // the expression or the zone cannot be read
	start      time.Time // when the next tick is due; zero: never
	err        error     // of the last recording; tried again with the next poll
	complained bool      // the error was logged
	slipped    bool      // a cursor in the future was logged
}

// waiting reports whether the entry has a tick to come that may be recorded.
func (e *entry) waiting() bool { return !e.broken && e.err == nil && !e.start.IsZero() }

// plan sets the start of the first tick after the cursor.
func (e *entry) plan() {
	e.start = e.times.Next(e.schedule.Cursor)
	if !e.start.IsZero() {
		e.start = e.start.Add(jitterOffset(e.schedule.TriggerKey, e.schedule.Jitter))
	}
}

// refresh reads the schedules if a trigger changed since the last time, and gives entries whose last
// recording failed another chance.
func (s *Scheduler) refresh(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	revision, err := s.store.SchedulesRevision(ctx)
	if err != nil {
		return fmt.Errorf("look for changed schedules: %w", err)
	}
	if !s.loaded || revision != s.revision {
		// The revision was read first: what changes in between is seen again with the next poll.
		schedules, err := s.store.Schedules(ctx)
		if err != nil {
			return fmt.Errorf("load schedules: %w", err)
		}
		s.take(ctx, schedules, now)
		s.loaded, s.revision = true, revision
	}
	for _, e := range s.entries {
		e.err = nil
		s.warnSlipped(ctx, e, now)
	}
	return nil
}

func (s *Scheduler) take(ctx context.Context, schedules []models.Schedule, now time.Time) {
	entries := make(map[string]*entry, len(schedules))
	for _, schedule := range schedules {
		if schedule.Cursor.IsZero() {
			schedule.Cursor = now // there is no telling since when ticks were missed
		}
		entries[schedule.TriggerKey] = s.entry(ctx, schedule)
	}
	s.entries = entries
}

// warnSlipped tells of a cursor in the future. It stays where it is: the ticks before it have their
// rows, and moving it back would run those again that share one row.
func (s *Scheduler) warnSlipped(ctx context.Context, e *entry, now time.Time) {
	slipped := e.schedule.Cursor.Sub(now) > clockSlip
	if slipped && !e.slipped {
		s.log.WarnContext(ctx, "ticks were decided for times to come, so a clock was ahead; none is run again before the cursor. "+
			"To start afresh from now, disable and enable the trigger",
			"trigger", e.schedule.TriggerKey, "cursor", e.schedule.Cursor, "now", now)
	}
	e.slipped = slipped
}

// entry compiles a schedule. What did not change is taken over, so that a broken one is logged once.
func (s *Scheduler) entry(ctx context.Context, schedule models.Schedule) *entry {
	e := &entry{schedule: schedule}
	old := s.entries[schedule.TriggerKey]
	if old != nil {
		e.complained, e.slipped = old.complained, old.slipped
	}
	if old != nil && old.schedule.Cron == schedule.Cron && old.schedule.Timezone == schedule.Timezone {
		e.times, e.broken = old.times, old.broken
	} else {
		times, err := ParseCron(schedule.Cron, schedule.Timezone)
		if err != nil {
			s.log.ErrorContext(ctx, "schedule cannot be read, so the trigger does not run; correct it through the API",
				"trigger", schedule.TriggerKey, "cron", schedule.Cron, "timezone", schedule.Timezone, "error", err)
		}
		e.times, e.broken = times, err != nil
	}
	if !e.broken {
		e.plan()
	}
	return e
}
