package models

import "time"

// MaxDefinition is the size limit of a pipeline's YAML in bytes.
const MaxDefinition = 1 << 20

// Pipeline orders cases. Definition is the rule YAML as given; a pipeline made from a list of case
// keys gets the sequential YAML that says the same.
type Pipeline struct {
	Key          string    `json:"key" gorm:"primaryKey" example:"ABC-0001"`
	WorkspaceKey string    `json:"workspace_key"`
	Name         string    `json:"name"`
	Description  string    `json:"description"`
	Definition   string    `json:"definition,omitempty" doc:"Rule YAML; left out of lists"`
	CaseKeys     []string  `json:"case_keys" gorm:"serializer:json" doc:"The cases in the order of the rules"`
	Owners       []string  `json:"owners" gorm:"serializer:json"`
	Labels       []string  `json:"labels" gorm:"serializer:json"`
	Version      int64     `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// Validate checks all fields that a user sets, except the rules themselves: package rules does that.
func (p *Pipeline) Validate() error {
	var c Check
	checkName(&c, "name", p.Name)
	checkDescription(&c, "description", p.Description)
	checkOwners(&c, "owners", p.Owners)
	checkLabels(&c, "labels", p.Labels)
	c.Require(len(p.Definition) <= MaxDefinition, "definition", "must not be larger than %d bytes", MaxDefinition)
	return c.Err()
}
