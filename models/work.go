package models

import "time"

// RunDefinition is everything that a run needs to know of its definitions, as of now and without
// secrets or blobs.
type RunDefinition struct {
	Run          Run
	Trigger      *Trigger            // nil: deleted in the meantime
	Pipelines    map[string]Pipeline // by key, with Definition; a key that is missing was deleted
	Cases        map[string]Case     // by key, without HTTP and Variables; a key that is missing was deleted
	Environments map[string]string   // names by uid
	Runtimes     map[string]string   // uuids by name
}

// ExecutionStart is an execution about to begin with one queued result per rule. The store fills in
// the execution's key and everything that hangs on it.
type ExecutionStart struct {
	Execution Execution
	Results   []CaseResult
}

// RunOutcome is the end of a run as its workflow saw it.
type RunOutcome struct {
	RunID      string             `json:"run_id"`
	Status     Status             `json:"status"`
	Reason     string             `json:"reason,omitempty"`
	FinishedAt time.Time          `json:"finished_at"`
	Executions []ExecutionOutcome `json:"executions,omitempty"`
}

// ExecutionOutcome is the end of an execution.
type ExecutionOutcome struct {
	Key        string        `json:"key"`
	Status     Status        `json:"status"`
	Reason     string        `json:"reason,omitempty"`
	StartedAt  time.Time     `json:"started_at"`
	FinishedAt time.Time     `json:"finished_at"`
	Cases      []CaseOutcome `json:"cases,omitempty"`
}

// CaseOutcome is the end of a case. Its status counts against what the rule expected, so a failing
// case that was expected to fail is StatusFailedAsExpected.
type CaseOutcome struct {
	Position int    `json:"position"`
	Status   Status `json:"status"`
	Message  string `json:"message,omitempty"`
}

// CaseJob is everything needed to execute one case, secrets included. It never leaves the worker.
type CaseJob struct {
	Run         Run
	Result      CaseResult
	Case        Case
	Environment *Environment // nil: none
}

// DeliveryJob is everything needed to send one delivery, secrets included. It never leaves the
// worker.
type DeliveryJob struct {
	Delivery Delivery
	Event    Event
	Webhook  *Webhook // nil: deleted in the meantime
}

// RunFilter narrows a list of runs; zero fields do not.
type RunFilter struct {
	WorkspaceKey string
	TriggerKey   string
	Statuses     []Status
	Source       RunSource
	Since, Until time.Time // by creation: since inclusive, until exclusive
}

// DeliveryFilter narrows a list of deliveries; zero fields do not.
type DeliveryFilter struct {
	WorkspaceKey string
	WebhookUID   string
	RunID        string
	State        DeliveryState
}

// DefinitionFilter narrows a list of definitions; zero fields do not.
type DefinitionFilter struct {
	WorkspaceKey string
	Name         string // part of the name, ignoring case
	Label        string
	Method       TriggerMethod // triggers only
}
