package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// Attempts lists the attempts of a delivery without their headers and bodies, first one first.
func (s *Store) Attempts(ctx context.Context, deliveryID string) ([]models.Attempt, error) {
	var attempts []models.Attempt
	err := s.query(ctx).Omit("request_headers", "request_body", "response_headers", "response_body").
		Where("delivery_id = ?", deliveryID).Order("number").Find(&attempts).Error
	return attempts, wrap(ctx, err, "list attempts of delivery %s", deliveryID)
}

// Attempt reads one attempt with its headers and bodies.
func (s *Store) Attempt(ctx context.Context, deliveryID string, number int) (models.Attempt, error) {
	var a models.Attempt
	err := s.query(ctx).Take(&a, "delivery_id = ? AND number = ?", deliveryID, number).Error
	return a, wrap(ctx, err, "load attempt %d of delivery %s", number, deliveryID)
}

// RecordAttempt stores one send of a delivery and what becomes of the delivery by it: its state, the
// next attempt, the last error. It releases the claim. A number of 0 becomes the next one;
// ErrDuplicate if the attempt has been recorded before.
//
// A worker whose claim ran out may record its send late. That send counts, but a delivery that has
// ended stays so, except that a successful send turns a failed one into a delivered one.
func (s *Store) RecordAttempt(ctx context.Context, a models.Attempt, state models.DeliveryState) (models.Delivery, error) {
	a.StartedAt, a.NextAttemptAt = micro(a.StartedAt), microPtr(a.NextAttemptAt)
	a.Error, a.RequestBody, a.ResponseBody = text(a.Error), text(a.RequestBody), text(a.ResponseBody)
	a.RequestHeaders, a.ResponseHeaders = list(a.RequestHeaders), list(a.ResponseHeaders)
	var d models.Delivery
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		if d, err = takeRow[models.Delivery](forUpdate(tx), "id", a.DeliveryID); err != nil {
			return err
		}
		row := a
		if row.Number == 0 {
			row.Number = d.Attempts + 1
		}
		if err = tx.Create(&row).Error; err != nil {
			return err
		}
		d.Attempts++
		if d.State == models.DeliveryPending || state == models.DeliveryDelivered {
			s.progress(&d, a, state)
		}
		return tx.Model(&d).Select(deliveryProgress).UpdateColumns(&d).Error
	})
	if err != nil {
		return models.Delivery{}, wrap(ctx, err, "record attempt %d of delivery %s", a.Number, a.DeliveryID)
	}
	return d, nil
}

// progress sets what becomes of a delivery after an attempt.
func (s *Store) progress(d *models.Delivery, a models.Attempt, state models.DeliveryState) {
	d.State, d.LastError = state, a.Error
	d.NextAttemptAt, d.ClaimedUntil, d.FinishedAt = nil, nil, nil
	if state == models.DeliveryPending {
		d.NextAttemptAt = a.NextAttemptAt
		return
	}
	now := s.now()
	d.FinishedAt = &now
}
