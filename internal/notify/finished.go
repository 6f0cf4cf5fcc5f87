package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bellwether/bellwether/models"
)

// RunFinishedEvent makes the run.finished event of a run that has ended. The store fills in its id
// and time.
func RunFinishedEvent(run models.Run, executions []models.Execution, results []models.CaseResult) (models.Event, error) {
	data, err := json.Marshal(NewRunFinished(run, executions, results))
	if err != nil {
		return models.Event{}, fmt.Errorf("marshal data of run %s: %w", run.ID, err)
	}
	return models.Event{
		Type:         models.EventRunFinished,
		WorkspaceKey: run.WorkspaceKey,
		TriggerKey:   run.TriggerKey,
		RunID:        run.ID,
		Data:         data,
	}, nil
}

// NewRunFinished tells of a run that has ended, its executions and their results in the order given.
// Nothing in it is null and no time is zero: a case that was never reached has the times of its
// execution, an execution that never started those of the run, both with a duration of 0.
func NewRunFinished(run models.Run, executions []models.Execution, results []models.CaseResult) models.RunFinished {
	whole := spanOfRun(run)
	byExecution := map[string][]models.CaseResult{}
	for _, r := range results {
		byExecution[r.ExecutionKey] = append(byExecution[r.ExecutionKey], r)
	}
	pipelines := make([]models.FinishedPipeline, len(executions))
	for i, x := range executions {
		pipelines[i] = finishedPipeline(whole, x, byExecution[x.Key])
	}
	doc := models.RunFinished{
		RunID:        run.ID,
		WorkspaceKey: run.WorkspaceKey,
		Trigger: models.FinishedTrigger{
			Key: run.TriggerKey, Method: run.TriggerMethod, Name: run.TriggerName, Owners: list(run.TriggerOwners),
		},
		Source:     run.Source,
		Status:     run.Status,
		StatusText: run.Status.String(),
		Reason:     run.Reason,
		StartedAt:  whole.from,
		FinishedAt: whole.to,
		DurationMS: run.DurationMS,
		Cases: models.FinishedCounts{
			Total: run.CasesTotal, Passed: run.CasesPassed, Failed: run.CasesFailed, Skipped: run.CasesSkipped,
		},
		Pipelines: pipelines,
	}
	if run.ScheduledFor != nil {
		at := utc(*run.ScheduledFor)
		doc.ScheduledFor = &at
	}
	return doc
}

func finishedPipeline(run span, x models.Execution, results []models.CaseResult) models.FinishedPipeline {
	own, started := run.within(x.StartedAt, x.FinishedAt)
	cases := make([]models.FinishedCase, len(results))
	for i, r := range results {
		cases[i] = finishedCase(own, r)
	}
	p := models.FinishedPipeline{
		Key: x.PipelineKey, Name: x.PipelineName, ExecutionKey: x.Key, Owners: list(x.Owners),
		Status: x.Status, StatusText: x.Status.String(), Reason: x.Reason,
		StartedAt: own.from, FinishedAt: own.to, Cases: cases,
	}
	if started {
		p.DurationMS = x.DurationMS
	}
	return p
}

func finishedCase(execution span, r models.CaseResult) models.FinishedCase {
	own, reached := execution.within(r.StartedAt, r.FinishedAt)
	c := models.FinishedCase{
		Key: r.CaseKey, Name: r.CaseName, ResultID: r.ID, Owners: list(r.Owners),
		Environment: r.EnvironmentName, RuntimeUUID: r.RuntimeUUID, RuntimeName: r.RuntimeName,
		Status: r.Status, StatusText: r.Status.String(), Message: r.Message, Attempts: r.Attempt, Flaky: r.Flaky,
		StartedAt: own.from, FinishedAt: own.to,
	}
	if reached {
		c.DurationMS = r.DurationMS
	}
	return c
}

// span is the time between a start and an end.
type span struct{ from, to time.Time }

// spanOfRun falls back on the run's end if it ended before it began, and on its creation.
func spanOfRun(run models.Run) span {
	end := run.CreatedAt
	if run.FinishedAt != nil {
		end = *run.FinishedAt
	}
	s, _ := span{utc(end), utc(end)}.within(run.StartedAt, run.FinishedAt)
	return s
}

// within is the span of something that happened during outer. Without a start it never happened and
// is given outer's times; without an end it ended with outer. An end before the start, from a clock
// that was set back, becomes the start.
func (outer span) within(started, finished *time.Time) (own span, happened bool) {
	if started == nil {
		return outer, false
	}
	own = span{utc(*started), outer.to}
	if finished != nil {
		own.to = utc(*finished)
	}
	if own.to.Before(own.from) {
		own.to = own.from
	}
	return own, true
}

// utc is how all times are told: UTC, in microseconds.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// list makes sure that JSON says [] and not null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
