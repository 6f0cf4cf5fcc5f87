package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// EnsureRuntime answers the runtime with a name and makes it if there is none.
func (s *Store) EnsureRuntime(ctx context.Context, name string) (models.Runtime, error) {
	r, err := takeRow[models.Runtime](s.query(ctx), "name", name)
	if !errors.Is(err, models.ErrNotFound) {
		return r, wrap(ctx, err, "load runtime %s", name)
	}
	r = models.Runtime{UUID: s.newID(), Name: name, CreatedAt: s.now()}
	err = s.do(ctx, func(db *gorm.DB) error { return db.Create(&r).Error })
	if errors.Is(err, models.ErrDuplicate) {
		r, err = takeRow[models.Runtime](s.query(ctx), "name", name)
	}
	return r, wrap(ctx, err, "make runtime %s", name)
}

// Runtimes lists all runtimes by name.
func (s *Store) Runtimes(ctx context.Context) ([]models.Runtime, error) {
	var runtimes []models.Runtime
	err := s.query(ctx).Order("name").Find(&runtimes).Error
	return runtimes, wrap(ctx, err, "list runtimes")
}
