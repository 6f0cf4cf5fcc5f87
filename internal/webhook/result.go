package webhook

import (
	"time"

	"github.com/bellwether/bellwether/models"
)

// Outcome says what follows from a send.
type Outcome int

// The outcomes.
const (
	// Delivered: the receiver answered 2xx.
	Delivered Outcome = iota + 1
	// Retry: what went wrong may pass, see Schedule.
	Retry
	// GiveUp: sending the same again would fail again.
	GiveUp
	// Gone: the receiver answered 410 and wants no delivery any more; its webhook is to be disabled.
	Gone
	// Interrupted: the caller's context ended before there was an answer. That is no fault of the
	// receiver and must not count as one of its attempts.
	Interrupted
)

// String returns the outcome in one word, for logs and metrics.
func (o Outcome) String() string {
	switch o {
	case Delivered:
		return "delivered"
	case Retry:
		return "retry"
	case GiveUp:
		return "give_up"
	case Gone:
		return "gone"
	case Interrupted:
		return "interrupted"
	default:
		return "unknown"
	}
}

// Request is one attempt of a delivery.
type Request struct {
	URL         string
	DeliveryID  string
	Event       string // the event's type, such as run.finished
	Secret      string // signs the body; empty: not signed
	Attempt     int    // from 1
	ContentType string
	Body        []byte
}

// Result is what came of one attempt. It is safe to store and to show: signatures are shortened,
// cookies masked, texts valid UTF-8 and within their limits.
type Result struct {
	Outcome Outcome
	Status  int               // HTTP status; 0 without an answer
	Class   models.ErrorClass // empty if delivered or interrupted
	Err     string            // the cause and its mend in plain words; empty if delivered
	// RequestHeaders are the headers that were or would have been sent, sorted by name.
	RequestHeaders []models.NameValue
	Header         []models.NameValue // of the response, sorted by name
	Body           string             // the first 64 KiB of the response
	Timings        models.Timings
	StartedAt      time.Time
	Duration       time.Duration
	RetryAfter     time.Duration // what the receiver asked for with 429 or 503; an hour at most
}
