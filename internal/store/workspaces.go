package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/bellwether/bellwether/models"
)

// CreateWorkspace inserts a workspace, whose key the team has chosen.
func (s *Store) CreateWorkspace(ctx context.Context, w *models.Workspace) error {
	s.born(&w.Version, &w.CreatedAt, &w.UpdatedAt)
	err := s.tx(ctx, func(tx *gorm.DB) error {
		// The row comes first: it fails if the key is taken, and then the history is its owner's.
		if err := tx.Create(w).Error; err != nil {
			return err
		}
		// What a deletion that was cut short has left must not show up in the new workspace.
		for _, table := range history() {
			if err := tx.Where("workspace_key = ?", w.Key).Delete(table).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(ctx, err, "create workspace %s", w.Key)
}

// Workspace reads a workspace.
func (s *Store) Workspace(ctx context.Context, key string) (models.Workspace, error) {
	w, err := takeRow[models.Workspace](s.query(ctx), "key", key)
	return w, wrap(ctx, err, "load workspace %s", key)
}

// Workspaces lists the workspaces with the keys in only, or all if only is nil.
func (s *Store) Workspaces(ctx context.Context, only []string, page models.Page) ([]models.Workspace, string, error) {
	db := s.query(ctx)
	if only != nil {
		db = db.Where(clause.IN{Column: clause.Column{Name: "key"}, Values: anys(only)})
	}
	items, next, err := pageOf(db, page, "key", func(w *models.Workspace) string { return w.Key })
	return items, next, wrap(ctx, err, "list workspaces")
}

// UpdateWorkspace replaces a workspace.
func (s *Store) UpdateWorkspace(ctx context.Context, w *models.Workspace) error {
	err := s.change(ctx, &w.Version, &w.UpdatedAt, func(tx *gorm.DB, read int64) error {
		return replaceRow(tx, w, "key", w.Key, read)
	})
	return wrap(ctx, err, "update workspace %s", w.Key)
}

// DeleteWorkspace deletes a workspace with its members and its history. ErrInUse while it owns
// definitions or runs that have not ended.
func (s *Store) DeleteWorkspace(ctx context.Context, key string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		run, err := unfinishedRun(tx, "workspace_key", key)
		if err != nil {
			return err
		}
		if run != "" {
			return fmt.Errorf("%w: run %s has not ended; cancel it first", models.ErrInUse, run)
		}
		return deleteRow[models.Workspace](tx, "key", key)
	})
	if err != nil {
		return wrap(ctx, err, "delete workspace %s", key)
	}
	return wrap(ctx, s.deleteHistory(ctx, key), "delete the history of workspace %s", key)
}

func anys[T any](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}
