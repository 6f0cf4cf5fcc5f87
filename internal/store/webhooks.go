package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// CreateWebhook inserts a webhook. An empty UID gets one.
func (s *Store) CreateWebhook(ctx context.Context, w *models.Webhook) error {
	if w.UID == "" {
		w.UID = s.newID()
	}
	s.born(&w.Version, &w.CreatedAt, &w.UpdatedAt)
	row, err := s.webhookRow(w)
	if err == nil {
		err = s.do(ctx, func(db *gorm.DB) error { return insertInWorkspace(db, row, w.WorkspaceKey) })
	}
	return wrap(ctx, err, "create webhook %s", w.UID)
}

// webhookRow is the webhook as it is stored.
func (s *Store) webhookRow(w *models.Webhook) (*models.Webhook, error) {
	w.Events, w.TriggerKeys, w.Owners = list(w.Events), list(w.TriggerKeys), list(w.Owners)
	w.HasSecret = w.Secret != ""
	row := *w
	row.Sealed = nil
	if !w.HasSecret {
		return &row, nil
	}
	var err error
	row.Sealed, err = s.seal("webhooks", w.UID, webhookSecrets{Secret: w.Secret})
	return &row, err
}

// Webhook reads a webhook with its secret.
func (s *Store) Webhook(ctx context.Context, uid string) (models.Webhook, error) {
	w, err := s.webhook(s.query(ctx), uid)
	return w, wrap(ctx, err, "load webhook %s", uid)
}

func (s *Store) webhook(db *gorm.DB, uid string) (models.Webhook, error) {
	w, err := takeRow[models.Webhook](db, "uid", uid)
	if err != nil {
		return w, err
	}
	var secrets webhookSecrets
	if err = s.unseal("webhooks", uid, w.Sealed, &secrets); err != nil {
		return models.Webhook{}, err
	}
	w.Secret, w.Sealed = secrets.Secret, nil
	return w, nil
}

// Webhooks lists webhooks without their secrets.
func (s *Store) Webhooks(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.Webhook, string, error) {
	f.Label, f.Method = "", ""
	db := s.narrow(s.query(ctx), f).Omit("sealed")
	items, next, err := pageOf(db, page, "uid", func(w *models.Webhook) string { return w.UID })
	return items, next, wrap(ctx, err, "list webhooks")
}

// UpdateWebhook replaces a webhook, secret included: an empty one removes it.
func (s *Store) UpdateWebhook(ctx context.Context, w *models.Webhook) error {
	had := w.HasSecret
	err := s.change(ctx, &w.Version, &w.UpdatedAt, func(tx *gorm.DB, read int64) error {
		row, err := s.webhookRow(w)
		if err != nil {
			return err
		}
		return replaceRow(tx, row, "uid", w.UID, read, "workspace_key")
	})
	if err != nil {
		w.HasSecret = had
	}
	return wrap(ctx, err, "update webhook %s", w.UID)
}

// DeleteWebhook deletes a webhook. Its deliveries stay; those not sent yet will fail.
func (s *Store) DeleteWebhook(ctx context.Context, uid string) error {
	err := s.do(ctx, func(db *gorm.DB) error { return deleteRow[models.Webhook](db, "uid", uid) })
	return wrap(ctx, err, "delete webhook %s", uid)
}
