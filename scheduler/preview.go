package scheduler

import (
	"time"

	"github.com/bellwether/bellwether/models"
)

// MaxPreview is how many fires Preview answers at most.
const MaxPreview = 100

// Fire is one tick to come.
type Fire struct {
	ScheduledFor time.Time `json:"scheduled_for" doc:"The time that the cron expression names, in UTC"`
	StartsAt     time.Time `json:"starts_at" doc:"The scheduled time plus the trigger's share of the jitter"`
	Local        string    `json:"local" doc:"The scheduled time on the clocks of the trigger's time zone" example:"2027-03-28T03:00:00+02:00"`
	Note         string    `json:"note,omitempty" doc:"What a change of the clocks does to this tick"`
}

// Preview answers the next n fires of a trigger that start after the given time, whether or not the
// trigger is enabled. A trigger without a cron expression has none. The error is a *models.Invalid
// with the fields cron and timezone.
func Preview(t models.Trigger, after time.Time, n int) ([]Fire, error) {
	if !t.Scheduled() {
		return nil, nil
	}
	times, loc, err := parse(t.Cron, t.Timezone)
	if err != nil {
		return nil, err
	}
	offset := jitterOffset(t.Key, time.Duration(t.JitterSeconds)*time.Second)
	n = max(0, min(n, MaxPreview))
	fires := make([]Fire, 0, n)
	// A tick that is past but has not started yet, because of the jitter, is still to come.
	at := after.Add(-offset)
	for len(fires) < n {
		if at = times.Next(at); at.IsZero() {
			break
		}
		fire := Fire{ScheduledFor: at, StartsAt: at.Add(offset), Local: at.In(loc).Format(time.RFC3339)}
		if day, ok := times.(*calendar); ok {
			fire.Note = day.note(at)
		}
		fires = append(fires, fire)
	}
	return fires, nil
}
