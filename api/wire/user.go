package wire

import (
	"time"

	"github.com/bellwether/bellwether/models"
)

// UserCreate makes a user.
type UserCreate struct {
	Email string `json:"email" example:"jane@example.com"`
	Name  string `json:"name" example:"Jane Doe"`
	Admin bool   `json:"admin,omitempty" doc:"May do everything in every workspace"`
}

// UserPatch changes the fields of a user that it holds.
type UserPatch struct {
	Email    *string `json:"email,omitempty" example:"jane@example.com"`
	Name     *string `json:"name,omitempty" example:"Jane Doe"`
	Admin    *bool   `json:"admin,omitempty" doc:"May do everything in every workspace"`
	Disabled *bool   `json:"disabled,omitempty" doc:"May not use the API any more; takes effect within 5 seconds"`
}

// TokenCreate makes an API token.
type TokenCreate struct {
	Name      string     `json:"name" example:"CI of the web shop"`
	UserID    int64      `json:"user_id,omitempty" doc:"Whose token; default: yours. Other users' tokens are for administrators"`
	ReadOnly  bool       `json:"read_only,omitempty" doc:"The token may only read, whatever the user's roles"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Default: never" example:"2030-01-31T00:00:00Z"`
}

// TokenCreated is a new token with its text, which is shown only here.
type TokenCreated struct {
	models.Token
	Text string `json:"token" doc:"The text to send as Authorization: Bearer; it cannot be shown again" example:"bw_0198c0de_…"`
}

// Me is who is asking.
type Me struct {
	User       models.User            `json:"user"`
	Token      models.Token           `json:"token" doc:"The token that this request was made with"`
	Workspaces map[string]models.Role `json:"workspaces" doc:"Your roles by workspace key; an administrator has every role everywhere"`
	Version    string                 `json:"version" doc:"The server's version"`
}
