package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/bellwether/bellwether/models"
)

// where compares a column, whose name may be a reserved word, with a value.
func where(column string, value any) clause.Expression {
	return clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: column}, Value: value}
}

// takeRow reads the row whose column has a value.
func takeRow[T any](db *gorm.DB, column string, value any, omit ...string) (T, error) {
	var row T
	err := db.Omit(omit...).Where(where(column, value)).Take(&row).Error
	return row, err
}

// pageOf reads one page in ascending order of a key column and returns the cursor of the next page,
// which is empty after the last.
func pageOf[T any](db *gorm.DB, page models.Page, column string, keyOf func(*T) string) ([]T, string, error) {
	key := clause.Column{Table: clause.CurrentTable, Name: column}
	if page.After != "" {
		db = db.Where(clause.Gt{Column: key, Value: page.After})
	}
	var rows []T
	size := page.Size()
	if err := db.Order(clause.OrderByColumn{Column: key}).Limit(size + 1).Find(&rows).Error; err != nil {
		return nil, "", err
	}
	items, next := cut(rows, size, keyOf)
	return items, next, nil
}

// cut takes away the one row that was read beyond the page and answers the cursor of the next page.
func cut[T any](rows []T, size int, keyOf func(*T) string) ([]T, string) {
	if len(rows) <= size {
		return rows, ""
	}
	return rows[:size], keyOf(&rows[size-1])
}

// narrow applies the parts of a filter that all definitions have. Label only goes with tables that
// have labels.
func (s *Store) narrow(db *gorm.DB, f models.DefinitionFilter) *gorm.DB {
	if f.WorkspaceKey != "" {
		db = db.Where("workspace_key = ?", f.WorkspaceKey)
	}
	if f.Name != "" {
		db = s.whereNameHas(db, f.Name)
	}
	if f.Label != "" {
		label, err := json.Marshal(f.Label)
		if err != nil {
			_ = db.AddError(err)
			return db
		}
		// Labels are a JSON list of strings, and INSTR compares exactly in both databases.
		db = db.Where("INSTR(labels, ?) > 0", string(label))
	}
	if f.Method != "" {
		db = db.Where("method = ?", f.Method)
	}
	return db
}

// whereNameHas finds part of a name, ignoring case. SQLite's LOWER and LIKE know the case of ASCII
// letters only; its GLOB compares whole characters, so each letter becomes a class of its cases.
func (s *Store) whereNameHas(db *gorm.DB, part string) *gorm.DB {
	if s.driver == DriverMySQL {
		return db.Where("INSTR(LOWER(name), ?) > 0", strings.ToLower(part))
	}
	var glob strings.Builder
	glob.WriteByte('*')
	for _, r := range part {
		lower, upper := unicode.ToLower(r), unicode.ToUpper(r)
		switch {
		case lower != upper:
			glob.WriteString("[" + string(lower) + string(upper) + "]")
		case strings.ContainsRune("*?[", r):
			glob.WriteString("[" + string(r) + "]")
		default:
			glob.WriteRune(r)
		}
	}
	glob.WriteByte('*')
	return db.Where("name GLOB ?", glob.String())
}

// born sets the version and times of a new definition.
func (s *Store) born(version *int64, created, updated *time.Time) {
	*version, *created = 1, s.now()
	*updated = *created
}

// change runs fn in a transaction that replaces a definition, with the version that the caller read.
// Version and time are those of the new row while fn runs, and the old ones again if it fails.
func (s *Store) change(ctx context.Context, version *int64, updated *time.Time, fn func(tx *gorm.DB, read int64) error) error {
	read, before := *version, *updated
	*version, *updated = read+1, s.now()
	err := s.tx(ctx, func(tx *gorm.DB) error { return fn(tx, read) })
	if err != nil {
		*version, *updated = read, before
	}
	return err
}

// replaceRow writes all columns of row except omit, its key and what never changes, if the stored
// version is still the one that was read.
func replaceRow[T any](tx *gorm.DB, row *T, column string, key any, read int64, omit ...string) error {
	omit = append(omit, column, "created_at")
	result := tx.Model(row).Where(where(column, key)).Where("version = ?", read).
		Select("*").Omit(omit...).UpdateColumns(row)
	if result.Error != nil || result.RowsAffected > 0 {
		return result.Error
	}
	var n int64
	if err := tx.Model(new(T)).Where(where(column, key)).Count(&n).Error; err != nil {
		return err
	}
	if n == 0 {
		return models.ErrNotFound
	}
	return models.ErrStale
}

// insertInWorkspace inserts a definition. The foreign key on the workspace says when there is none.
func insertInWorkspace(tx *gorm.DB, row any, workspace string) error {
	err := tx.Create(row).Error
	if errors.Is(err, errForeignKey) {
		return fmt.Errorf("workspace %s: %w", workspace, models.ErrNotFound)
	}
	return err
}

// deleteRow deletes the row whose column has a value.
func deleteRow[T any](tx *gorm.DB, column string, value any) error {
	result := tx.Where(where(column, value)).Delete(new(T))
	switch {
	case errors.Is(result.Error, errForeignKey):
		return models.ErrInUse
	case result.Error != nil:
		return result.Error
	case result.RowsAffected == 0:
		return models.ErrNotFound
	default:
		return nil
	}
}

// list is items, or an empty list instead of nil, so that JSON shows [] and never null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// mapOf is the same for a map.
func mapOf(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// text makes a string that both databases take: MySQL refuses bytes that are not UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
