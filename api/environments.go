package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerEnvironments() {
	handle(s, route{
		method: http.MethodGet, path: "/environments", need: needViewer, id: "list-environments", tag: tagEnvironments,
		summary: "List environments", description: "Without their values.",
	}, s.listEnvironments)
	handle(s, route{
		method: http.MethodPost, path: "/environments", need: needEditor, id: "create-environment", tag: tagEnvironments,
		summary: "Create an environment", status: http.StatusCreated, versioned: true,
		example: wire.EnvironmentCreate{WorkspaceKey: "ABC", Name: "STAGING", Values: []models.EnvValue{
			{Key: "BASE_URL", Value: "https://staging.example.com"},
			{Key: "API_KEY", Value: "the key", Type: models.ValueSecret},
		}},
	}, s.createEnvironment)
	handle(s, route{
		method: http.MethodGet, path: "/environments/{uid}", need: needViewer, id: "get-environment", tag: tagEnvironments,
		summary: "Get an environment", description: "Secret values are shown as ******.", versioned: true,
	}, s.getEnvironment)
	handle(s, route{
		method: http.MethodPatch, path: "/environments/{uid}", need: needEditor, id: "update-environment", tag: tagEnvironments,
		summary: "Change an environment", versioned: true,
		example: wire.EnvironmentPatch{Name: new("QA")},
	}, s.updateEnvironment)
	handle(s, route{
		method: http.MethodDelete, path: "/environments/{uid}", need: needEditor, id: "delete-environment", tag: tagEnvironments,
		summary: "Delete an environment", description: "Refused while a case or a trigger uses it.",
		versioned: true, status: http.StatusNoContent,
	}, s.deleteEnvironment)
}

// EnvironmentUID names an environment in a path.
type EnvironmentUID struct {
	UID string `path:"uid" doc:"UID of the environment"`
}

func (s *server) listEnvironments(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Name      string `query:"name" doc:"Part of the name, ignoring case"`
},
) (*plain[wire.List[models.Environment]], error) {
	filter := models.DefinitionFilter{WorkspaceKey: in.Workspace, Name: in.Name}
	return listDefinitions(ctx, s, filter, in.Paging, "environments", s.store.Environments, shownEnvironment)
}

func (s *server) createEnvironment(ctx context.Context, in *struct{ Body wire.EnvironmentCreate }) (*made[models.Environment], error) {
	if err := s.enter(ctx, in.Body.WorkspaceKey); err != nil {
		return nil, err
	}
	e := models.Environment{
		UID:          models.EnvironmentUID(granted(ctx).user.ID, s.deps.NewID()),
		WorkspaceKey: in.Body.WorkspaceKey, Name: in.Body.Name, Values: in.Body.Values,
	}
	if err := checkEnvironment(&e); err != nil {
		return nil, err
	}
	if err := s.store.CreateEnvironment(ctx, &e); err != nil {
		return nil, fmt.Errorf("create environment: %w", err)
	}
	return &made[models.Environment]{
		ETag: etag(e.Version), Location: prefix + "/environments/" + e.UID, Body: shownEnvironment(e),
	}, nil
}

func (s *server) getEnvironment(ctx context.Context, in *struct {
	EnvironmentUID
	IfNoneMatch
},
) (*shown[models.Environment], error) {
	e, err := s.environment(ctx, in.UID)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, e.Version, shownEnvironment(e)), nil
}

func (s *server) updateEnvironment(ctx context.Context, in *struct {
	EnvironmentUID
	IfMatch
	Body wire.EnvironmentPatch
},
) (*shown[models.Environment], error) {
	e, err := change(ctx, in.IfMatch, func(e *models.Environment) int64 { return e.Version },
		func(ctx context.Context) (models.Environment, error) { return s.environment(ctx, in.UID) },
		func(e *models.Environment) error {
			set(&e.Name, in.Body.Name)
			if in.Body.Values != nil {
				old := e.Values
				e.Values = append([]models.EnvValue{}, *in.Body.Values...)
				e.Unmask(old)
			}
			return checkEnvironment(e)
		}, s.store.UpdateEnvironment)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, e.Version, shownEnvironment(e)), nil
}

func (s *server) deleteEnvironment(ctx context.Context, in *struct {
	EnvironmentUID
	IfMatch
},
) (*struct{}, error) {
	e, err := s.environment(ctx, in.UID)
	if err != nil {
		return nil, err
	}
	if err := in.check(e.Version); err != nil {
		return nil, err
	}
	if err := s.store.DeleteEnvironment(ctx, in.UID); err != nil {
		return nil, fmt.Errorf("delete environment %s: %w", in.UID, err)
	}
	return nil, nil
}

// environment loads an environment that the caller may see.
func (s *server) environment(ctx context.Context, uid string) (models.Environment, error) {
	return visible(ctx, "environment", uid, s.store.Environment, func(e *models.Environment) string { return e.WorkspaceKey })
}

// checkEnvironment validates an environment whose masked secrets have been filled in again.
func checkEnvironment(e *models.Environment) error {
	var c models.Check
	c.Join("", e.Validate())
	for i, v := range e.Values {
		c.Require(v.Value != models.Mask, fmt.Sprintf("values[%d].value", i), maskGiven)
	}
	return c.Err()
}

// maskGiven refuses the mask of a secret that is not there to be kept.
const maskGiven = "is the mask of a hidden value, but nothing is hidden here; give the value itself"

// checkEnvironmentUID notes an environment that does not exist in the workspace. Empty is none.
func (s *server) checkEnvironmentUID(ctx context.Context, c *models.Check, field, workspace, uid string) error {
	if uid == "" {
		return nil
	}
	e, err := models.Environment{}, models.ErrNotFound
	if plausible(uid) {
		e, err = s.store.Environment(ctx, uid)
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return fmt.Errorf("look up environment %s: %w", uid, err)
	}
	c.Require(err == nil && e.WorkspaceKey == workspace, field, "there is no environment %q in workspace %s", uid, workspace)
	return nil
}

// shownEnvironment is an environment as it is answered.
func shownEnvironment(e models.Environment) models.Environment { return e.Masked() }
