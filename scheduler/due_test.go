package scheduler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// decided is a decision in short: the clock of the tick, and the reason if it is not run.
type decided struct{ at, notRun string }

func TestDue(t *testing.T) {
	t.Parallel()
	const missed = " missed while the scheduler was down; catch-up is "
	hourly := models.Schedule{Cron: "0 * * * *", CatchUp: models.CatchUpLast, CatchUpWindow: time.Hour}
	with := func(s models.Schedule, change func(*models.Schedule)) models.Schedule {
		change(&s)
		return s
	}
	catchUp := func(c models.CatchUp, window time.Duration) models.Schedule {
		return with(hourly, func(s *models.Schedule) { s.CatchUp, s.CatchUpWindow = c, window })
	}
	tests := map[string]struct {
		schedule    models.Schedule
		cursor, now string // on 2027-01-01
		want        []decided
	}{
		"nothing is due":                          {hourly, "10:00:00", "10:59:59", nil},
		"a tick is due at its second":             {hourly, "10:00:00", "11:00:00", []decided{{"11:00:00", ""}}},
		"a decided tick is not due again":         {hourly, "11:00:00", "11:00:00", nil},
		"late, but within the grace":              {catchUp(models.CatchUpNone, 0), "10:00:00", "11:01:00", []decided{{"11:00:00", ""}}},
		"a cursor in the future decides nothing":  {hourly, "13:00:00", "11:30:00", nil},
		"none: one second after the grace":        {catchUp(models.CatchUpNone, time.Hour), "10:00:00", "11:01:01", []decided{{"11:00:00", "the tick of 2027-01-01T11:00:00Z was" + missed + "none"}}},
		"none: many":                              {catchUp(models.CatchUpNone, time.Hour), "00:00:00", "12:30:00", []decided{{"12:00:00", "12 ticks from 2027-01-01T01:00:00Z to 2027-01-01T12:00:00Z were" + missed + "none"}}},
		"none: the one on time is run":            {catchUp(models.CatchUpNone, time.Hour), "09:00:00", "12:00:30", []decided{{"11:00:00", "2 ticks from 2027-01-01T10:00:00Z to 2027-01-01T11:00:00Z were" + missed + "none"}, {"12:00:00", ""}}},
		"last: a single one":                      {hourly, "10:00:00", "11:30:00", []decided{{"11:00:00", ""}}},
		"last: the newest of many":                {hourly, "00:00:00", "12:30:00", []decided{{"11:00:00", "11 ticks from 2027-01-01T01:00:00Z to 2027-01-01T11:00:00Z were" + missed + "last, within 1h"}, {"12:00:00", ""}}},
		"last: the one on time is the newest":     {hourly, "09:00:00", "12:00:30", []decided{{"11:00:00", "2 ticks from 2027-01-01T10:00:00Z to 2027-01-01T11:00:00Z were" + missed + "last, within 1h"}, {"12:00:00", ""}}},
		"last: exactly at the window's edge":      {catchUp(models.CatchUpLast, 30*time.Minute), "10:00:00", "11:30:00", []decided{{"11:00:00", ""}}},
		"last: beyond the window":                 {catchUp(models.CatchUpLast, 30*time.Minute), "10:00:00", "11:30:01", []decided{{"11:00:00", "the tick of 2027-01-01T11:00:00Z was" + missed + "last, within 30m"}}},
		"all: within the window":                  {catchUp(models.CatchUpAll, 3*time.Hour), "09:00:00", "12:00:10", []decided{{"10:00:00", ""}, {"11:00:00", ""}, {"12:00:00", ""}}},
		"all: older ones are dropped":             {catchUp(models.CatchUpAll, 90*time.Minute), "08:00:00", "12:15:00", []decided{{"10:00:00", "2 ticks from 2027-01-01T09:00:00Z to 2027-01-01T10:00:00Z were" + missed + "all, at most 100 within 1h30m"}, {"11:00:00", ""}, {"12:00:00", ""}}},
		"all: without a window":                   {catchUp(models.CatchUpAll, 0), "10:00:00", "11:30:00", []decided{{"11:00:00", "the tick of 2027-01-01T11:00:00Z was" + missed + "all, at most 100 within 0s"}}},
		"a fast interval has several on time":     {with(hourly, func(s *models.Schedule) { s.Cron, s.CatchUp = "@every 30s", models.CatchUpNone }), "10:00:00", "10:01:35", []decided{{"10:00:30", "the tick of 2027-01-01T10:00:30Z was" + missed + "none"}, {"10:01:00", ""}, {"10:01:30", ""}}},
		"an unknown policy catches up nothing":    {catchUp("", time.Hour), "10:00:00", "11:30:00", []decided{{"11:00:00", "the tick of 2027-01-01T11:00:00Z was" + missed + "none"}}},
		"the clock of the zone is what counts":    {with(hourly, func(s *models.Schedule) { s.Cron, s.Timezone = "0 9 * * *", "Europe/Berlin" }), "07:00:00", "08:00:00", []decided{{"08:00:00", ""}}},
		"nothing between cursor and now, all":     {catchUp(models.CatchUpAll, time.Hour), "11:10:00", "11:50:00", nil},
		"a tick right after the cursor is missed": {catchUp(models.CatchUpNone, time.Hour), "10:59:59", "11:30:00", []decided{{"11:00:00", "the tick of 2027-01-01T11:00:00Z was" + missed + "none"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tt.schedule
			s.TriggerKey, s.Overlap = "P-ABC-0001", models.OverlapQueue
			s.Cursor = utc(t, "2027-01-01T"+tt.cursor+"Z")
			var got []decided
			for _, tick := range due(s, mustParse(t, s.Cron, s.Timezone), utc(t, "2027-01-01T"+tt.now+"Z"), time.Minute) {
				require.Equal(t, "P-ABC-0001", tick.TriggerKey)
				require.Equal(t, models.OverlapQueue, tick.Overlap)
				got = append(got, decided{tick.ScheduledFor.Format(time.TimeOnly), tick.NotRun})
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestDueCountsLatenessFromTheJitteredStart(t *testing.T) {
	t.Parallel()
	s := models.Schedule{TriggerKey: "P-ABC-0001", Cron: "0 * * * *", Jitter: 50 * time.Minute, CatchUp: models.CatchUpNone}
	offset := jitterOffset(s.TriggerKey, s.Jitter)
	require.Greater(t, offset, 2*time.Minute)
	tick := utc(t, "2027-01-01T10:00:00Z")
	s.Cursor = tick.Add(-time.Hour)
	times := mustParse(t, s.Cron, "")

	require.Empty(t, due(s, times, tick.Add(offset-time.Microsecond), time.Minute))
	for _, late := range []time.Duration{0, time.Minute} {
		ticks := due(s, times, tick.Add(offset+late), time.Minute)
		require.Len(t, ticks, 1)
		require.Equal(t, tick, ticks[0].ScheduledFor)
		require.Empty(t, ticks[0].NotRun)
	}
	ticks := due(s, times, tick.Add(offset+time.Minute+time.Second), time.Minute)
	require.Len(t, ticks, 1)
	require.NotEmpty(t, ticks[0].NotRun)
}

func TestDueRunsAtMostTheNewestHundredMissedTicks(t *testing.T) {
	t.Parallel()
	s := models.Schedule{TriggerKey: "P-ABC-0001", Cron: "* * * * *", CatchUp: models.CatchUpAll, CatchUpWindow: 24 * time.Hour}
	now := utc(t, "2027-01-02T00:00:30Z")
	s.Cursor = now.Add(-10 * time.Hour)
	ticks := due(s, mustParse(t, s.Cron, ""), now, time.Minute)
	// 23:59:30 and later are on time: that is midnight alone.
	require.Len(t, ticks, 1+maxCaughtUp+1)
	require.Equal(t, utc(t, "2027-01-01T22:19:00Z"), ticks[0].ScheduledFor)
	require.Equal(t, "499 ticks from 2027-01-01T14:01:00Z to 2027-01-01T22:19:00Z were missed while the scheduler was down; "+
		"catch-up is all, at most 100 within 24h", ticks[0].NotRun)
	for i, tick := range ticks[1:] {
		require.Empty(t, tick.NotRun)
		require.Equal(t, utc(t, "2027-01-01T22:20:00Z").Add(time.Duration(i)*time.Minute), tick.ScheduledFor)
	}
}

func TestDueDoesNotWalkThroughYears(t *testing.T) {
	t.Parallel()
	for _, catchUp := range []models.CatchUp{models.CatchUpNone, models.CatchUpLast, models.CatchUpAll} {
		s := models.Schedule{TriggerKey: "P-ABC-0001", Cron: "* * * * *", CatchUp: catchUp, CatchUpWindow: models.MaxCatchUpWindow * time.Second}
		s.Cursor = utc(t, "1990-01-01T00:00:00Z")
		times := &counting{next: mustParse(t, s.Cron, "Europe/Berlin").Next}
		ticks := due(s, times, utc(t, "2027-01-01T00:00:00Z"), time.Minute)
		require.Contains(t, ticks[0].NotRun, "more than 10000 ticks from 1990-01-01T00:01:00Z to ")
		require.Less(t, times.calls, 25_000) // of nineteen million
		require.Equal(t, utc(t, "2027-01-01T00:00:00Z"), ticks[len(ticks)-1].ScheduledFor)
	}
}

// counting counts how often a schedule is asked.
type counting struct {
	next  func(time.Time) time.Time
	calls int
}

func (c *counting) Next(t time.Time) time.Time {
	c.calls++
	return c.next(t)
}

func TestLastBetweenFindsWhatAWalkFinds(t *testing.T) {
	t.Parallel()
	base := utc(t, "2027-03-27T00:00:00Z")
	for _, expr := range []string{"* * * * *", "30 2 * * *", "@every 10s", "0 0 1 * *", "*/7 1,2,3 * * *"} {
		times := mustParse(t, expr, "Europe/Berlin")
		for i := range 70 {
			from := base.Add(time.Duration(i*i) * 7 * time.Second)
			to := from.Add(time.Duration(i*i*i) * time.Second / 2)
			walked := between(times, from, to)
			last, ok := lastBetween(times, from, to)
			require.Equal(t, len(walked) > 0, ok, "%s from %s to %s", expr, from, to)
			if ok {
				require.Equal(t, walked[len(walked)-1], last)
			}
		}
	}
}

func FuzzDueDecidesEachTickOnce(f *testing.F) {
	f.Add(int64(1_800_000_000), uint32(3600), uint16(60), uint8(1), uint16(30))
	f.Add(int64(1_800_000_000), uint32(400_000), uint16(7200), uint8(2), uint16(0))
	times := map[string]interface{ Next(time.Time) time.Time }{}
	for _, expr := range []string{"*/5 * * * *", "@every 30s", "30 2 * * *"} {
		times[expr], _ = ParseCron(expr, "America/Havana")
	}
	f.Fuzz(func(t *testing.T, cursor int64, behind uint32, window uint16, policy uint8, jitter uint16) {
		cursor %= 4_000_000_000
		s := models.Schedule{
			TriggerKey: "P-ABC-0001", Cursor: time.Unix(cursor, 0).UTC(), CatchUpWindow: time.Duration(window) * time.Second,
			CatchUp: []models.CatchUp{models.CatchUpAll, models.CatchUpLast, models.CatchUpNone}[policy%3],
			Jitter:  time.Duration(jitter%3600) * time.Second,
		}
		now := s.Cursor.Add(time.Duration(behind%1_000_000) * time.Second)
		for expr, schedule := range times {
			ticks := due(s, schedule, now, time.Minute)
			// Decisions go forward; only the first may be a dropped one; those after it are run without
			// a gap; and nothing that is due stays undecided.
			at := s.Cursor
			for i, tick := range ticks {
				require.True(t, tick.ScheduledFor.After(at), expr)
				require.True(t, i == 0 || tick.NotRun == "", expr)
				if tick.NotRun == "" {
					require.Equal(t, schedule.Next(at), tick.ScheduledFor, expr)
				}
				at = tick.ScheduledFor
			}
			next := schedule.Next(at).Add(jitterOffset(s.TriggerKey, s.Jitter))
			require.True(t, next.After(now), "%s: %s is still due at %s", expr, next, now)
		}
	})
}
