package wire

import "github.com/bellwether/bellwether/models"

// CaseCreate makes a case.
type CaseCreate struct {
	WorkspaceKey   string                `json:"workspace_key" example:"ABC"`
	Name           string                `json:"name" example:"home page answers"`
	Description    string                `json:"description,omitempty"`
	Kind           models.CaseKind       `json:"kind" enum:"http"`
	HTTP           *models.HTTPSpec      `json:"http,omitempty" doc:"The request and what is expected of the response; required for kind http"`
	Variables      []models.CaseVariable `json:"variables,omitempty" doc:"The environment and the run's parameters override them"`
	EnvironmentUID string                `json:"environment_uid,omitempty" doc:"An environment of the same workspace"`
	RuntimeName    string                `json:"runtime_name,omitempty" doc:"Where the case executes; default: default"`
	Owners         []string              `json:"owners,omitempty" doc:"E-mail addresses" example:"jane@example.com"`
	Labels         []string              `json:"labels,omitempty"`
	TimeoutSeconds int                   `json:"timeout_seconds,omitempty" doc:"For one try of the whole case; default 120"`
	Retries        int                   `json:"retries,omitempty" doc:"How often a case that did not pass is tried again; 0 to 5"`
}

// CasePatch changes the fields of a case that it holds. A secret sent as ****** stays what it is.
type CasePatch struct {
	Name           *string                `json:"name,omitempty"`
	Description    *string                `json:"description,omitempty"`
	HTTP           *models.HTTPSpec       `json:"http,omitempty" doc:"Replaces the whole request; a password or token sent as ****** stays what it is"`
	Variables      *[]models.CaseVariable `json:"variables,omitempty" doc:"Replaces all variables; a secret sent as ****** stays what it is"`
	EnvironmentUID *string                `json:"environment_uid,omitempty" doc:"Empty: none"`
	RuntimeName    *string                `json:"runtime_name,omitempty"`
	Owners         *[]string              `json:"owners,omitempty"`
	Labels         *[]string              `json:"labels,omitempty"`
	TimeoutSeconds *int                   `json:"timeout_seconds,omitempty"`
	Retries        *int                   `json:"retries,omitempty"`
}
