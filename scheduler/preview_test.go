package scheduler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func TestPreviewStatesWhatClockChangesDo(t *testing.T) {
	t.Parallel()
	type fire struct{ local, note string }
	tests := map[string]struct {
		cron, zone, after string
		want              []fire
	}{
		"a daily time that does not exist": {
			"30 2 * * *", "Europe/Berlin", "2027-03-27T00:00:00Z",
			[]fire{
				{"2027-03-27T02:30:00+01:00", ""},
				{"2027-03-28T03:00:00+02:00", "the clock goes forward from 02:00 to 03:00 on 2027-03-28: 02:30 does not exist that day and is run at 03:00"},
				{"2027-03-29T02:30:00+02:00", ""},
			},
		},
		"a daily time that occurs twice": {
			"30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z",
			[]fire{
				{"2027-10-31T02:30:00+02:00", "the clock goes back from 03:00 to 02:00 on 2027-10-31: 02:30 occurs twice and only this, the first, is run"},
				{"2027-11-01T02:30:00+01:00", ""},
			},
		},
		"several daily times that do not exist": {
			"*/20 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z",
			[]fire{
				{"2027-03-28T03:00:00+02:00", "the clock goes forward from 02:00 to 03:00 on 2027-03-28: 02:00 to 02:40 do not exist that day and are run once, at 03:00"},
				{"2027-03-29T02:00:00+02:00", ""},
			},
		},
		"real time jumps over a tick": {
			"30 */2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z",
			[]fire{
				{"2027-03-28T04:30:00+02:00", "the clock goes forward from 02:00 to 03:00 on 2027-03-28: 02:30 does not exist that day and is not run"},
				{"2027-03-28T06:30:00+02:00", ""},
			},
		},
		"real time jumps over several ticks": {
			"*/15 * * * *", "Europe/Berlin", "2027-03-28T00:50:00Z",
			[]fire{
				{"2027-03-28T03:00:00+02:00", "the clock goes forward from 02:00 to 03:00 on 2027-03-28: 02:00 to 02:45 do not exist that day and are not run"},
				{"2027-03-28T03:15:00+02:00", ""},
			},
		},
		"real time runs twice": {
			"0 * * * *", "Australia/Lord_Howe", "2025-04-05T13:30:00Z",
			[]fire{
				{"2025-04-06T01:00:00+11:00", ""},
				{"2025-04-06T02:00:00+10:30", ""}, // only 01:30 to 01:59 occur twice
			},
		},
		"real time runs twice and says which": {
			"30 * * * *", "America/New_York", "2025-11-02T04:40:00Z",
			[]fire{
				{"2025-11-02T01:30:00-04:00", "the clock goes back from 02:00 to 01:00 on 2025-11-02: 01:30 occurs twice and is run both times; this is the first"},
				{"2025-11-02T01:30:00-05:00", "the clock goes back from 02:00 to 01:00 on 2025-11-02: 01:30 occurs twice and is run both times; this is the second"},
				{"2025-11-02T02:30:00-05:00", ""},
			},
		},
		"midnight does not exist": {
			"@daily", "America/Havana", "2025-03-08T12:00:00Z",
			[]fire{{"2025-03-09T01:00:00-04:00", "the clock goes forward from 00:00 to 01:00 on 2025-03-09: 00:00 does not exist that day and is run at 01:00"}},
		},
		"the day before gets another hour": {
			"30 23 * * *", "Asia/Beirut", "2025-10-25T12:00:00Z",
			[]fire{{"2025-10-25T23:30:00+03:00", "the clock goes back from 00:00 to 23:00 on 2025-10-25: 23:30 occurs twice and only this, the first, is run"}},
		},
		"an interval does not notice": {
			"@every 30m", "Europe/Berlin", "2027-03-28T00:30:00Z",
			[]fire{{"2027-03-28T03:00:00+02:00", ""}, {"2027-03-28T03:30:00+02:00", ""}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trigger := models.Trigger{Key: "P-ABC-0001", Cron: tt.cron, Timezone: tt.zone}
			fires, err := Preview(trigger, utc(t, tt.after), len(tt.want))
			require.NoError(t, err)
			got := make([]fire, len(fires))
			for i, f := range fires {
				got[i] = fire{f.Local, f.Note}
				require.Equal(t, f.ScheduledFor, f.StartsAt)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestPreviewAddsTheJitterAndKeepsTicksThatHaveNotStarted(t *testing.T) {
	t.Parallel()
	trigger := models.Trigger{Key: "P-ABC-0001", Cron: "0 * * * *", JitterSeconds: 3000}
	offset := jitterOffset(trigger.Key, 3000*time.Second)
	require.Greater(t, offset, time.Minute)
	tick := utc(t, "2027-01-01T10:00:00Z")

	fires, err := Preview(trigger, tick.Add(offset-time.Second), 2)
	require.NoError(t, err)
	require.Equal(t, tick, fires[0].ScheduledFor)
	require.Equal(t, tick.Add(offset), fires[0].StartsAt)
	require.Equal(t, "2027-01-01T10:00:00Z", fires[0].Local)
	require.Equal(t, tick.Add(time.Hour), fires[1].ScheduledFor)

	fires, err = Preview(trigger, tick.Add(offset), 1)
	require.NoError(t, err)
	require.Equal(t, tick.Add(time.Hour), fires[0].ScheduledFor)
}

func TestPreviewIsBoundedAndRefusesBadSchedules(t *testing.T) {
	t.Parallel()
	now := utc(t, "2027-01-01T00:00:00Z")
	fires, err := Preview(models.Trigger{Cron: "* * * * *"}, now, 1_000_000)
	require.NoError(t, err)
	require.Len(t, fires, MaxPreview)

	fires, err = Preview(models.Trigger{Cron: "* * * * *"}, now, -1)
	require.NoError(t, err)
	require.Empty(t, fires)

	fires, err = Preview(models.Trigger{Method: models.MethodGatekeeper}, now, 5)
	require.NoError(t, err)
	require.Empty(t, fires)

	_, err = Preview(models.Trigger{Cron: "x", Timezone: "Mars/Base"}, now, 5)
	var invalid *models.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 2)
}
