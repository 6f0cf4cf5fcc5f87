package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerWorkspaces() {
	handle(s, route{
		method: http.MethodGet, path: "/workspaces", need: needViewer, id: "list-workspaces", tag: tagWorkspaces,
		summary: "List the workspaces that you can see",
	}, s.listWorkspaces)
	handle(s, route{
		method: http.MethodPost, path: "/workspaces", need: needAdmin, id: "create-workspace", tag: tagWorkspaces,
		summary: "Create a workspace", status: http.StatusCreated, versioned: true,
		example: wire.WorkspaceCreate{Key: "ABC", Name: "Payments team"},
	}, s.createWorkspace)
	handle(s, route{
		method: http.MethodGet, path: "/workspaces/{key}", need: needViewer, id: "get-workspace", tag: tagWorkspaces,
		summary: "Get a workspace", versioned: true,
	}, s.getWorkspace)
	handle(s, route{
		method: http.MethodPatch, path: "/workspaces/{key}", need: needWorkspaceAdmin, id: "update-workspace", tag: tagWorkspaces,
		summary: "Change a workspace", versioned: true,
		example: wire.WorkspacePatch{Description: new("Everything about paying")},
	}, s.updateWorkspace)
	handle(s, route{
		method: http.MethodDelete, path: "/workspaces/{key}", need: needWorkspaceAdmin, id: "delete-workspace", tag: tagWorkspaces,
		summary:     "Delete a workspace",
		description: "Only an empty one: delete its definitions first. Its members and its history of runs go with it.",
		versioned:   true, status: http.StatusNoContent,
	}, s.deleteWorkspace)
}

// WorkspaceKey names a workspace in a path.
type WorkspaceKey struct {
	Key string `path:"key" doc:"Key of the workspace" example:"ABC"`
}

func (s *server) listWorkspaces(ctx context.Context, in *struct{ Paging }) (*plain[wire.List[models.Workspace]], error) {
	g := granted(ctx)
	g.asked = true
	var only []string // nil: all
	if !g.user.Admin {
		only = g.workspaces()
	}
	if err := checkCursor("workspaces", in.After); err != nil {
		return nil, err
	}
	items, next, err := s.store.Workspaces(ctx, only, in.page())
	return listOf(items, next, err, "workspaces", same)
}

func (s *server) createWorkspace(ctx context.Context, in *struct{ Body wire.WorkspaceCreate }) (*made[models.Workspace], error) {
	w := models.Workspace{Key: in.Body.Key, Name: in.Body.Name, Description: in.Body.Description}
	if err := w.Validate(); err != nil {
		return nil, err
	}
	if err := s.store.CreateWorkspace(ctx, &w); err != nil {
		return nil, taken(err, "create workspace", "there is a workspace %s already", w.Key)
	}
	return &made[models.Workspace]{ETag: etag(w.Version), Location: prefix + "/workspaces/" + w.Key, Body: w}, nil
}

func (s *server) getWorkspace(ctx context.Context, in *struct {
	WorkspaceKey
	IfNoneMatch
},
) (*shown[models.Workspace], error) {
	w, err := s.workspace(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, w.Version, w), nil
}

func (s *server) updateWorkspace(ctx context.Context, in *struct {
	WorkspaceKey
	IfMatch
	Body wire.WorkspacePatch
},
) (*shown[models.Workspace], error) {
	w, err := change(ctx, in.IfMatch, func(w *models.Workspace) int64 { return w.Version },
		func(ctx context.Context) (models.Workspace, error) { return s.workspace(ctx, in.Key) },
		func(w *models.Workspace) error {
			set(&w.Name, in.Body.Name)
			set(&w.Description, in.Body.Description)
			return w.Validate()
		}, s.store.UpdateWorkspace)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, w.Version, w), nil
}

func (s *server) deleteWorkspace(ctx context.Context, in *struct {
	WorkspaceKey
	IfMatch
},
) (*struct{}, error) {
	w, err := s.workspace(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.check(w.Version); err != nil {
		return nil, err
	}
	if err := s.store.DeleteWorkspace(ctx, in.Key); err != nil {
		return nil, fmt.Errorf("delete workspace %s: %w", in.Key, err)
	}
	s.callers.forget()
	return nil, nil
}

// workspace loads a workspace that the caller may see.
func (s *server) workspace(ctx context.Context, key string) (models.Workspace, error) {
	return visible(ctx, "workspace", key, s.store.Workspace, func(w *models.Workspace) string { return w.Key })
}
