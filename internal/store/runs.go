package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// rowsPerInsert bounds one INSERT, so that its values stay within both databases' limits.
const rowsPerInsert = 200

// unfinished are the statuses of a run that has not ended.
var unfinished = []models.Status{models.StatusQueued, models.StatusRunning}

// CreateRun inserts a run, queued unless its status is final already. An empty id gets one.
// ErrDuplicate: the trigger has a run with that idempotency key, scheduled time or id.
func (s *Store) CreateRun(ctx context.Context, r *models.Run) error {
	if r.ID == "" {
		r.ID = s.newID()
	}
	if !r.Status.Final() {
		r.Status = models.StatusQueued
	}
	r.CreatedAt = s.now()
	r.ScheduledFor = microPtr(r.ScheduledFor)
	r.StartedAt, r.FinishedAt = microPtr(r.StartedAt), microPtr(r.FinishedAt)
	r.TriggerOwners, r.Parameters = list(r.TriggerOwners), mapOf(r.Parameters)
	r.Reason = text(r.Reason)
	err := s.do(ctx, func(db *gorm.DB) error { return db.Create(r).Error })
	return wrap(ctx, err, "create run of %s", r.TriggerKey)
}

// Run reads a run.
func (s *Store) Run(ctx context.Context, id string) (models.Run, error) {
	r, err := takeRow[models.Run](s.query(ctx), "id", id)
	return r, wrap(ctx, err, "load run %s", id)
}

// RunByIdempotencyKey reads the run of a trigger that was asked for with an idempotency key.
func (s *Store) RunByIdempotencyKey(ctx context.Context, triggerKey, key string) (models.Run, error) {
	var r models.Run
	err := s.query(ctx).Take(&r, "trigger_key = ? AND idempotency_key = ?", triggerKey, key).Error
	return r, wrap(ctx, err, "load run of %s by idempotency key", triggerKey)
}

// lockRun reads a run and holds it until the transaction ends.
func lockRun(tx *gorm.DB, id string) (models.Run, error) {
	return takeRow[models.Run](forUpdate(tx), "id", id)
}

// RequestCancel notes that a run shall be cancelled, at most once, and releases it if it is held, so
// that its workflow starts and ends it. ErrFinished, with the run, if it has ended.
func (s *Store) RequestCancel(ctx context.Context, id string) (models.Run, error) {
	var run models.Run
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		if run, err = lockRun(tx, id); err != nil {
			return err
		}
		if run.Status.Final() {
			return models.ErrFinished
		}
		if run.CancelRequestedAt != nil && !run.Held {
			return nil
		}
		if run.CancelRequestedAt == nil {
			now := s.now()
			run.CancelRequestedAt = &now
		}
		run.Held = false
		return tx.Model(&run).Select("cancel_requested_at", "held").UpdateColumns(&run).Error
	})
	return run, wrap(ctx, err, "cancel run %s", id)
}

// MarkDispatched notes that the workflow of a run is known to be started.
func (s *Store) MarkDispatched(ctx context.Context, id string) error {
	err := s.do(ctx, func(db *gorm.DB) error {
		return matched(db.Model(&models.Run{}).Where("id = ?", id).
			UpdateColumns(map[string]any{"dispatched_at": s.now(), "held": false}))
	})
	return wrap(ctx, err, "mark run %s as dispatched", id)
}

// ClearDispatched makes a run due for dispatch again, because its workflow is unknown to the engine.
// A run that had begun is queued again. ErrFinished if it has ended.
func (s *Store) ClearDispatched(ctx context.Context, id string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		run, err := lockRun(tx, id)
		if err != nil {
			return err
		}
		if run.Status.Final() {
			return models.ErrFinished
		}
		return tx.Model(&run).UpdateColumns(map[string]any{
			"dispatched_at": nil, "status": models.StatusQueued,
		}).Error
	})
	return wrap(ctx, err, "dispatch run %s again", id)
}

// Undispatched answers the oldest queued runs made before a time whose workflow is not known to be
// started. A held run is among them, and not held any more, once the earlier runs of its trigger have
// ended.
func (s *Store) Undispatched(ctx context.Context, createdBefore time.Time, limit int) ([]models.Run, error) {
	var runs []models.Run
	err := s.query(ctx).
		Where("status = ? AND dispatched_at IS NULL AND created_at < ?", models.StatusQueued, micro(createdBefore)).
		Where("(held = ? OR NOT EXISTS (?))", false, s.earlierUnfinished(ctx)).
		Order("id").Limit(limit).Find(&runs).Error
	if err != nil {
		return nil, wrap(ctx, err, "list runs to dispatch")
	}
	var released []string
	for i := range runs {
		if runs[i].Held {
			runs[i].Held = false
			released = append(released, runs[i].ID)
		}
	}
	return runs, wrap(ctx, s.release(ctx, released), "release held runs")
}

// earlierUnfinished finds the runs that a held run waits for: those of its trigger with an earlier
// tick, and those without a tick that were made before it.
func (s *Store) earlierUnfinished(ctx context.Context) *gorm.DB {
	return s.query(ctx).Table("runs AS earlier").Select("1").
		Where("earlier.trigger_key = runs.trigger_key AND earlier.status IN ?", unfinished).
		Where("(earlier.scheduled_for < runs.scheduled_for OR (earlier.scheduled_for IS NULL AND earlier.id < runs.id))")
}

// release takes the hold off queued runs.
func (s *Store) release(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return s.do(ctx, func(db *gorm.DB) error {
		return db.Model(&models.Run{}).Where("id IN ? AND status = ?", ids, models.StatusQueued).
			UpdateColumns(map[string]any{"held": false, "reason": ""}).Error
	})
}

// UnfinishedDispatched answers unfinished runs that were dispatched before a time, by id, starting
// after an id.
func (s *Store) UnfinishedDispatched(ctx context.Context, dispatchedBefore time.Time, after string, limit int) ([]models.Run, error) {
	scope := func(db *gorm.DB) *gorm.DB {
		db = s.using(db, "runs", "runs_status").Where("dispatched_at < ?", micro(dispatchedBefore))
		if after != "" {
			db = db.Where("id > ?", after)
		}
		return db
	}
	runs, err := s.runsByStatus(ctx, unfinished, scope, "id", limit)
	return runs, wrap(ctx, err, "list dispatched runs")
}
