package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter is how long a receiver can make us wait with Retry-After.
const maxRetryAfter = time.Hour

// Schedule says when a delivery is sent again. Steps are the pauses after the first send, the second
// and so on, so there is one send more than there are steps.
type Schedule struct {
	Steps []time.Duration
	// Jitter is the part of a step by which it is lengthened or shortened at most.
	Jitter float64
	// Rand returns a number in [0, 1).
	Rand func() float64
}

// DefaultSchedule sends four times in all: after 5 seconds, 1 minute and 10 minutes, each 20 % more or
// less, so that deliveries that failed together do not come back together.
func DefaultSchedule(random func() float64) Schedule {
	return Schedule{
		Steps:  []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute},
		Jitter: 0.2,
		Rand:   random,
	}
}

// Next returns the pause after the given attempt, counted from 1, and whether there is another one. A
// receiver's Retry-After makes the pause longer, up to an hour, and never shorter than our own step.
// An interrupted send is repeated at once, as it was no attempt.
func (s Schedule) Next(attempt int, r Result) (pause time.Duration, again bool) {
	switch {
	case r.Outcome == Interrupted:
		return 0, true
	case r.Outcome != Retry || attempt < 1 || attempt > len(s.Steps):
		return 0, false
	}
	spread := 1 + s.Jitter*(2*s.Rand()-1)
	step := time.Duration(float64(s.Steps[attempt-1]) * spread)
	return max(step, min(r.RetryAfter, maxRetryAfter)), true
}

// retryAfter reads the header of that name, seconds or an HTTP date, of the two statuses for which
// it has a meaning. The result is 0 without a usable value and an hour at most.
func retryAfter(status int, header http.Header, now time.Time) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
