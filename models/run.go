package models

import "time"

// RunSource says who asked for a run.
type RunSource string

// The sources of runs.
const (
	SourceSchedule RunSource = "schedule"
	SourceAPI      RunSource = "api"
)

// MaxIdempotencyKey is the length limit of an Idempotency-Key in bytes.
const MaxIdempotencyKey = 200

// Run is one firing of a trigger. The row is the outbox: it is written first, and a workflow named
// after it is started from it, again and again if need be.
type Run struct {
	ID            string        `json:"id" gorm:"primaryKey" doc:"UUIDv7; the workflow is run/<id>"`
	WorkspaceKey  string        `json:"workspace_key"`
	TriggerKey    string        `json:"trigger_key"`
	TriggerMethod TriggerMethod `json:"trigger_method"`
	TriggerName   string        `json:"trigger_name"`
	TriggerOwners []string      `json:"trigger_owners" gorm:"serializer:json"`
	Source        RunSource     `json:"source"`
	RequestedBy   string        `json:"requested_by,omitempty" doc:"E-mail of the user who asked for it"`

	Status Status `json:"status" doc:"-1 queued, 0 running, 1 success, 2 failure, 3 skipped (a tick not run), 5 cancelled, 99 error"`
	Reason string `json:"reason,omitempty" doc:"Why the run is queued, skipped, cancelled or error"`

	ScheduledFor   *time.Time        `json:"scheduled_for,omitempty" doc:"The tick, before jitter"`
	IdempotencyKey *string           `json:"idempotency_key,omitempty"`
	RequestHash    string            `json:"-"` // what the idempotency key was first used for
	EnvironmentUID string            `json:"environment_uid,omitempty" doc:"Overrides the trigger's environment"`
	Parameters     map[string]string `json:"parameters" gorm:"serializer:json"`

	// Held runs wait for the earlier runs of their trigger to end (overlap policy queue).
	Held              bool       `json:"held,omitempty"`
	DispatchedAt      *time.Time `json:"-"` // when the workflow was known to be started
	CancelRequestedAt *time.Time `json:"cancel_requested_at,omitempty"`

	CasesTotal   int        `json:"cases_total"`
	CasesPassed  int        `json:"cases_passed"`
	CasesFailed  int        `json:"cases_failed" doc:"Failure and error"`
	CasesSkipped int        `json:"cases_skipped"`
	StartedAt    *time.Time `json:"started_at,omitempty"`
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
	DurationMS   int64      `json:"duration_ms"`
	CreatedAt    time.Time  `json:"created_at"`
}

// Validate checks the parameters, the only free-form part that a caller of a run sets.
func (r *Run) Validate() error {
	var c Check
	checkParameters(&c, "parameters", r.Parameters)
	return c.Err()
}

// Execution is one pipeline's part of a run.
type Execution struct {
	Key          string     `json:"key" gorm:"primaryKey" example:"ABC-0001-033CE"`
	RunID        string     `json:"run_id"`
	Position     int        `json:"position" doc:"Order of the pipeline in the trigger, from 0"`
	PipelineKey  string     `json:"pipeline_key"`
	PipelineName string     `json:"pipeline_name"`
	Owners       []string   `json:"owners" gorm:"serializer:json"`
	Status       Status     `json:"status"`
	Reason       string     `json:"reason,omitempty"`
	StartedAt    *time.Time `json:"started_at,omitempty"`
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
	DurationMS   int64      `json:"duration_ms"`
}

// CaseResult is the outcome of one rule of an execution. There is exactly one row for each
// (execution, position), however often the case was tried.
type CaseResult struct {
	ID              string     `json:"id" gorm:"primaryKey" doc:"UUIDv7"`
	RunID           string     `json:"run_id"`
	ExecutionKey    string     `json:"execution_key"`
	Position        int        `json:"position" doc:"Order of the rule in the pipeline, from 0"`
	CaseKey         string     `json:"case_key"`
	CaseName        string     `json:"case_name"`
	Owners          []string   `json:"owners" gorm:"serializer:json"`
	EnvironmentName string     `json:"environment_name"`
	RuntimeUUID     string     `json:"runtime_uuid"`
	RuntimeName     string     `json:"runtime_name"`
	Status          Status     `json:"status"`
	Message         string     `json:"message,omitempty" doc:"Why the case did not pass, in one line"`
	Attempt         int        `json:"attempts" doc:"How many tries have ended"`
	Flaky           bool       `json:"flaky,omitempty" doc:"Passed, but not at the first try"`
	AssertionsTotal int        `json:"assertions_total"`
	AssertionsBad   int        `json:"assertions_failed"`
	StartedAt       *time.Time `json:"started_at,omitempty"`
	FinishedAt      *time.Time `json:"finished_at,omitempty"`
	DurationMS      int64      `json:"duration_ms"`
}

// Report is what happened in one try of a case, masked and truncated. It lies in a table of its own
// so that lists never read it.
type Report struct {
	ResultID  string         `json:"result_id" gorm:"primaryKey"`
	Attempt   int            `json:"attempt" gorm:"primaryKey;autoIncrement:false"`
	Document  ReportDocument `json:"report" gorm:"serializer:json"`
	CreatedAt time.Time      `json:"created_at"`
}

// ReportDocument is the content of a report. Exchanges holds one entry for each request that was
// sent, redirects included.
type ReportDocument struct {
	Status     Status            `json:"status"`
	Message    string            `json:"message,omitempty"`
	DurationMS int64             `json:"duration_ms"`
	Exchanges  []Exchange        `json:"exchanges,omitempty"`
	Assertions []AssertionResult `json:"assertions,omitempty"`
	Outputs    map[string]string `json:"outputs,omitempty" doc:"Captured values; secrets are masked"`
}

// Exchange is one HTTP request and its response.
type Exchange struct {
	Method          string      `json:"method"`
	URL             string      `json:"url"`
	RequestHeaders  []NameValue `json:"request_headers"`
	RequestBody     Body        `json:"request_body"`
	Status          int         `json:"status,omitempty"`
	Proto           string      `json:"proto,omitempty"`
	ResponseHeaders []NameValue `json:"response_headers,omitempty"`
	ResponseBody    Body        `json:"response_body"`
	Timings         Timings     `json:"timings"`
	TLSExpiresAt    *time.Time  `json:"tls_expires_at,omitempty" doc:"When the server's certificate expires"`
	Error           string      `json:"error,omitempty"`
}

// Body is the beginning of a request's or a response's body.
type Body struct {
	Text      string `json:"text,omitempty" doc:"Masked; empty when the body is not text"`
	Size      int64  `json:"size" doc:"Bytes, before truncation"`
	Truncated bool   `json:"truncated,omitempty"`
}

// Timings are the phases of one exchange in milliseconds; a phase that did not happen is 0.
type Timings struct {
	DNS       float64 `json:"dns_ms"`
	Connect   float64 `json:"connect_ms"`
	TLS       float64 `json:"tls_ms"`
	FirstByte float64 `json:"first_byte_ms" doc:"From the request's last byte to the response's first"`
	Download  float64 `json:"download_ms"`
	Total     float64 `json:"total_ms"`
	Reused    bool    `json:"reused,omitempty" doc:"The connection was open already"`
}

// AssertionResult is one assertion's verdict.
type AssertionResult struct {
	Name    string `json:"name" doc:"The assertion in words, such as status equals 200"`
	Passed  bool   `json:"passed"`
	Message string `json:"message,omitempty" doc:"What was found instead"`
}
