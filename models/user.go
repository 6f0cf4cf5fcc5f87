package models

import (
	"net/mail"
	"time"
)

// Role is what a user may do in a workspace.
type Role string

// The roles, each including the ones after it.
const (
	RoleAdmin  Role = "admin"  // members and settings of the workspace
	RoleEditor Role = "editor" // change definitions, start and cancel runs
	RoleViewer Role = "viewer" // read
)

var roleRank = map[Role]int{RoleViewer: 1, RoleEditor: 2, RoleAdmin: 3}

// Allows reports whether r includes need.
func (r Role) Allows(need Role) bool { return roleRank[r] >= roleRank[need] && roleRank[need] > 0 }

// User is a person or a machine account.
type User struct {
	ID        int64     `json:"id" gorm:"primaryKey;autoIncrement:false"`
	Email     string    `json:"email" format:"email"`
	Name      string    `json:"name"`
	Admin     bool      `json:"admin" doc:"May do everything in every workspace"`
	Disabled  bool      `json:"disabled" doc:"May not use the API any more"`
	Version   int64     `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Validate checks all fields that a user sets.
func (u *User) Validate() error {
	var c Check
	a, err := mail.ParseAddress(u.Email)
	c.Require(err == nil && a.Address == u.Email && len(u.Email) <= MaxName, "email", "%q is not an e-mail address", u.Email)
	checkName(&c, "name", u.Name)
	return c.Err()
}

// Member gives a user a role in a workspace.
type Member struct {
	WorkspaceKey string    `json:"workspace_key" gorm:"primaryKey"`
	UserID       int64     `json:"user_id" gorm:"primaryKey;autoIncrement:false"`
	Role         Role      `json:"role" enum:"admin,editor,viewer"`
	CreatedAt    time.Time `json:"created_at"`
}

// Validate checks all fields that a user sets.
func (m *Member) Validate() error {
	var c Check
	c.Require(roleRank[m.Role] > 0, "role", "must be admin, editor or viewer")
	return c.Err()
}

// Token is an API token. Only the SHA-256 of its text is stored.
type Token struct {
	ID         string     `json:"id" gorm:"primaryKey" doc:"The middle part of the token's text"`
	UserID     int64      `json:"user_id"`
	Name       string     `json:"name"`
	Hash       string     `json:"-"`
	ReadOnly   bool       `json:"read_only" doc:"May only read, whatever the user's roles"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"Kept to the minute"`
	CreatedAt  time.Time  `json:"created_at"`
}

// Validate checks all fields that a user sets.
func (t *Token) Validate() error {
	var c Check
	checkName(&c, "name", t.Name)
	return c.Err()
}

// Expired reports whether the token may not be used at now any more.
func (t *Token) Expired(now time.Time) bool { return t.ExpiresAt != nil && !now.Before(*t.ExpiresAt) }
