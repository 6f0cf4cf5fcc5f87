package models

import "fmt"

// Status is the state of a run, an execution or a case result. The numbers are Testany's, so that
// they can be shown to its users unchanged.
type Status int

// The statuses. Failure says that the product under test is bad; Error says that Bellwether could
// not tell (runtime gone, a timeout of its own, a bad definition). They are never mixed.
const (
	StatusQueued           Status = -1
	StatusRunning          Status = 0
	StatusSuccess          Status = 1
	StatusFailure          Status = 2
	StatusSkipped          Status = 3
	StatusFailedAsExpected Status = 4
	StatusCancelled        Status = 5
	StatusError            Status = 99
)

var statusNames = map[Status]string{
	StatusQueued:           "queued",
	StatusRunning:          "running",
	StatusSuccess:          "success",
	StatusFailure:          "failure",
	StatusSkipped:          "skipped",
	StatusFailedAsExpected: "failed as expected",
	StatusCancelled:        "cancelled",
	StatusError:            "error",
}

// String returns the status in words, as logs and the Web UI show it.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return fmt.Sprintf("status(%d)", int(s))
}

// Known reports whether s is one of the statuses above.
func (s Status) Known() bool {
	_, ok := statusNames[s]
	return ok
}

// Final reports whether nothing will change s any more.
func (s Status) Final() bool { return s != StatusQueued && s != StatusRunning }

// Passed reports whether a case with this status counts as passed for its pipeline.
func (s Status) Passed() bool { return s == StatusSuccess || s == StatusFailedAsExpected }
