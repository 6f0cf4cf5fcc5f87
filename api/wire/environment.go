package wire

import "github.com/bellwether/bellwether/models"

// EnvironmentCreate makes an environment.
type EnvironmentCreate struct {
	WorkspaceKey string            `json:"workspace_key" example:"ABC"`
	Name         string            `json:"name" example:"STAGING"`
	Values       []models.EnvValue `json:"values,omitempty"`
}

// EnvironmentPatch changes the fields of an environment that it holds. A secret value sent as ******
// stays what it is.
type EnvironmentPatch struct {
	Name   *string            `json:"name,omitempty" example:"STAGING"`
	Values *[]models.EnvValue `json:"values,omitempty" doc:"Replaces all values; a secret sent as ****** stays what it is"`
}
