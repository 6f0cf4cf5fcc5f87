package scheduler

import (
	"fmt"
	"time"
)

const (
	clockLayout = "15:04"
	dateLayout  = "2006-01-02"
)

// note says in words what a change of the clocks does to the tick at the given time; it is empty for
// almost all ticks.
func (c *calendar) note(at time.Time) string {
	here := spanAt(at, c.loc)
	if !here.start.IsZero() {
		before := spanAt(here.start.Add(-time.Second), c.loc)
		if text := c.noteForward(at, before, here); text != "" {
			return text
		}
		if here.wall(at).Before(before.wall(here.start)) {
			return c.noteBack(at, before, here, "second")
		}
	}
	if !here.end.IsZero() {
		after := spanAt(here.end, c.loc)
		if after.offset < here.offset && !here.wall(at).Before(after.wall(here.end)) {
			return c.noteBack(at, here, after, "first")
		}
	}
	return ""
}

// noteForward tells of the ticks that the clock jumped over, at the first tick after the jump. Where
// it went back there are none, because the wall-clock times before and after it overlap.
func (c *calendar) noteForward(at time.Time, before, here span) string {
	from, to := before.wall(here.start), here.wall(here.start)
	first := c.nextWall(from.Add(-time.Second))
	if first.IsZero() || !first.Before(to) || !c.Next(here.start.Add(-time.Second)).Equal(at) {
		return ""
	}
	last := first
	for next := first; !next.IsZero() && next.Before(to); next = c.nextWall(next) {
		last = next
	}
	var what string
	switch one := first.Equal(last); {
	case one && c.clockTime:
		what = fmt.Sprintf("%s does not exist that day and is run at %s", first.Format(clockLayout), to.Format(clockLayout))
	case one:
		what = fmt.Sprintf("%s does not exist that day and is not run", first.Format(clockLayout))
	case c.clockTime:
		what = fmt.Sprintf("%s to %s do not exist that day and are run once, at %s",
			first.Format(clockLayout), last.Format(clockLayout), to.Format(clockLayout))
	default:
		what = fmt.Sprintf("%s to %s do not exist that day and are not run", first.Format(clockLayout), last.Format(clockLayout))
	}
	return fmt.Sprintf("the clock goes forward from %s to %s on %s: %s",
		from.Format(clockLayout), to.Format(clockLayout), from.Format(dateLayout), what)
}

// noteBack tells of a tick whose time occurs twice; which is its place of the two.
func (c *calendar) noteBack(at time.Time, before, after span, which string) string {
	from, to := before.wall(after.start), after.wall(after.start)
	clock := at.In(c.loc).Format(clockLayout)
	what := fmt.Sprintf("%s occurs twice and is run both times; this is the %s", clock, which)
	if c.clockTime {
		what = fmt.Sprintf("%s occurs twice and only this, the %s, is run", clock, which)
	}
	return fmt.Sprintf("the clock goes back from %s to %s on %s: %s",
		from.Format(clockLayout), to.Format(clockLayout), to.Format(dateLayout), what)
}
