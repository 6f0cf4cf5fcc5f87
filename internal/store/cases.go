package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// keysPerQuery bounds the list of an IN, so that a statement stays within both databases' limits.
const keysPerQuery = 500

// CreateCase inserts a case and gives it a key.
func (s *Store) CreateCase(ctx context.Context, c *models.Case) error {
	n, err := s.next(ctx, counterCase, 1)
	if err != nil {
		return wrap(ctx, err, "create case %q", c.Name)
	}
	c.Key = models.CaseKey(n)
	s.born(&c.Version, &c.CreatedAt, &c.UpdatedAt)
	row, err := s.caseRow(c)
	if err == nil {
		err = s.do(ctx, func(db *gorm.DB) error { return insertInWorkspace(db, row, c.WorkspaceKey) })
	}
	return wrap(ctx, err, "create case %s", c.Key)
}

// caseRow is the case as it is stored.
func (s *Store) caseRow(c *models.Case) (*models.Case, error) {
	c.Variables, c.Owners, c.Labels = list(c.Variables), list(c.Owners), list(c.Labels)
	row := *c
	var err error
	row.Sealed, err = s.seal("cases", c.Key, caseSecrets{HTTP: c.HTTP, Variables: c.Variables})
	return &row, err
}

// Case reads a case with its request and variables.
func (s *Store) Case(ctx context.Context, key string) (models.Case, error) {
	c, err := s.oneCase(s.query(ctx), key)
	return c, wrap(ctx, err, "load case %s", key)
}

func (s *Store) oneCase(db *gorm.DB, key string) (models.Case, error) {
	c, err := takeRow[models.Case](db, "key", key)
	if err != nil {
		return c, err
	}
	var secrets caseSecrets
	if err = s.unseal("cases", key, c.Sealed, &secrets); err != nil {
		return models.Case{}, err
	}
	c.HTTP, c.Variables, c.Sealed = secrets.HTTP, list(secrets.Variables), nil
	return c, nil
}

// Cases lists cases without their requests and variables.
func (s *Store) Cases(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.Case, string, error) {
	f.Method = ""
	db := s.narrow(s.query(ctx), f).Omit("sealed")
	items, next, err := pageOf(db, page, "key", func(c *models.Case) string { return c.Key })
	return items, next, wrap(ctx, err, "list cases")
}

// UpdateCase replaces a case, request and variables included.
func (s *Store) UpdateCase(ctx context.Context, c *models.Case) error {
	err := s.change(ctx, &c.Version, &c.UpdatedAt, func(tx *gorm.DB, read int64) error {
		row, err := s.caseRow(c)
		if err != nil {
			return err
		}
		return replaceRow(tx, row, "key", c.Key, read, "workspace_key", "kind")
	})
	return wrap(ctx, err, "update case %s", c.Key)
}

// DeleteCase deletes a case. ErrInUse: a pipeline names it, unless force; the next run of that
// pipeline is an error then.
func (s *Store) DeleteCase(ctx context.Context, key string, force bool) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		users, err := pipelinesUsing(tx, key)
		if err != nil {
			return err
		}
		if len(users) > 0 && !force {
			return usedBy(users)
		}
		return deleteRow[models.Case](tx, "key", key)
	})
	return wrap(ctx, err, "delete case %s", key)
}

// PipelinesUsing answers the keys of the pipelines that name a case.
func (s *Store) PipelinesUsing(ctx context.Context, caseKey string) ([]string, error) {
	keys, err := pipelinesUsing(s.query(ctx), caseKey)
	return keys, wrap(ctx, err, "find the pipelines of case %s", caseKey)
}

// MissingCases answers which of the keys are no cases of a workspace, in the order given.
func (s *Store) MissingCases(ctx context.Context, workspace string, keys []string) ([]string, error) {
	missing, err := missingKeys[models.Case](s.query(ctx), workspace, keys)
	return missing, wrap(ctx, err, "look for cases in workspace %s", workspace)
}

func missingKeys[T any](db *gorm.DB, workspace string, keys []string) ([]string, error) {
	found := make(map[string]bool, len(keys))
	for part := range chunks(keys, keysPerQuery) {
		var have []string
		err := db.Model(new(T)).Where("workspace_key = ?", workspace).
			Where(where("key", part)).Pluck("key", &have).Error
		if err != nil {
			return nil, err
		}
		for _, key := range have {
			found[key] = true
		}
	}
	var missing []string
	for _, key := range keys {
		if !found[key] {
			missing = append(missing, key)
			found[key] = true // name it once
		}
	}
	return missing, nil
}

func joinKeys(keys []string, more bool) string {
	text := strings.Join(keys, ", ")
	if more {
		text += " and others"
	}
	return text
}
