package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// CreateEnvironment inserts an environment. An empty UID gets one without an owner.
func (s *Store) CreateEnvironment(ctx context.Context, e *models.Environment) error {
	if e.UID == "" {
		e.UID = models.EnvironmentUID(0, s.newID())
	}
	s.born(&e.Version, &e.CreatedAt, &e.UpdatedAt)
	row, err := s.environmentRow(e)
	if err == nil {
		err = s.do(ctx, func(db *gorm.DB) error { return insertInWorkspace(db, row, e.WorkspaceKey) })
	}
	return wrap(ctx, err, "create environment %s", e.UID)
}

// environmentRow is the environment as it is stored.
func (s *Store) environmentRow(e *models.Environment) (*models.Environment, error) {
	e.Values = list(e.Values)
	row := *e
	var err error
	row.Sealed, err = s.seal("environments", e.UID, environmentSecrets{Values: e.Values})
	return &row, err
}

// Environment reads an environment with all its values.
func (s *Store) Environment(ctx context.Context, uid string) (models.Environment, error) {
	e, err := s.environment(s.query(ctx), uid)
	return e, wrap(ctx, err, "load environment %s", uid)
}

func (s *Store) environment(db *gorm.DB, uid string) (models.Environment, error) {
	e, err := takeRow[models.Environment](db, "uid", uid)
	if err != nil {
		return e, err
	}
	var secrets environmentSecrets
	if err = s.unseal("environments", uid, e.Sealed, &secrets); err != nil {
		return models.Environment{}, err
	}
	e.Values, e.Sealed = list(secrets.Values), nil
	return e, nil
}

// Environments lists environments without their values.
func (s *Store) Environments(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.Environment, string, error) {
	f.Label, f.Method = "", ""
	db := s.narrow(s.query(ctx), f).Omit("sealed")
	items, next, err := pageOf(db, page, "uid", func(e *models.Environment) string { return e.UID })
	return items, next, wrap(ctx, err, "list environments")
}

// UpdateEnvironment replaces an environment, values included.
func (s *Store) UpdateEnvironment(ctx context.Context, e *models.Environment) error {
	err := s.change(ctx, &e.Version, &e.UpdatedAt, func(tx *gorm.DB, read int64) error {
		row, err := s.environmentRow(e)
		if err != nil {
			return err
		}
		return replaceRow(tx, row, "uid", e.UID, read, "workspace_key")
	})
	return wrap(ctx, err, "update environment %s", e.UID)
}

// DeleteEnvironment deletes an environment. ErrInUse: a case or a trigger uses it.
func (s *Store) DeleteEnvironment(ctx context.Context, uid string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var users []string
		for _, table := range []any{&models.Case{}, &models.Trigger{}} {
			var keys []string
			if err := tx.Model(table).Where("environment_uid = ?", uid).Limit(shownUsers).Pluck("key", &keys).Error; err != nil {
				return err
			}
			users = append(users, keys...)
		}
		if len(users) > 0 {
			return usedBy(users)
		}
		return deleteRow[models.Environment](tx, "uid", uid)
	})
	return wrap(ctx, err, "delete environment %s", uid)
}

// shownUsers is how many users of a definition an error names.
const shownUsers = 5

func usedBy(keys []string) error {
	shown := keys[:min(len(keys), shownUsers)]
	return fmt.Errorf("%w by %s", models.ErrInUse, joinKeys(shown, len(keys) > shownUsers))
}
