package wire

import "github.com/bellwether/bellwether/models"

// WebhookCreate subscribes a URL to events of a workspace.
type WebhookCreate struct {
	WorkspaceKey string        `json:"workspace_key" example:"ABC"`
	Name         string        `json:"name" example:"on-call"`
	URL          string        `json:"url" example:"https://example.com/hook"`
	Format       models.Format `json:"format,omitempty" enum:"bellwether,testany" doc:"How the body looks; default bellwether"`
	Events       []string      `json:"events,omitempty" doc:"Default: run.finished" example:"run.finished"`
	TriggerKeys  []string      `json:"trigger_keys,omitempty" doc:"Only events of these triggers; default: all of the workspace"`
	Enabled      *bool         `json:"enabled,omitempty" doc:"Default true"`
	Secret       string        `json:"secret,omitempty" doc:"Deliveries are signed with it; 16 to 256 characters, never shown again"`
	Owners       []string      `json:"owners,omitempty" doc:"E-mail addresses" example:"jane@example.com"`
}

// WebhookPatch changes the fields of a webhook that it holds.
type WebhookPatch struct {
	Name        *string        `json:"name,omitempty"`
	URL         *string        `json:"url,omitempty"`
	Format      *models.Format `json:"format,omitempty" enum:"bellwether,testany"`
	Events      *[]string      `json:"events,omitempty"`
	TriggerKeys *[]string      `json:"trigger_keys,omitempty" doc:"Empty: all of the workspace"`
	Enabled     *bool          `json:"enabled,omitempty"`
	Secret      *string        `json:"secret,omitempty" doc:"Empty: deliveries are not signed any more"`
	Owners      *[]string      `json:"owners,omitempty"`
}
