package store

import (
	"context"
	"strconv"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// CreateUser inserts a user and gives it an id. ErrDuplicate: the e-mail address is taken.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	id, err := s.next(ctx, counterUser, 1)
	if err != nil {
		return wrap(ctx, err, "create user %s", u.Email)
	}
	u.ID = id
	s.born(&u.Version, &u.CreatedAt, &u.UpdatedAt)
	err = s.do(ctx, func(db *gorm.DB) error { return db.Create(u).Error })
	return wrap(ctx, err, "create user %s", u.Email)
}

// User reads a user.
func (s *Store) User(ctx context.Context, id int64) (models.User, error) {
	u, err := takeRow[models.User](s.query(ctx), "id", id)
	return u, wrap(ctx, err, "load user %d", id)
}

// UserByEmail reads the user with an e-mail address, which is compared exactly.
func (s *Store) UserByEmail(ctx context.Context, email string) (models.User, error) {
	u, err := takeRow[models.User](s.query(ctx), "email", email)
	return u, wrap(ctx, err, "load user %s", email)
}

// Users lists users. Only the filter's name narrows it.
func (s *Store) Users(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.User, string, error) {
	if page.After != "" {
		if _, err := strconv.ParseInt(page.After, 10, 64); err != nil {
			return nil, "", badCursor()
		}
	}
	db := s.narrow(s.query(ctx), models.DefinitionFilter{Name: f.Name})
	items, next, err := pageOf(db, page, "id", func(u *models.User) string { return strconv.FormatInt(u.ID, 10) })
	return items, next, wrap(ctx, err, "list users")
}

// CountUsers counts all users.
func (s *Store) CountUsers(ctx context.Context) (int64, error) {
	var n int64
	err := s.query(ctx).Model(&models.User{}).Count(&n).Error
	return n, wrap(ctx, err, "count users")
}

// UpdateUser replaces a user.
func (s *Store) UpdateUser(ctx context.Context, u *models.User) error {
	err := s.change(ctx, &u.Version, &u.UpdatedAt, func(tx *gorm.DB, read int64) error {
		return replaceRow(tx, u, "id", u.ID, read)
	})
	return wrap(ctx, err, "update user %d", u.ID)
}

// DeleteUser deletes a user with its tokens and memberships.
func (s *Store) DeleteUser(ctx context.Context, id int64) error {
	err := s.do(ctx, func(db *gorm.DB) error { return deleteRow[models.User](db, "id", id) })
	return wrap(ctx, err, "delete user %d", id)
}

// badCursor is the error of a cursor that no list has answered.
func badCursor() error {
	var c models.Check
	c.Addf("after", "is not a cursor of this list; use the one that the page before came with")
	return c.Err()
}
