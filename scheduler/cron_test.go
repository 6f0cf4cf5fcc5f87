package scheduler

import (
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func mustParse(t testing.TB, expr, zone string) cron.Schedule {
	t.Helper()
	times, err := ParseCron(expr, zone)
	require.NoError(t, err)
	return times
}

func utc(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at.UTC()
}

func TestParseCronAcceptsFiveFieldsAndDescriptors(t *testing.T) {
	t.Parallel()
	// A Wednesday.
	after := utc(t, "2027-06-16T10:07:30Z")
	for expr, want := range map[string]string{
		"*/5 * * * *":         "2027-06-16T10:10:00Z",
		"  7 10 * * *  ":      "2027-06-17T10:07:00Z",
		"0 9-17/4 * * *":      "2027-06-16T13:00:00Z",
		"0,30 8,11 * * *":     "2027-06-16T11:00:00Z",
		"50/5 * * * *":        "2027-06-16T10:50:00Z",
		"0 0 1 JAN *":         "2028-01-01T00:00:00Z",
		"0 0 ? * mon-FRI":     "2027-06-17T00:00:00Z",
		"0 0 * * 0":           "2027-06-20T00:00:00Z",
		"0 0 13 * 5":          "2027-06-18T00:00:00Z", // both days given: either will do
		"0 0 29 2 *":          "2028-02-29T00:00:00Z",
		"0\t0\t*\t*\t*":       "2027-06-17T00:00:00Z",
		"@hourly":             "2027-06-16T11:00:00Z",
		"@daily":              "2027-06-17T00:00:00Z",
		"@midnight":           "2027-06-17T00:00:00Z",
		"@weekly":             "2027-06-20T00:00:00Z",
		"@monthly":            "2027-07-01T00:00:00Z",
		"@yearly":             "2028-01-01T00:00:00Z",
		"@annually":           "2028-01-01T00:00:00Z",
		"@every 10s":          "2027-06-16T10:07:40Z",
		"@every 5m":           "2027-06-16T10:10:00Z",
		"@every   1h30m":      "2027-06-16T10:30:00Z",
		"0 0 29 FEB ?":        "2028-02-29T00:00:00Z",
		"59 23 31 12 SUN,SAT": "2027-12-04T23:59:00Z",
	} {
		require.Equal(t, utc(t, want), mustParse(t, expr, "").Next(after), expr)
	}
}

func TestParseCronNamesTheFieldAndTheMend(t *testing.T) {
	t.Parallel()
	tests := []struct{ expr, zone, field, message string }{
		{"", "UTC", "cron", "must not be empty; write five fields"},
		{" \n", "UTC", "cron", "must not be empty"},
		{"* * * *", "UTC", "cron", "has 4 fields, but exactly 5 are needed"},
		{"0 * * * * *", "UTC", "cron", "has 6 fields, but exactly 5 are needed (minute, hour, day of month, month, day of week); there is no field for seconds"},
		{"60 * * * *", "UTC", "cron", `field 1, minute: "60" is not valid; minutes go from 0 to 59`},
		{"0 24 * * *", "UTC", "cron", `field 2, hour: "24" is not valid; hours go from 0 to 23`},
		{"0 0 0 * *", "UTC", "cron", `field 3, day of month: "0" is not valid; days go from 1 to 31`},
		{"0 0 L * *", "UTC", "cron", `field 3, day of month: "L" is not valid`},
		{"0 0 1 13 *", "UTC", "cron", `field 4, month: "13" is not valid; months go from 1 to 12 or from JAN to DEC`},
		{"0 0 * * 7", "UTC", "cron", `field 5, day of week: "7" is not valid; days go from 0 (Sunday) to 6 (Saturday)`},
		{"0 0 * * FRI-MON", "UTC", "cron", `field 5, day of week: "FRI-MON" runs backwards; write two ranges, FRI-6,0-MON`},
		{"0 0 * * 5#2", "UTC", "cron", `field 5, day of week: "5#2" is not valid`},
		{"1,,2 * * * *", "UTC", "cron", `field 1, minute: "1,,2" has an empty list item`},
		{", * * * *", "UTC", "cron", "empty list item"},
		{"*/0 * * * *", "UTC", "cron", `field 1, minute: "*/0" has a bad step`},
		{"*/x * * * *", "UTC", "cron", "has a bad step"},
		{"*/5/5 * * * *", "UTC", "cron", "has a bad step"},
		{"*/90 * * * *", "UTC", "cron", `field 1, minute: "*/90" steps past the end, because the field holds only 0 to 59; for an interval across fields use @every`},
		{"*-5 * * * *", "UTC", "cron", `"*-5" is not valid`},
		{"-5 * * * *", "UTC", "cron", `"-5" is not valid`},
		{"1-2-3 * * * *", "UTC", "cron", `"1-2-3" is not valid`},
		{"99999999999999999999 * * * *", "UTC", "cron", "is not valid; minutes go from 0 to 59"},
		{"30 2 30 2 *", "UTC", "cron", "never fires: none of its months has such a day"},
		{"0 0 31 4,6,9,11 *", "UTC", "cron", "never fires"},
		{"CRON_TZ=Europe/Berlin 0 0 * * *", "", "cron", "must not start with TZ= or CRON_TZ=; put the time zone into the field timezone"},
		{"TZ=UTC", "", "cron", "must not start with TZ="},
		{"@reboot", "", "cron", "@reboot is not supported"},
		{"@Daily", "", "cron", `"@Daily" is not known; use @every 5m, @hourly, @daily`},
		{"@everyday", "", "cron", `"@everyday" is not known`},
		{"@every", "", "cron", "@every needs a duration such as"},
		{"@every soon", "", "cron", `@every needs a duration such as @every 90s, @every 5m or @every 1h30m; "soon" is none`},
		{"@every 5s", "", "cron", "@every must be between 10s and 8784h"},
		{"@every -5m", "", "cron", "@every must be between 10s and 8784h"},
		{"@every 9000h", "", "cron", "@every must be between 10s and 8784h"},
		{"@every 10500ms", "", "cron", "@every must be whole seconds"},
		{strings.Repeat("0,", 200) + "0 * * * *", "", "cron", "must not be longer than 255 bytes"},
		{"* * * * *", "Berlin", "timezone", `"Berlin" is not an IANA time zone; use a name such as Europe/Berlin or UTC`},
		{"* * * * *", "+02:00", "timezone", "is not an IANA time zone"},
		{"* * * * *", "../../etc/passwd", "timezone", "is not an IANA time zone"},
		{"* * * * *", "/etc/localtime", "timezone", "is not an IANA time zone"},
		{"* * * * *", "Local", "timezone", `"Local" depends on the machine; use a name such as Europe/Berlin or UTC`},
		{"* * * * *", "localtime", "timezone", "depends on the machine"},
		{"* * * * *", "right/Europe/Berlin", "timezone", "depends on the machine"},
		{"* * * * *", strings.Repeat("x", 5000), "timezone", "is not an IANA time zone"},
	}
	for _, tt := range tests {
		_, err := ParseCron(tt.expr, tt.zone)
		var invalid *models.Invalid
		require.ErrorAs(t, err, &invalid, tt.expr)
		require.Len(t, invalid.Fields, 1, tt.expr)
		require.Equal(t, tt.field, invalid.Fields[0].Field, tt.expr)
		require.Contains(t, invalid.Fields[0].Message, tt.message)
		require.Less(t, len(invalid.Fields[0].Message), 600)
	}
}

func TestParseCronReportsBothFields(t *testing.T) {
	t.Parallel()
	_, err := ParseCron("x", "Nowhere")
	var invalid *models.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 2)
}

func TestEveryIsAnchoredToTheEpoch(t *testing.T) {
	t.Parallel()
	times := mustParse(t, "@every 7m", "Europe/Berlin")
	at := utc(t, "2027-10-31T00:00:00Z")
	for range 100 {
		// Whoever asks, and whenever between two ticks, is told the same instant.
		next := times.Next(at)
		require.Zero(t, next.Unix()%(7*60))
		require.Equal(t, next, times.Next(next.Add(-time.Nanosecond)))
		require.Equal(t, next, times.Next(next.Add(-7*time.Minute)))
		at = next
	}
	require.Equal(t, time.Unix(0, 0).UTC(), times.Next(time.Unix(-1, 5)))
}

func TestLeapDayIsFoundAcrossTheCenturyWithoutOne(t *testing.T) {
	t.Parallel()
	times := mustParse(t, "0 12 29 2 *", "")
	require.Equal(t, utc(t, "2104-02-29T12:00:00Z"), times.Next(utc(t, "2096-02-29T12:00:00Z")))
}

func FuzzParseCron(f *testing.F) {
	for _, seed := range []string{
		"*/5 * * * *", "0 0 29 2 *", "30 2 30 2 *", "@every 5m", "@daily", "0 0 ? JAN-DEC SUN", "1-5/2,7 */3 1,31 * 6", "CRON_TZ=UTC * * * * *",
		"\x00 * * * *", "/ - , * ?", "@every 99999999999999999h", "1-/5 * * * *", "ſun * * * ſun",
	} {
		f.Add(seed, "Europe/Berlin")
		f.Add(seed, "America/Havana")
	}
	f.Add("59 23 30 12 *", "America/Havana") // looped for ever on the last day of a leap year
	from := time.Date(2027, time.March, 27, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expr, zone string) {
		times, err := ParseCron(expr, zone)
		if err != nil {
			var invalid *models.Invalid
			require.ErrorAs(t, err, &invalid)
			return
		}
		at := from
		for range 20 {
			next := times.Next(at)
			require.Truef(t, next.After(at), "%q in %q: %s after %s", expr, zone, next, at)
			require.Equal(t, time.UTC, next.Location())
			at = next
		}
	})
}
