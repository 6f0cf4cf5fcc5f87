package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// Delivery reads a delivery.
func (s *Store) Delivery(ctx context.Context, id string) (models.Delivery, error) {
	d, err := takeRow[models.Delivery](s.query(ctx), "id", id)
	return d, wrap(ctx, err, "load delivery %s", id)
}

// Event reads an event with its data.
func (s *Store) Event(ctx context.Context, id string) (models.Event, error) {
	e, err := takeRow[models.Event](s.query(ctx), "id", id)
	return e, wrap(ctx, err, "load event %s", id)
}

// Deliveries lists deliveries, newest first.
func (s *Store) Deliveries(ctx context.Context, f models.DeliveryFilter, page models.Page) ([]models.Delivery, string, error) {
	db := s.query(ctx)
	for column, value := range map[string]string{
		"workspace_key": f.WorkspaceKey, "webhook_uid": f.WebhookUID, "run_id": f.RunID, "state": string(f.State),
	} {
		if value != "" {
			db = db.Where(where(column, value))
		}
	}
	if page.After != "" {
		db = db.Where("id < ?", page.After)
	}
	var rows []models.Delivery
	size := page.Size()
	db = s.using(db.Model(&models.Delivery{}), "deliveries", deliveryIndex(f))
	if err := db.Order(newestFirst).Limit(size + 1).Find(&rows).Error; err != nil {
		return nil, "", wrap(ctx, err, "list deliveries")
	}
	items, next := cut(rows, size, func(d *models.Delivery) string { return d.ID })
	return items, next, nil
}

// deliveryIndex is the index that gives the deliveries of a filter in the order of their ids.
func deliveryIndex(f models.DeliveryFilter) string {
	switch {
	case f.RunID != "":
		return "deliveries_run"
	case f.WebhookUID != "":
		return "deliveries_webhook"
	case f.WorkspaceKey != "" && f.State != "":
		return "deliveries_workspace_state"
	case f.WorkspaceKey != "":
		return "deliveries_workspace"
	case f.State != "":
		return "deliveries_state"
	default:
		return "PRIMARY"
	}
}

// ClaimDelivery takes a delivery for sending until a time, and answers everything needed to send it,
// secrets included. ErrClaimed while another worker has it, ErrFinished once it is not pending.
func (s *Store) ClaimDelivery(ctx context.Context, id string, until time.Time) (models.DeliveryJob, error) {
	until = micro(until)
	var job models.DeliveryJob
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		if job.Delivery, err = lockPending(tx, id); err != nil {
			return err
		}
		if job.Delivery.ClaimedUntil != nil && job.Delivery.ClaimedUntil.After(s.now()) {
			return models.ErrClaimed
		}
		job.Delivery.ClaimedUntil = &until
		return tx.Model(&job.Delivery).UpdateColumn("claimed_until", until).Error
	})
	if err == nil {
		err = s.loadJob(ctx, &job)
	}
	if err != nil {
		return models.DeliveryJob{}, wrap(ctx, err, "claim delivery %s", id)
	}
	return job, nil
}

func (s *Store) loadJob(ctx context.Context, job *models.DeliveryJob) error {
	db := s.query(ctx)
	var err error
	if job.Event, err = takeRow[models.Event](db, "id", job.Delivery.EventID); err != nil {
		return fmt.Errorf("event %s: %w", job.Delivery.EventID, err)
	}
	job.Webhook, err = optional(s.webhook(db, job.Delivery.WebhookUID))
	return err
}

// lockPending reads a delivery that is still to be sent and holds it until the transaction ends.
func lockPending(tx *gorm.DB, id string) (models.Delivery, error) {
	d, err := takeRow[models.Delivery](forUpdate(tx), "id", id)
	if err == nil && d.State != models.DeliveryPending {
		return d, models.ErrFinished
	}
	return d, err
}

// FailDelivery gives a delivery up without an attempt, because its webhook is gone or disabled.
// ErrFinished if it is not pending.
func (s *Store) FailDelivery(ctx context.Context, id, reason string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		d, err := lockPending(tx, id)
		if err != nil {
			return err
		}
		now := s.now()
		d.State, d.LastError, d.FinishedAt = models.DeliveryFailed, text(reason), &now
		d.NextAttemptAt, d.ClaimedUntil = nil, nil
		return tx.Model(&d).Select(deliveryProgress).UpdateColumns(&d).Error
	})
	return wrap(ctx, err, "fail delivery %s", id)
}

// deliveryProgress are the columns that change while a delivery is sent.
var deliveryProgress = []string{"state", "attempts", "last_error", "next_attempt_at", "claimed_until", "finished_at"}

// ReleaseDelivery gives a claim back before its time.
func (s *Store) ReleaseDelivery(ctx context.Context, id string) error {
	err := s.do(ctx, func(db *gorm.DB) error {
		return matched(db.Model(&models.Delivery{}).Where("id = ?", id).UpdateColumn("claimed_until", nil))
	})
	return wrap(ctx, err, "release delivery %s", id)
}

// OverdueDeliveries answers pending deliveries that nobody has claimed and that were due, or were made
// if no time is set for them, before a time; the longest overdue first.
func (s *Store) OverdueDeliveries(ctx context.Context, before time.Time, limit int) ([]models.Delivery, error) {
	before = micro(before)
	due := func(condition, order string) *gorm.DB {
		return s.query(ctx).Model(&models.Delivery{}).Select("id").
			Where("state = ?", models.DeliveryPending).Where(condition, before).
			Where("(claimed_until IS NULL OR claimed_until <= ?)", s.now()).
			Order(order).Limit(limit)
	}
	// Each part reads an index in its order; one condition for both could not.
	ids := s.query(ctx).Raw("SELECT id FROM (?) AS fresh UNION ALL SELECT id FROM (?) AS again",
		due("next_attempt_at IS NULL AND created_at < ?", "created_at"),
		due("next_attempt_at < ?", "next_attempt_at"))
	var deliveries []models.Delivery
	err := s.query(ctx).Where("id IN (SELECT id FROM (?) AS due)", ids).
		Order("COALESCE(next_attempt_at, created_at), id").Limit(limit).Find(&deliveries).Error
	return deliveries, wrap(ctx, err, "list overdue deliveries")
}
