package wire

import "github.com/bellwether/bellwether/models"

// WorkspaceCreate makes a workspace.
type WorkspaceCreate struct {
	Key         string `json:"key" doc:"Three upper-case letters or digits; part of every key in the workspace, never changes" example:"ABC"`
	Name        string `json:"name" example:"Payments team"`
	Description string `json:"description,omitempty"`
}

// WorkspacePatch changes the fields of a workspace that it holds.
type WorkspacePatch struct {
	Name        *string `json:"name,omitempty" example:"Payments team"`
	Description *string `json:"description,omitempty"`
}

// MemberPut gives a user a role in a workspace.
type MemberPut struct {
	Role models.Role `json:"role" enum:"admin,editor,viewer" doc:"viewer reads; editor also changes definitions and runs them; admin also manages members and settings"`
}
