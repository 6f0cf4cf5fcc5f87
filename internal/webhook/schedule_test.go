package webhook

import (
	"math"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// middle is a random source without any jitter.
func middle() float64 { return 0.5 }

func TestScheduleSendsFourTimes(t *testing.T) {
	t.Parallel()
	schedule := DefaultSchedule(middle)
	for attempt, want := range map[int]time.Duration{1: 5 * time.Second, 2: time.Minute, 3: 10 * time.Minute} {
		pause, again := schedule.Next(attempt, Result{Outcome: Retry})
		require.True(t, again)
		require.Equal(t, want, pause, "after attempt %d", attempt)
	}
	for _, attempt := range []int{0, 4, 5, math.MaxInt} {
		_, again := schedule.Next(attempt, Result{Outcome: Retry})
		require.False(t, again, "after attempt %d", attempt)
	}
}

func TestScheduleJittersByAFifth(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]time.Duration{0: 48 * time.Second, 0.75: 66 * time.Second} {
		pause, _ := DefaultSchedule(func() float64 { return value }).Next(2, Result{Outcome: Retry})
		require.InDelta(t, want, pause, float64(time.Microsecond))
	}
	schedule := DefaultSchedule(rand.New(rand.NewPCG(1, 2)).Float64)
	seen := map[time.Duration]bool{}
	for range 1000 {
		pause, again := schedule.Next(1, Result{Outcome: Retry})
		require.True(t, again)
		require.GreaterOrEqual(t, pause, 4*time.Second)
		require.LessOrEqual(t, pause, 6*time.Second)
		seen[pause] = true
	}
	require.Greater(t, len(seen), 900)
}

func TestScheduleRetriesOnlyWhatMayPass(t *testing.T) {
	t.Parallel()
	for _, outcome := range []Outcome{Delivered, GiveUp, Gone} {
		_, again := DefaultSchedule(middle).Next(1, Result{Outcome: outcome})
		require.False(t, again, outcome)
	}
	pause, again := DefaultSchedule(middle).Next(4, Result{Outcome: Interrupted})
	require.True(t, again)
	require.Zero(t, pause)
}

func TestScheduleHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want time.Duration }{
		"later than our step":   {2 * time.Minute, 2 * time.Minute},
		"earlier than our step": {time.Second, time.Minute},
		"longer than an hour":   {5 * time.Hour, time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pause, again := DefaultSchedule(middle).Next(2, Result{Outcome: Retry, RetryAfter: c.asked})
			require.True(t, again)
			require.Equal(t, c.want, pause)
		})
	}
	_, again := DefaultSchedule(middle).Next(4, Result{Outcome: Retry, RetryAfter: time.Minute})
	require.False(t, again, "Retry-After grants no further attempt")
}

func TestRetryAfterIsRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "120", 2 * time.Minute},
		{503, " 7 ", 7 * time.Second},
		{500, "120", 0},
		{404, "120", 0},
		{200, "120", 0},
		{429, "", 0},
		{429, "0", 0},
		{429, "-5", 0},
		{429, "1.5", 0},
		{429, "soon", 0},
		{429, "3601", time.Hour},
		{429, "99999999999999999999999", time.Hour},
		{503, "Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		{503, "Sunday, 01-Mar-26 12:00:30 GMT", 30 * time.Second},
		{503, "Sun, 01 Mar 2026 11:59:59 GMT", 0},
		{503, "Fri, 01 Jan 9999 00:00:00 GMT", time.Hour},
	}
	for _, c := range cases {
		got := retryAfter(c.status, http.Header{"Retry-After": {c.value}}, now)
		require.Equal(t, c.want, got, "%d %q", c.status, c.value)
	}
	require.Zero(t, retryAfter(429, http.Header{}, now))
}

func FuzzRetryAfterStaysWithinAnHour(f *testing.F) {
	for _, seed := range []string{"120", "Sun, 01 Mar 2026 12:00:30 GMT", "18446744073709551616", "-1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := retryAfter(429, http.Header{"Retry-After": {value}}, time.Unix(1614265330, 0))
		require.True(t, got >= 0 && got <= time.Hour, got)
	})
}
