package models

import (
	"encoding/json"
	"time"
)

// The events that webhooks subscribe to.
const (
	EventRunFinished = "run.finished"
)

// Event is something that happened, kept once however many webhooks hear of it. Data is neutral:
// each delivery renders it in its webhook's format.
type Event struct {
	ID           string          `json:"id" gorm:"primaryKey" doc:"UUIDv7"`
	Type         string          `json:"type"`
	WorkspaceKey string          `json:"workspace_key"`
	TriggerKey   string          `json:"trigger_key"`
	RunID        string          `json:"run_id"`
	Data         json.RawMessage `json:"data" gorm:"serializer:json"`
	CreatedAt    time.Time       `json:"created_at"`
}

// RunFinished is the data of a run.finished event. Times are UTC, durations milliseconds. Fields
// may be added; none changes its meaning.
type RunFinished struct {
	RunID        string             `json:"run_id"`
	WorkspaceKey string             `json:"workspace_key"`
	Trigger      FinishedTrigger    `json:"trigger"`
	Source       RunSource          `json:"source"`
	Status       Status             `json:"status"`
	StatusText   string             `json:"status_text"`
	Reason       string             `json:"reason,omitempty"`
	ScheduledFor *time.Time         `json:"scheduled_for,omitempty"`
	StartedAt    time.Time          `json:"started_at"`
	FinishedAt   time.Time          `json:"finished_at"`
	DurationMS   int64              `json:"duration_ms"`
	Cases        FinishedCounts     `json:"cases"`
	Pipelines    []FinishedPipeline `json:"pipelines"`
}

// FinishedTrigger is the trigger as it was when the run was made.
type FinishedTrigger struct {
	Key    string        `json:"key"`
	Method TriggerMethod `json:"method"`
	Name   string        `json:"name"`
	Owners []string      `json:"owners"`
}

// FinishedCounts counts the cases of a run.
type FinishedCounts struct {
	Total   int `json:"total"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// FinishedPipeline is one execution.
type FinishedPipeline struct {
	Key          string         `json:"key"`
	Name         string         `json:"name"`
	ExecutionKey string         `json:"execution_key"`
	Owners       []string       `json:"owners"`
	Status       Status         `json:"status"`
	StatusText   string         `json:"status_text"`
	Reason       string         `json:"reason,omitempty"`
	StartedAt    time.Time      `json:"started_at"`
	FinishedAt   time.Time      `json:"finished_at"`
	DurationMS   int64          `json:"duration_ms"`
	Cases        []FinishedCase `json:"cases"`
}

// FinishedCase is one case result. A case that was never reached carries its execution's times.
type FinishedCase struct {
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	ResultID    string    `json:"result_id"`
	Owners      []string  `json:"owners"`
	Environment string    `json:"environment"`
	RuntimeUUID string    `json:"runtime_uuid"`
	RuntimeName string    `json:"runtime_name"`
	Status      Status    `json:"status"`
	StatusText  string    `json:"status_text"`
	Message     string    `json:"message,omitempty"`
	Attempts    int       `json:"attempts"`
	Flaky       bool      `json:"flaky"`
	StartedAt   time.Time `json:"started_at"`
	FinishedAt  time.Time `json:"finished_at"`
	DurationMS  int64     `json:"duration_ms"`
}
