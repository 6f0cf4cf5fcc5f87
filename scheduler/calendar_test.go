package scheduler

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"
)

// transitions are days on which clocks change, in zones that do it in different ways.
var transitions = []struct{ zone, day string }{
	{"Europe/Berlin", "2025-03-30"},
	{"Europe/Berlin", "2025-10-26"},
	{"America/New_York", "2025-03-09"},
	{"America/New_York", "2025-11-02"},
	{"Australia/Lord_Howe", "2025-10-05"}, // half an hour
	{"Australia/Lord_Howe", "2025-04-06"},
	{"America/Havana", "2025-03-09"}, // midnight does not exist
	{"America/Havana", "2025-11-02"},
	{"Asia/Beirut", "2025-03-30"}, // midnight does not exist
	{"Asia/Beirut", "2025-10-26"}, // the last hour of the day before occurs twice
	{"Africa/Casablanca", "2025-02-23"},
	{"Africa/Casablanca", "2025-04-06"},
	{"Europe/Dublin", "2025-03-30"},
	{"Antarctica/Troll", "2025-03-30"}, // two hours
	{"Antarctica/Troll", "2025-10-26"},
	{"Pacific/Apia", "2011-12-30"},    // a whole day does not exist
	{"Asia/Pyongyang", "2015-08-15"},  // half an hour back, for good
	{"America/Caracas", "2016-05-01"}, // half an hour ahead, for good
	{"UTC", "2025-03-30"},
	{"America/Havana", "2028-12-31"}, // Go's bounds of a zone are wrong there
	{"Australia/Lord_Howe", "2028-12-31"},
	{"Africa/Casablanca", "2128-12-31"},
}

func TestTicksAroundClockChangesAgreeWithAMinuteByMinuteSearch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 3))
	for _, tr := range transitions {
		loc, err := time.LoadLocation(tr.zone)
		require.NoError(t, err)
		day, err := time.Parse(time.DateOnly, tr.day)
		require.NoError(t, err)
		from, to := day.Add(-24*time.Hour), day.Add(48*time.Hour)
		for range 6 {
			expr := randomExpression(random)
			times := mustParse(t, expr, tr.zone)
			want := search(times.(*calendar), loc, from, to)
			got := between(times, from, to)
			require.Equal(t, want, got, "%s in %s around %s", expr, tr.zone, tr.day)
			// The same from anywhere in between, not only from tick to tick.
			for range 5 {
				at := from.Add(time.Duration(random.Int64N(int64(to.Sub(from)))))
				require.Equal(t, firstAfter(want, at), firstAfter(between(times, at, to), at), "%s in %s after %s", expr, tr.zone, at)
			}
		}
	}
}

func firstAfter(list []time.Time, t time.Time) time.Time {
	for _, at := range list {
		if at.After(t) {
			return at
		}
	}
	return time.Time{}
}

func randomExpression(r *rand.Rand) string {
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	minute := pick("0", "30", "15,45", "*/10", "*/15", "*", "59", "29")
	hour := pick("*", "*/2", "1-3", "0", "1", "2", "3", "23", "0,1,2,3", "2,14", "23,0", "*/3")
	days := pick("* * *", "* * *", "* * 0", "* * SAT,MON", "9,30,5 * *", "*/2 * 0")
	return fmt.Sprintf("%s %s %s", minute, hour, days)
}

// search finds the ticks by looking at every minute: in real time at the clock of each instant, in
// clock time at each wall-clock time and the first instant that has reached it.
func search(c *calendar, loc *time.Location, from, to time.Time) []time.Time {
	wallOf := func(at time.Time) time.Time {
		local := at.In(loc)
		return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	}
	matches := func(wall time.Time) bool { return c.wall.Next(wall.Add(-time.Second)).Equal(wall) }
	var found []time.Time
	start := from.Add(-25 * time.Hour)
	reached := wallOf(start)
	for at := start; !at.After(to); at = at.Add(time.Minute) {
		wall := wallOf(at)
		hit := false
		if !c.clockTime {
			hit = matches(wall)
		} else if wall.After(reached) || at.Equal(start) {
			for reached.Before(wall) {
				reached = reached.Add(time.Minute)
				hit = hit || matches(reached)
			}
		}
		if hit && at.After(from) {
			found = append(found, at)
		}
	}
	return found
}

func TestTicksAwayFromClockChangesAreRobfigs(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		expr := randomExpression(random)
		for _, zone := range []string{"UTC", "Asia/Kathmandu", "Europe/Berlin"} {
			loc, err := time.LoadLocation(zone)
			require.NoError(t, err)
			theirs, err := cron.ParseStandard(expr)
			require.NoError(t, err)
			theirs.(*cron.SpecSchedule).Location = loc
			at := time.Date(2025, time.June, 1, 0, 0, random.IntN(1e5), 0, time.UTC)
			require.Equal(t, theirs.Next(at), mustParse(t, expr, zone).Next(at), "%s in %s", expr, zone)
		}
	}
}

func TestRobfigAloneDropsAndDoublesDailyTicks(t *testing.T) {
	t.Parallel()
	// Why calendar exists: if this fails, robfig has changed and calendar may be superfluous.
	loc, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	theirs, err := cron.ParseStandard("30 2 * * *")
	require.NoError(t, err)
	theirs.(*cron.SpecSchedule).Location = loc
	on := func(day string) int {
		start, err := time.ParseInLocation(time.DateOnly, day, loc)
		require.NoError(t, err)
		return len(between(theirs, start.Add(-time.Second), start.Add(22*time.Hour)))
	}
	require.Equal(t, 0, on("2025-03-30"))
	require.Equal(t, 2, on("2025-10-26"))
}

func TestADailyTickRunsOncePerDay(t *testing.T) {
	t.Parallel()
	// Two years, of which one is a leap year.
	for _, tr := range transitions {
		loc, err := time.LoadLocation(tr.zone)
		require.NoError(t, err)
		for _, expr := range []string{"0 0 * * *", "30 0 * * *", "30 2 * * *", "15 2 * * *", "45 1 * * *", "30 23 * * *"} {
			times := mustParse(t, expr, tr.zone)
			at := times.Next(time.Date(2028, time.January, 1, 12, 0, 0, 0, loc))
			for range 2 * 365 {
				next := times.Next(at)
				require.Equal(t, dayOf(at.In(loc)).AddDate(0, 0, 1), dayOf(next.In(loc)), "%s in %s", expr, tr.zone)
				at = next
			}
		}
	}
}

func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func BenchmarkNext(b *testing.B) {
	at := time.Date(2027, time.March, 27, 12, 0, 0, 0, time.UTC)
	for _, expr := range []string{"* * * * *", "30 2 * * *", "0 0 29 2 *", "@every 5m"} {
		times := mustParse(b, expr, "Europe/Berlin")
		b.Run(strings.ReplaceAll(expr, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				times.Next(at)
			}
		})
	}
}
