package wire

import "github.com/bellwether/bellwether/models"

// RunCreate is what one run does otherwise than its trigger says.
type RunCreate struct {
	Parameters     map[string]string `json:"parameters,omitempty" doc:"Run variables, laid over the trigger's"`
	EnvironmentUID string            `json:"environment_uid,omitempty" doc:"Overrides the environment of the trigger and of every case"`
}

// Result is a case result with what happened in each try.
type Result struct {
	models.CaseResult
	Reports []models.Report `json:"reports" doc:"One for each try, masked and truncated"`
}
