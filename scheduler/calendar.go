package scheduler

import (
	"time"

	"github.com/robfig/cron/v3"
)

// calendar is a five-field expression on the wall clock of a time zone.
//
// robfig's own walk drops a daily job on the day when its time does not exist and runs it twice on
// the day when its time occurs twice. So robfig is asked about wall-clock times only, for which UTC
// stands in, and the wall-clock times are placed on the time line here.
type calendar struct {
	wall *cron.SpecSchedule // its location is UTC
	loc  *time.Location
	// clockTime says that the hours are named one by one, as in "30 2 * * *": such a time is run once
	// on each of its days. Otherwise the hour field holds *, a range or a step and the ticks follow
	// real time: a doubled hour has them twice, a skipped hour not at all.
	clockTime bool
}

// Next returns the first tick after t in UTC, or the zero time if there is none.
func (c *calendar) Next(t time.Time) time.Time {
	if c.clockTime {
		return c.nextClockTime(t)
	}
	return c.nextRealTime(t)
}

// nextClockTime places each wall-clock time at its first instant, or at the end of the gap if it does
// not exist. Times that fall together, because all of them lie in the gap, are one tick.
func (c *calendar) nextClockTime(t time.Time) time.Time {
	wall := spanAt(t, c.loc).wall(t)
	for {
		if wall = c.nextWall(wall); wall.IsZero() {
			return time.Time{}
		}
		// In the second pass of a doubled hour the next times are over already.
		if at := firstInstant(wall, c.loc); at.After(t) {
			return at
		}
	}
}

// nextRealTime goes through the spans of constant offset and takes the first wall-clock time that
// lies within its own.
func (c *calendar) nextRealTime(t time.Time) time.Time {
	s := spanAt(t, c.loc)
	for {
		wall := c.nextWall(s.wall(t))
		if wall.IsZero() {
			return time.Time{}
		}
		if at := s.instant(wall); s.contains(at) {
			return at
		}
		t = s.end.Add(-time.Second) // offsets change on whole seconds, and the first may be a tick
		s = spanAt(s.end, c.loc)
	}
}

// nextWall is the next wall-clock time. robfig looks five years ahead, but 29 February may be eight
// years away, so it gets a second try.
func (c *calendar) nextWall(wall time.Time) time.Time {
	if next := c.wall.Next(wall); !next.IsZero() {
		return next
	}
	return c.wall.Next(wall.AddDate(5, 0, 0))
}

// span is a stretch of time with one offset from UTC. Start and end are zero where it is open. Its
// neighbours may have the same offset.
type span struct {
	start, end time.Time
	offset     time.Duration
}

// spanAt is the span of the zone that holds t.
func spanAt(t time.Time, loc *time.Location) span {
	local := t.In(loc)
	_, seconds := local.Zone()
	start, end := local.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// Where a zone follows a rule rather than a table, Go cuts its spans at the ends of years, and
		// takes all years for 365 days long. This is the last day of a leap year.
		end = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return span{start: start, end: end, offset: time.Duration(seconds) * time.Second}
}

// contains assumes that t does not lie before the span.
func (s span) contains(t time.Time) bool { return s.end.IsZero() || t.Before(s.end) }

// wall is the wall-clock time of t as if it were UTC.
func (s span) wall(t time.Time) time.Time { return t.UTC().Add(s.offset) }

// instant is when the span's clocks show wall.
func (s span) instant(wall time.Time) time.Time { return wall.Add(-s.offset) }

// firstInstant is the first time that the zone's clocks show wall, or, if they never do, the moment
// when they jump over it.
func firstInstant(wall time.Time, loc *time.Location) time.Time {
	// No offset reaches 24 hours, so this is before any instant that might be meant.
	from := wall.Add(-24 * time.Hour)
	for {
		s := spanAt(from, loc)
		at := s.instant(wall)
		if at.Before(from) {
			return from.UTC()
		}
		if s.contains(at) {
			return at
		}
		from = s.end
	}
}
