package models

import "time"

// Workspace is a team's space; it owns everything below it.
type Workspace struct {
	Key         string    `json:"key" gorm:"primaryKey" doc:"Three upper-case letters or digits, chosen by the team" example:"ABC"`
	Name        string    `json:"name" example:"Payments team"`
	Description string    `json:"description"`
	Version     int64     `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Validate checks all fields that a user sets.
func (w *Workspace) Validate() error {
	var c Check
	c.Require(ValidWorkspaceKey(w.Key), "key", "must be three upper-case letters or digits, such as ABC")
	checkName(&c, "name", w.Name)
	checkDescription(&c, "description", w.Description)
	return c.Err()
}
