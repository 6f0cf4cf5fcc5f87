package scheduler

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bellwether/bellwether/models"
)

// MaxCron is the length limit of a cron expression in bytes.
const MaxCron = 255

// Limits on @every.
const (
	MinEvery = 10 * time.Second
	MaxEvery = 366 * 24 * time.Hour
)

const everyPrefix = "@every"

// descriptors are the names that stand for five fields.
var descriptors = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

// ParseCron reads a cron expression, five fields or a descriptor such as @daily or @every 5m, for the
// wall clock of an IANA time zone; an empty zone is UTC. The times that it yields are UTC. The error
// is a *models.Invalid with the fields cron and timezone.
func ParseCron(expr, timezone string) (cron.Schedule, error) {
	times, _, err := parse(expr, timezone)
	return times, err
}

func parse(expr, timezone string) (cron.Schedule, *time.Location, error) {
	var c models.Check
	loc := parseTimezone(&c, timezone)
	times := parseExpression(&c, expr)
	if err := c.Err(); err != nil {
		return nil, nil, err
	}
	if day, ok := times.(*calendar); ok {
		day.loc = loc
	}
	return times, loc, nil
}

// parseExpression answers a calendar, still without its time zone, or an interval.
func parseExpression(c *models.Check, expr string) cron.Schedule {
	text := strings.TrimSpace(expr)
	switch {
	case text == "":
		c.Addf("cron", "must not be empty; write five fields such as */5 * * * *, or @daily")
	case len(expr) > MaxCron:
		c.Addf("cron", "must not be longer than %d bytes; use steps such as */5 or ranges such as 0-30", MaxCron)
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		c.Addf("cron", "must not start with TZ= or CRON_TZ=; put the time zone into the field timezone")
	case text == everyPrefix || strings.HasPrefix(text, everyPrefix+" "):
		return parseEvery(c, strings.TrimSpace(strings.TrimPrefix(text, everyPrefix)))
	case strings.HasPrefix(text, "@"):
		return parseDescriptor(c, text)
	default:
		return parseFields(c, text)
	}
	return nil
}

func parseDescriptor(c *models.Check, text string) cron.Schedule {
	fields, ok := descriptors[text]
	switch {
	case ok:
		return parseFields(c, fields)
	case text == "@reboot":
		c.Addf("cron", "@reboot is not supported: a plan has no machine that boots; use @every 5m or five fields")
	default:
		c.Addf("cron", "%q is not known; use @every 5m, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually", text)
	}
	return nil
}

func parseEvery(c *models.Check, text string) cron.Schedule {
	delay, err := time.ParseDuration(text)
	switch {
	case err != nil:
		c.Addf("cron", "@every needs a duration such as @every 90s, @every 5m or @every 1h30m; %q is none", text)
	case delay < MinEvery || delay > MaxEvery:
		c.Addf("cron", "@every must be between %s and %s (366 days)", "10s", "8784h")
	case delay%time.Second != 0:
		c.Addf("cron", "@every must be whole seconds")
	default:
		return interval(delay)
	}
	return nil
}

// parseFields reads five fields. Each is checked on its own first, because robfig's errors do not say
// which one is meant, and because robfig accepts things that surely are mistakes (empty list items,
// steps beyond the end).
func parseFields(c *models.Check, text string) cron.Schedule {
	fields := strings.Fields(text)
	if len(fields) != len(fieldSpecs) {
		hint := ""
		if len(fields) > len(fieldSpecs) {
			hint = "; there is no field for seconds or years: for seconds use @every 30s"
		}
		c.Addf("cron", "has %d fields, but exactly 5 are needed (minute, hour, day of month, month, day of week)%s", len(fields), hint)
		return nil
	}
	for i, spec := range fieldSpecs {
		if complaint := spec.check(fields[i]); complaint != "" {
			c.Addf("cron", "field %d, %s: %s", i+1, spec.name, complaint)
			return nil
		}
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	parsed, err := parser.Parse(strings.Join(fields, " "))
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		c.Addf("cron", "is not a cron expression; write five fields such as */5 * * * *")
		return nil
	}
	spec.Location = time.UTC
	day := &calendar{wall: spec, loc: time.UTC, clockTime: !strings.ContainsAny(fields[1], "*?/-")}
	if day.nextWall(leapYear).IsZero() {
		c.Addf("cron", "never fires: none of its months has such a day; correct the day of month (field 3) or the month (field 4)")
		return nil
	}
	return day
}

// leapYear is where the search for a first tick begins. Any instant would do.
var leapYear = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// interval is @every: its ticks are the multiples of the delay since the Unix epoch. robfig counts
// from the moment it is asked, so that two schedulers would never agree on a tick.
type interval time.Duration

// Next returns the first tick after t.
func (i interval) Next(t time.Time) time.Time {
	step := int64(time.Duration(i) / time.Second)
	seconds := t.Unix() // rounds down, also before the epoch
	passed := ((seconds % step) + step) % step
	return time.Unix(seconds-passed+step, 0).UTC()
}
