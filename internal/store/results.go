package store

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// Executions lists the executions of a run in the order of the trigger's pipelines.
func (s *Store) Executions(ctx context.Context, runID string) ([]models.Execution, error) {
	executions, err := executionsOf(s.query(ctx), runID)
	return executions, wrap(ctx, err, "list executions of run %s", runID)
}

// Results lists the results of a run in the order of its executions and their rules.
func (s *Store) Results(ctx context.Context, runID string) ([]models.CaseResult, error) {
	results, err := resultsOf(s.query(ctx), runID)
	return results, wrap(ctx, err, "list results of run %s", runID)
}

func executionsOf(db *gorm.DB, runID string) ([]models.Execution, error) {
	var executions []models.Execution
	err := db.Where("run_id = ?", runID).Order("position, `key`").Find(&executions).Error
	return executions, err
}

func resultsOf(db *gorm.DB, runID string) ([]models.CaseResult, error) {
	var results []models.CaseResult
	err := db.Select("case_results.*").
		Joins("JOIN executions ON executions.`key` = case_results.execution_key").
		Where("case_results.run_id = ?", runID).
		Order("executions.position, executions.`key`, case_results.position").Find(&results).Error
	return results, err
}

// Result reads one result.
func (s *Store) Result(ctx context.Context, id string) (models.CaseResult, error) {
	r, err := takeRow[models.CaseResult](s.query(ctx), "id", id)
	return r, wrap(ctx, err, "load result %s", id)
}

// Reports reads what happened in each try of a case, first try first.
func (s *Store) Reports(ctx context.Context, resultID string) ([]models.Report, error) {
	var reports []models.Report
	err := s.query(ctx).Where("result_id = ?", resultID).Order("attempt").Find(&reports).Error
	return reports, wrap(ctx, err, "list reports of result %s", resultID)
}

// CaseJob answers everything needed to execute the case at a position of an execution, secrets
// included. The run's parameters are the trigger's, overlaid by its own. The environment is the run's,
// else the trigger's, else the case's own. ErrNotFound: the result, the case or the environment that
// it shall run with is gone; the message says which.
func (s *Store) CaseJob(ctx context.Context, executionKey string, position int) (models.CaseJob, error) {
	job, err := s.caseJob(s.query(ctx), executionKey, position)
	return job, wrap(ctx, err, "load case %d of execution %s", position, executionKey)
}

func (s *Store) caseJob(db *gorm.DB, executionKey string, position int) (models.CaseJob, error) {
	var job models.CaseJob
	err := db.Take(&job.Result, "execution_key = ? AND position = ?", executionKey, position).Error
	if err != nil {
		return job, err
	}
	if job.Run, err = takeRow[models.Run](db, "id", job.Result.RunID); err != nil {
		return job, err
	}
	trigger, err := optional(takeRow[models.Trigger](db, "key", job.Run.TriggerKey))
	if err != nil {
		return job, err
	}
	if job.Case, err = s.oneCase(db, job.Result.CaseKey); err != nil {
		return job, fmt.Errorf("case %s: %w", job.Result.CaseKey, err)
	}
	uid := job.Case.EnvironmentUID
	if trigger != nil {
		parameters := maps.Clone(mapOf(trigger.Parameters))
		maps.Copy(parameters, job.Run.Parameters)
		job.Run.Parameters = parameters
		uid = first(trigger.EnvironmentUID, uid)
	}
	if uid = first(job.Run.EnvironmentUID, uid); uid == "" {
		return job, nil
	}
	environment, err := s.environment(db, uid)
	if err != nil {
		return job, fmt.Errorf("environment %s: %w", uid, err)
	}
	job.Environment = &environment
	return job, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// StartResult notes that a case is being tried, and its execution with it. ErrFinished if the run has
// ended.
func (s *Store) StartResult(ctx context.Context, resultID string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		result, err := takeRow[models.CaseResult](tx, "id", resultID)
		if err != nil {
			return err
		}
		now := s.now()
		err = tx.Model(&models.Execution{}).
			Where(where("key", result.ExecutionKey)).Where("status = ?", models.StatusQueued).
			UpdateColumns(map[string]any{"status": models.StatusRunning, "started_at": now}).Error
		if err != nil {
			return err
		}
		if result, err = takeRow[models.CaseResult](forUpdate(tx), "id", resultID); err != nil {
			return err
		}
		if err = running(tx, result.RunID); err != nil {
			return err
		}
		result.Status, result.StartedAt = models.StatusRunning, &now
		return tx.Model(&result).Select("status", "started_at").UpdateColumns(&result).Error
	})
	return wrap(ctx, err, "start result %s", resultID)
}

// running returns ErrFinished if the run has ended. A caller that holds a result of the run knows
// then that the run does not end before its transaction, because ending it takes all its results.
func running(tx *gorm.DB, runID string) error {
	var run models.Run
	if err := tx.Select("id", "status").Take(&run, "id = ?", runID).Error; err != nil {
		return err
	}
	if run.Status.Final() {
		return models.ErrFinished
	}
	return nil
}

// SaveResult stores the outcome of one try of a case in the row of its execution and position, and
// the try's report beside it. An outcome that comes after that of a later try only leaves its report.
// ErrDuplicate if the very try has an outcome already: that one stands. ErrFinished if the run has
// ended.
func (s *Store) SaveResult(ctx context.Context, r models.CaseResult, report models.Report) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var row models.CaseResult
		err := forUpdate(tx).Take(&row, "execution_key = ? AND position = ?", r.ExecutionKey, r.Position).Error
		if err != nil {
			return err
		}
		if err = running(tx, row.RunID); err != nil {
			return err
		}
		if row.Attempt == r.Attempt && row.Status.Final() {
			return models.ErrDuplicate
		}
		if err = s.saveReport(tx, row.ID, report); err != nil || row.Attempt > r.Attempt {
			return err
		}
		row.Status, row.Message, row.Attempt, row.Flaky = r.Status, text(r.Message), r.Attempt, r.Flaky
		row.AssertionsTotal, row.AssertionsBad = r.AssertionsTotal, r.AssertionsBad
		row.StartedAt, row.FinishedAt, row.DurationMS = microPtr(r.StartedAt), microPtr(r.FinishedAt), r.DurationMS
		return tx.Model(&row).Select("status", "message", "attempt", "flaky", "assertions_total", "assertions_bad",
			"started_at", "finished_at", "duration_ms").UpdateColumns(&row).Error
	})
	return wrap(ctx, err, "save result %d of execution %s", r.Position, r.ExecutionKey)
}

// saveReport inserts the report of a try, or replaces the one that the same try has left before. The
// caller holds the result.
func (s *Store) saveReport(tx *gorm.DB, resultID string, report models.Report) error {
	report.ResultID, report.CreatedAt = resultID, s.now()
	err := tx.Where("result_id = ? AND attempt = ?", resultID, report.Attempt).Delete(&models.Report{}).Error
	if err != nil {
		return err
	}
	err = tx.Create(&report).Error
	if errors.Is(err, errForeignKey) {
		return errRetry
	}
	return err
}
