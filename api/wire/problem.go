package wire

import (
	"fmt"
	"net/http"
	"strings"
)

// ProblemMediaType is the content type of a problem.
const ProblemMediaType = "application/problem+json"

// The types of problems. Programs may rely on them; titles and details are for people.
const (
	ProblemBadRequest      = "urn:bellwether:problem:bad-request"
	ProblemUnauthenticated = "urn:bellwether:problem:unauthenticated"
	ProblemForbidden       = "urn:bellwether:problem:forbidden"
	ProblemNotFound        = "urn:bellwether:problem:not-found"
	ProblemMethod          = "urn:bellwether:problem:method-not-allowed"
	ProblemTimeout         = "urn:bellwether:problem:request-timeout"
	ProblemDuplicate       = "urn:bellwether:problem:already-exists"
	ProblemStale           = "urn:bellwether:problem:changed-meanwhile"
	ProblemInUse           = "urn:bellwether:problem:in-use"
	ProblemFinished        = "urn:bellwether:problem:already-finished"
	ProblemIdempotency     = "urn:bellwether:problem:idempotency-key-reused"
	ProblemNothingToRun    = "urn:bellwether:problem:nothing-to-run"
	ProblemDisabled        = "urn:bellwether:problem:disabled"
	ProblemConflict        = "urn:bellwether:problem:conflict"
	ProblemPrecondition    = "urn:bellwether:problem:precondition-failed"
	ProblemTooLarge        = "urn:bellwether:problem:too-large"
	ProblemMediaTypeWrong  = "urn:bellwether:problem:unsupported-media-type"
	ProblemInvalid         = "urn:bellwether:problem:invalid"
	ProblemInternal        = "urn:bellwether:problem:internal"
	ProblemUnavailable     = "urn:bellwether:problem:unavailable"
)

// Problem is the answer to every request that did not succeed, as RFC 9457 has it.
type Problem struct {
	Type     string       `json:"type" doc:"The kind of problem, made for programs: it never changes" example:"urn:bellwether:problem:invalid"`
	Title    string       `json:"title" doc:"The kind of problem in words" example:"The request is not valid"`
	Status   int          `json:"status" doc:"The HTTP status" example:"422"`
	Detail   string       `json:"detail" doc:"What is wrong with this request and how to mend it" example:"body.name: must not be empty"`
	Instance string       `json:"instance,omitempty" doc:"This occurrence; quote it when you ask for help" example:"urn:bellwether:request:0198c0de-0000-7000-8000-000000000000"`
	Errors   []FieldError `json:"errors,omitempty" doc:"Each bad field"`
}

// FieldError is one thing wrong with one field.
type FieldError struct {
	Location string `json:"location" doc:"Where: body.<path>, query.<name>, header.<name> or path.<name>" example:"body.http.url"`
	Message  string `json:"message" doc:"What is wrong and how to mend it" example:"must start with https:// or http://"`
}

// Error puts the problem in one line. Bad fields that the detail does not mention are appended.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, http.StatusText(p.Status))
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		if !strings.Contains(p.Detail, e.Message) {
			fmt.Fprintf(&b, "; %s: %s", e.Location, e.Message)
		}
	}
	return b.String()
}

// GetStatus is the HTTP status to answer with.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type in which the problem is sent, whatever the usual one is.
func (p *Problem) ContentType(string) string { return ProblemMediaType }
