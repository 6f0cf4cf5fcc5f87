package scheduler

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDocumentedClockChanges checks every row of the table in docs/scheduling.md.
func TestDocumentedClockChanges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/scheduling.md")
	require.NoError(t, err)
	rows := tableRows(string(text), "| time zone | day | the clock goes | cron | runs on that day |")
	require.GreaterOrEqual(t, len(rows), 20)
	for _, row := range rows {
		zone, day, change, expr, want := row[0], row[1], row[2], strings.Trim(row[3], "`"), row[4]
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		date, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)

		var got []string
		for _, at := range between(mustParse(t, expr, zone), date.Add(-36*time.Hour), date.Add(60*time.Hour)) {
			if local := at.In(loc); local.Format(time.DateOnly) == day {
				got = append(got, local.Format("15:04-07:00"))
			}
		}
		require.Equal(t, want, strings.Join(got, ", "), row)

		// The documented jump is the first one after the day before.
		before := spanAt(date.Add(-20*time.Hour), loc)
		after := spanAt(before.end, loc)
		require.Equal(t, change, "from "+before.wall(before.end).Format(clockLayout)+" to "+after.wall(before.end).Format(clockLayout), row)
	}
}

func tableRows(text, header string) [][]string {
	_, table, _ := strings.Cut(text, header+"\n")
	var rows [][]string
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			break
		}
		if strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}
