package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// BeginRun starts a run with its executions and their queued results, in place of those of an earlier
// begin. It fills in the keys, ids and references of what it is given. ErrFinished if the run has
// ended.
//
// A run that is going on with the same pipelines and cases keeps its rows, and the caller gets those:
// a worker that was thought dead may begin a run late, while another one executes its cases already.
func (s *Store) BeginRun(ctx context.Context, runID string, executions []models.ExecutionStart) error {
	if err := s.nameExecutions(ctx, runID, executions); err != nil {
		return wrap(ctx, err, "begin run %s", runID)
	}
	rows, results := beginRows(executions)
	err := s.tx(ctx, func(tx *gorm.DB) error {
		run, err := lockRun(tx, runID)
		if err != nil {
			return err
		}
		if run.Status.Final() {
			return models.ErrFinished
		}
		if run.Status == models.StatusRunning {
			if same, err := adopt(tx, runID, executions); same || err != nil {
				return err
			}
		}
		// Results and reports go with their executions.
		if err = tx.Where("run_id = ?", runID).Delete(&models.Execution{}).Error; err != nil {
			return err
		}
		if err = s.markBegun(tx, &run, len(results)); err != nil || len(rows) == 0 {
			return err
		}
		if err = tx.CreateInBatches(rows, rowsPerInsert).Error; err != nil || len(results) == 0 {
			return err
		}
		return tx.CreateInBatches(results, rowsPerInsert).Error
	})
	return wrap(ctx, err, "begin run %s", runID)
}

// adopt replaces the executions by the rows that an earlier begin has written, if those are for the
// same pipelines and cases, and reports whether they are.
func adopt(tx *gorm.DB, runID string, executions []models.ExecutionStart) (same bool, err error) {
	rows, err := executionsOf(tx, runID)
	if err != nil || len(rows) != len(executions) {
		return false, err
	}
	results, err := resultsOf(tx, runID)
	if err != nil {
		return false, err
	}
	begun := make([]models.ExecutionStart, len(rows))
	for i, row := range rows {
		n := 0
		for n < len(results) && results[n].ExecutionKey == row.Key {
			n++
		}
		begun[i] = models.ExecutionStart{Execution: row, Results: results[:n:n]}
		if !alike(begun[i], executions[i]) {
			return false, nil
		}
		results = results[n:]
	}
	copy(executions, begun)
	return true, nil
}

// alike reports whether two executions are of the same pipeline with the same cases.
func alike(a, b models.ExecutionStart) bool {
	return a.Execution.Position == b.Execution.Position && a.Execution.PipelineKey == b.Execution.PipelineKey &&
		slices.EqualFunc(a.Results, b.Results, func(r, q models.CaseResult) bool {
			return r.Position == q.Position && r.CaseKey == q.CaseKey
		})
}

// markBegun sets the run to running. A run that begins has been dispatched, whether or not that could
// be noted at the time.
func (s *Store) markBegun(tx *gorm.DB, run *models.Run, cases int) error {
	now := s.now()
	if run.DispatchedAt == nil {
		run.DispatchedAt = &now
	}
	run.Status, run.StartedAt, run.Held, run.Reason, run.CasesTotal = models.StatusRunning, &now, false, "", cases
	return tx.Model(run).Select("status", "started_at", "dispatched_at", "held", "reason", "cases_total").
		UpdateColumns(run).Error
}

// nameExecutions gives every execution its key and every result its id.
func (s *Store) nameExecutions(ctx context.Context, runID string, executions []models.ExecutionStart) error {
	counts := map[string]int64{}
	for _, e := range executions {
		counts[e.Execution.PipelineKey]++
	}
	numbers := map[string]int64{}
	for pipeline, n := range counts {
		first, err := s.next(ctx, counterExecution(pipeline), n)
		if err != nil {
			return err
		}
		numbers[pipeline] = first
	}
	for i := range executions {
		e := &executions[i].Execution
		e.Key = models.ExecutionKey(e.PipelineKey, numbers[e.PipelineKey])
		numbers[e.PipelineKey]++
		e.RunID, e.Status = runID, models.StatusQueued
		e.Owners, e.Reason = list(e.Owners), text(e.Reason)
		for j := range executions[i].Results {
			r := &executions[i].Results[j]
			r.ID, r.RunID, r.ExecutionKey = s.newID(), runID, e.Key
			r.Status, r.Attempt, r.Owners = models.StatusQueued, 0, list(r.Owners)
		}
	}
	return nil
}

func beginRows(executions []models.ExecutionStart) ([]models.Execution, []models.CaseResult) {
	var rows []models.Execution
	var results []models.CaseResult
	for _, e := range executions {
		rows = append(rows, e.Execution)
		results = append(results, e.Results...)
	}
	return rows, results
}
