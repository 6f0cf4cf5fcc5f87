package scheduler

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bellwether/bellwether/models"
)

const (
	// maxCaughtUp is how many missed ticks the policy "all" runs at most; older ones are dropped.
	maxCaughtUp = 100
	// maxCounted is how many dropped ticks are counted one by one.
	maxCounted = 10_000
)

// due decides all ticks of a schedule that have come due between its cursor and now. The decisions
// are in the order of their times, as the cursor must pass them.
//
// A tick is due when its jitter has passed, and on time until grace later: then it is run. Later it
// is missed, and the catch-up policy decides. "last" runs the newest due tick only, so it catches
// up nothing if another tick is on time. The missed ticks that are not run are always the oldest,
// and leave one decision for all of them, at the time of the last.
func due(s models.Schedule, times cron.Schedule, now time.Time, grace time.Duration) []models.Tick {
	newest := now.Add(-jitterOffset(s.TriggerKey, s.Jitter))
	onTime := newest.Add(-grace)
	run := between(times, later(s.Cursor, before(onTime)), newest)
	run = append(caughtUp(s, times, newest, onTime, len(run) > 0), run...)

	until := before(onTime)
	if len(run) > 0 && run[0].Before(onTime) {
		until = before(run[0])
	}
	var ticks []models.Tick
	if dropped, ok := drop(s, times, until); ok {
		ticks = append(ticks, dropped)
	}
	for _, at := range run {
		ticks = append(ticks, models.Tick{TriggerKey: s.TriggerKey, ScheduledFor: at, Overlap: s.Overlap})
	}
	return ticks
}

// caughtUp are the missed ticks that are run nevertheless.
func caughtUp(s models.Schedule, times cron.Schedule, newest, onTime time.Time, someOnTime bool) []time.Time {
	// Ticks are looked for within the window only, however far behind the cursor is.
	from := later(s.Cursor, before(newest.Add(-s.CatchUpWindow)))
	switch {
	case s.CatchUp == models.CatchUpAll:
		missed := between(times, from, before(onTime))
		return missed[max(0, len(missed)-maxCaughtUp):]
	case s.CatchUp == models.CatchUpLast && !someOnTime:
		if at, ok := lastBetween(times, from, before(onTime)); ok {
			return []time.Time{at}
		}
	}
	return nil
}

// drop is the one decision for all ticks after the cursor up to and including until.
func drop(s models.Schedule, times cron.Schedule, until time.Time) (models.Tick, bool) {
	last, ok := lastBetween(times, s.Cursor, until)
	if !ok {
		return models.Tick{}, false
	}
	first, count := times.Next(s.Cursor), 1
	for at := first; at.Before(last) && count <= maxCounted; count++ {
		at = times.Next(at)
	}
	var what string
	switch {
	case count == 1:
		what = fmt.Sprintf("the tick of %s was", stamp(first))
	case count > maxCounted:
		what = fmt.Sprintf("more than %d ticks from %s to %s were", maxCounted, stamp(first), stamp(last))
	default:
		what = fmt.Sprintf("%d ticks from %s to %s were", count, stamp(first), stamp(last))
	}
	return models.Tick{
		TriggerKey: s.TriggerKey, ScheduledFor: last, Overlap: s.Overlap,
		NotRun: fmt.Sprintf("%s missed while the scheduler was down; catch-up is %s", what, catchUpText(s)),
	}, true
}

func catchUpText(s models.Schedule) string {
	switch s.CatchUp {
	case models.CatchUpLast:
		return "last, within " + spell(s.CatchUpWindow)
	case models.CatchUpAll:
		return fmt.Sprintf("all, at most %d within %s", maxCaughtUp, spell(s.CatchUpWindow))
	default:
		return string(models.CatchUpNone)
	}
}

// between lists the ticks after from up to and including to.
func between(times cron.Schedule, from, to time.Time) []time.Time {
	var found []time.Time
	for at := times.Next(from); !at.IsZero() && !at.After(to); at = times.Next(at) {
		found = append(found, at)
	}
	return found
}

// lastBetween finds the last tick after from up to and including to by halving the distance, in some
// thirty steps however many ticks lie between.
func lastBetween(times cron.Schedule, from, to time.Time) (time.Time, bool) {
	within := func(t time.Time) bool { return !t.IsZero() && !t.After(to) }
	last, found := from, false
	for end := to; end.Sub(last) >= time.Second; { // there is no tick after end
		middle := last.Add(end.Sub(last) / 2)
		if next := times.Next(middle); within(next) {
			last, found = next, true
		} else {
			end = middle
		}
	}
	if next := times.Next(last); within(next) {
		return next, true
	}
	return last, found
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// before is the last moment before t; times are kept in microseconds.
func before(t time.Time) time.Time { return t.Add(-time.Microsecond) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// spell writes a duration without the zero minutes and seconds at its end.
func spell(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
