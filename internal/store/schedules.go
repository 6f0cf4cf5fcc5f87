package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// scheduleCursor is how far the ticks of a trigger have been decided. Its row is what schedulers
// lock.
type scheduleCursor struct {
	TriggerKey   string `gorm:"primaryKey"`
	DecidedUntil time.Time
}

// SchedulesRevision grows with every change of a trigger.
func (s *Store) SchedulesRevision(ctx context.Context) (int64, error) {
	c, err := takeRow[counter](s.query(ctx), "name", counterSchedulesRevision)
	return c.Value, wrap(ctx, err, "load the revision of schedules")
}

func bumpSchedules(tx *gorm.DB) error {
	_, err := advance(tx, counterSchedulesRevision, 1)
	return err
}

// resetCursor starts the trigger's schedule anew from now, or removes what there is of it if the
// trigger has none.
func (s *Store) resetCursor(tx *gorm.DB, t *models.Trigger) error {
	if err := tx.Where("trigger_key = ?", t.Key).Delete(&scheduleCursor{}).Error; err != nil {
		return err
	}
	if t.Scheduled() {
		if err := tx.Create(&scheduleCursor{TriggerKey: t.Key, DecidedUntil: s.now()}).Error; err != nil {
			return err
		}
	}
	return bumpSchedules(tx)
}

// scheduleRow is a trigger joined with its cursor.
type scheduleRow struct {
	Key                  string
	Cron                 string
	Timezone             string
	JitterSeconds        int
	Overlap              models.Overlap
	CatchUp              models.CatchUp
	CatchUpWindowSeconds int
	DecidedUntil         time.Time
}

// Schedules answers the schedules of all enabled triggers that have one, by key.
func (s *Store) Schedules(ctx context.Context) ([]models.Schedule, error) {
	var rows []scheduleRow
	err := s.query(ctx).Table("triggers").
		Select("triggers.`key`, cron, timezone, jitter_seconds, overlap, catch_up, catch_up_window_seconds, decided_until").
		Joins("JOIN schedule_cursors ON schedule_cursors.trigger_key = triggers.`key`").
		Where("triggers.enabled = ?", true).Order("triggers.`key`").Find(&rows).Error
	if err != nil {
		return nil, wrap(ctx, err, "load schedules")
	}
	schedules := make([]models.Schedule, len(rows))
	for i, r := range rows {
		schedules[i] = models.Schedule{
			TriggerKey: r.Key, Cron: r.Cron, Timezone: r.Timezone,
			Jitter:  time.Duration(r.JitterSeconds) * time.Second,
			Overlap: r.Overlap, CatchUp: r.CatchUp,
			CatchUpWindow: time.Duration(r.CatchUpWindowSeconds) * time.Second,
			Cursor:        r.DecidedUntil,
		}
	}
	return schedules, nil
}

// RecordTick decides one tick: it inserts the tick's run and moves the trigger's cursor, both or
// neither. A nil run says that there is nothing to do: another scheduler has decided the tick, or
// the trigger has no schedule any more.
func (s *Store) RecordTick(ctx context.Context, tick models.Tick) (*models.Run, error) {
	tick.ScheduledFor = micro(tick.ScheduledFor)
	var run *models.Run
	err := s.tx(ctx, func(tx *gorm.DB) error {
		run = nil
		due, err := lockCursor(tx, tick)
		if err != nil || !due {
			return err
		}
		trigger, err := takeRow[models.Trigger](tx, "key", tick.TriggerKey)
		if err != nil {
			return err
		}
		if !trigger.Enabled {
			return nil
		}
		if run, err = s.tickRun(tx, tick, &trigger); err != nil {
			return err
		}
		if err = tx.Create(run).Error; err != nil {
			return err
		}
		return moveCursor(tx, tick.TriggerKey, tick.ScheduledFor)
	})
	if err != nil {
		return nil, wrap(ctx, err, "record tick %s of %s", tick.ScheduledFor.Format(time.RFC3339), tick.TriggerKey)
	}
	return run, nil
}

// lockCursor takes the trigger's cursor for this transaction and reports whether the tick is still to
// be decided. A tick that has its run already, because the cursor was set back, only moves the
// cursor.
func lockCursor(tx *gorm.DB, tick models.Tick) (bool, error) {
	cursor, err := takeRow[scheduleCursor](forUpdate(tx), "trigger_key", tick.TriggerKey)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil
	}
	if err != nil || !cursor.DecidedUntil.Before(tick.ScheduledFor) {
		return false, err
	}
	var n int64
	err = tx.Model(&models.Run{}).
		Where("trigger_key = ? AND scheduled_for = ?", tick.TriggerKey, tick.ScheduledFor).Count(&n).Error
	if err != nil || n == 0 {
		return err == nil, err
	}
	return false, moveCursor(tx, tick.TriggerKey, tick.ScheduledFor)
}

func moveCursor(tx *gorm.DB, triggerKey string, to time.Time) error {
	return tx.Model(&scheduleCursor{}).Where("trigger_key = ?", triggerKey).UpdateColumn("decided_until", to).Error
}

// tickRun makes the run row of a tick.
func (s *Store) tickRun(tx *gorm.DB, tick models.Tick, t *models.Trigger) (*models.Run, error) {
	now := s.now()
	run := &models.Run{
		ID: s.newID(), WorkspaceKey: t.WorkspaceKey,
		TriggerKey: t.Key, TriggerMethod: t.Method, TriggerName: t.Name, TriggerOwners: list(t.Owners),
		Source: models.SourceSchedule, Status: models.StatusQueued,
		ScheduledFor: &tick.ScheduledFor, Parameters: map[string]string{}, CreatedAt: now,
	}
	if tick.NotRun != "" {
		skip(run, tick.NotRun, now)
		return run, nil
	}
	if tick.Overlap != models.OverlapSkip && tick.Overlap != models.OverlapQueue {
		return run, nil
	}
	earlier, err := unfinishedRun(tx, "trigger_key", t.Key)
	if err != nil || earlier == "" {
		return run, err
	}
	if tick.Overlap == models.OverlapSkip {
		skip(run, fmt.Sprintf("run %s of this trigger had not ended yet", earlier), now)
	} else {
		run.Held = true
		run.Reason = "waits for the earlier runs of this trigger to end"
	}
	return run, nil
}

func skip(run *models.Run, reason string, now time.Time) {
	run.Status, run.Reason, run.FinishedAt = models.StatusSkipped, text(reason), &now
}

// unfinishedRun answers the id of a run of a trigger or a workspace that has not ended, or an empty
// string.
func unfinishedRun(tx *gorm.DB, column, key string) (string, error) {
	var ids []string
	err := tx.Model(&models.Run{}).Where(where(column, key)).
		Where("status IN ?", unfinished).Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}
