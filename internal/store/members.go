package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// Members lists the members of a workspace by user id.
func (s *Store) Members(ctx context.Context, workspace string) ([]models.Member, error) {
	var members []models.Member
	err := s.query(ctx).Where("workspace_key = ?", workspace).Order("user_id").Find(&members).Error
	return members, wrap(ctx, err, "list members of workspace %s", workspace)
}

// SetMember gives a user a role in a workspace, instead of the one it may have. ErrNotFound: no such
// workspace or user.
func (s *Store) SetMember(ctx context.Context, m *models.Member) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var old models.Member
		err := forUpdate(tx).Take(&old, "workspace_key = ? AND user_id = ?", m.WorkspaceKey, m.UserID).Error
		switch {
		case err == nil:
			m.CreatedAt = old.CreatedAt
			return tx.Model(&old).UpdateColumn("role", m.Role).Error
		case !errors.Is(err, models.ErrNotFound):
			return err
		}
		m.CreatedAt = s.now()
		err = tx.Create(m).Error
		switch {
		case errors.Is(err, models.ErrDuplicate):
			return errRetry
		case errors.Is(err, errForeignKey):
			return models.ErrNotFound
		}
		return err
	})
	return wrap(ctx, err, "make user %d a member of workspace %s", m.UserID, m.WorkspaceKey)
}

// RemoveMember takes a user's role in a workspace away.
func (s *Store) RemoveMember(ctx context.Context, workspace string, userID int64) error {
	err := s.do(ctx, func(db *gorm.DB) error {
		return matched(db.Where("workspace_key = ? AND user_id = ?", workspace, userID).Delete(&models.Member{}))
	})
	return wrap(ctx, err, "remove user %d from workspace %s", userID, workspace)
}

// Roles answers a user's roles by workspace.
func (s *Store) Roles(ctx context.Context, userID int64) (map[string]models.Role, error) {
	var members []models.Member
	if err := s.query(ctx).Where("user_id = ?", userID).Find(&members).Error; err != nil {
		return nil, wrap(ctx, err, "load roles of user %d", userID)
	}
	roles := make(map[string]models.Role, len(members))
	for _, m := range members {
		roles[m.WorkspaceKey] = m.Role
	}
	return roles, nil
}
