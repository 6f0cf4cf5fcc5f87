package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// CreateToken inserts a token. An empty id gets one. ErrNotFound: no such user.
func (s *Store) CreateToken(ctx context.Context, t *models.Token) error {
	if t.ID == "" {
		t.ID = s.newID()
	}
	t.CreatedAt, t.ExpiresAt, t.LastUsedAt = s.now(), microPtr(t.ExpiresAt), nil
	err := s.do(ctx, func(db *gorm.DB) error { return db.Create(t).Error })
	if errors.Is(err, errForeignKey) {
		err = models.ErrNotFound
	}
	return wrap(ctx, err, "create token %s of user %d", t.ID, t.UserID)
}

// TokenByHash reads the token with a hash and its user. Expiry and the user's state are for the
// caller to judge.
func (s *Store) TokenByHash(ctx context.Context, hash string) (models.Token, models.User, error) {
	t, err := takeRow[models.Token](s.query(ctx), "hash", hash)
	if err != nil {
		return models.Token{}, models.User{}, wrap(ctx, err, "load token")
	}
	u, err := takeRow[models.User](s.query(ctx), "id", t.UserID)
	if err != nil {
		return models.Token{}, models.User{}, wrap(ctx, err, "load user %d of token %s", t.UserID, t.ID)
	}
	return t, u, nil
}

// TouchToken notes when a token was last used, to the minute. It writes at most once a minute.
func (s *Store) TouchToken(ctx context.Context, id string, at time.Time) error {
	minute := at.UTC().Truncate(time.Minute)
	err := s.do(ctx, func(db *gorm.DB) error {
		return db.Model(&models.Token{}).
			Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id, minute).
			UpdateColumn("last_used_at", minute).Error
	})
	return wrap(ctx, err, "touch token %s", id)
}

// Tokens lists the tokens of a user, or of all users if userID is 0.
func (s *Store) Tokens(ctx context.Context, userID int64, page models.Page) ([]models.Token, string, error) {
	db := s.query(ctx)
	if userID != 0 {
		db = db.Where("user_id = ?", userID)
	}
	items, next, err := pageOf(db, page, "id", func(t *models.Token) string { return t.ID })
	return items, next, wrap(ctx, err, "list tokens")
}

// DeleteToken deletes a token, which is refused from then on.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	err := s.do(ctx, func(db *gorm.DB) error { return deleteRow[models.Token](db, "id", id) })
	return wrap(ctx, err, "delete token %s", id)
}
