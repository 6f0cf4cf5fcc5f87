package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerCases() {
	handle(s, route{
		method: http.MethodGet, path: "/cases", need: needViewer, id: "list-cases", tag: tagCases,
		summary: "List cases", description: "Without their requests and variables.",
	}, s.listCases)
	handle(s, route{
		method: http.MethodPost, path: "/cases", need: needEditor, id: "create-case", tag: tagCases,
		summary: "Create a case", status: http.StatusCreated, versioned: true,
		example: exampleCase,
	}, s.createCase)
	handle(s, route{
		method: http.MethodGet, path: "/cases/{key}", need: needViewer, id: "get-case", tag: tagCases,
		summary: "Get a case", description: "Secrets are shown as ******.", versioned: true,
	}, s.getCase)
	handle(s, route{
		method: http.MethodPatch, path: "/cases/{key}", need: needEditor, id: "update-case", tag: tagCases,
		summary: "Change a case", versioned: true,
		example: wire.CasePatch{TimeoutSeconds: new(30), Labels: &[]string{"smoke"}},
	}, s.updateCase)
	handle(s, route{
		method: http.MethodDelete, path: "/cases/{key}", need: needEditor, id: "delete-case", tag: tagCases,
		summary:     "Delete a case",
		description: "Refused while a pipeline runs it, unless forced: the pipeline's runs then end as error and say why.",
		versioned:   true, status: http.StatusNoContent,
	}, s.deleteCase)
}

// CaseKey names a case in a path.
type CaseKey struct {
	Key string `path:"key" doc:"Key of the case" example:"0000A3F1"`
}

func (s *server) listCases(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Name      string `query:"name" doc:"Part of the name, ignoring case"`
	Label     string `query:"label" doc:"Only with this label"`
},
) (*plain[wire.List[models.Case]], error) {
	filter := models.DefinitionFilter{WorkspaceKey: in.Workspace, Name: in.Name, Label: in.Label}
	return listDefinitions(ctx, s, filter, in.Paging, "cases", s.store.Cases, shownCase)
}

func (s *server) createCase(ctx context.Context, in *struct{ Body wire.CaseCreate }) (*made[models.Case], error) {
	b := in.Body
	if err := s.enter(ctx, b.WorkspaceKey); err != nil {
		return nil, err
	}
	c := models.Case{
		WorkspaceKey: b.WorkspaceKey, Name: b.Name, Description: b.Description, Kind: b.Kind, HTTP: b.HTTP,
		Variables: b.Variables, EnvironmentUID: b.EnvironmentUID, RuntimeName: b.RuntimeName,
		Owners: b.Owners, Labels: b.Labels, TimeoutSeconds: b.TimeoutSeconds, Retries: b.Retries,
	}
	if c.TimeoutSeconds == 0 {
		c.TimeoutSeconds = int(models.DefaultCaseTimeout.Seconds())
	}
	if err := s.checkCase(ctx, &c, models.Case{}); err != nil {
		return nil, err
	}
	if err := s.store.CreateCase(ctx, &c); err != nil {
		return nil, fmt.Errorf("create case: %w", err)
	}
	return &made[models.Case]{ETag: etag(c.Version), Location: prefix + "/cases/" + c.Key, Body: shownCase(c)}, nil
}

func (s *server) getCase(ctx context.Context, in *struct {
	CaseKey
	IfNoneMatch
},
) (*shown[models.Case], error) {
	c, err := s.testCase(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, c.Version, shownCase(c)), nil
}

func (s *server) updateCase(ctx context.Context, in *struct {
	CaseKey
	IfMatch
	Body wire.CasePatch
},
) (*shown[models.Case], error) {
	c, err := change(ctx, in.IfMatch, func(c *models.Case) int64 { return c.Version },
		func(ctx context.Context) (models.Case, error) { return s.testCase(ctx, in.Key) },
		func(c *models.Case) error {
			old := *c
			patchCase(c, in.Body)
			return s.checkCase(ctx, c, old)
		}, s.store.UpdateCase)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, c.Version, shownCase(c)), nil
}

// patchCase writes what the patch holds; secrets that it holds masked stay what they are. The patch
// is copied, because a change that lost a race is made again.
func patchCase(c *models.Case, p wire.CasePatch) {
	old := *c
	set(&c.Name, p.Name)
	set(&c.Description, p.Description)
	set(&c.EnvironmentUID, p.EnvironmentUID)
	set(&c.RuntimeName, p.RuntimeName)
	set(&c.Owners, p.Owners)
	set(&c.Labels, p.Labels)
	set(&c.TimeoutSeconds, p.TimeoutSeconds)
	set(&c.Retries, p.Retries)
	if p.Variables != nil {
		c.Variables = slices.Clone(*p.Variables)
	}
	if p.HTTP != nil {
		spec := *p.HTTP
		if spec.Auth != nil {
			auth := *spec.Auth
			spec.Auth = &auth
		}
		c.HTTP = &spec
	}
	c.Unmask(old)
}

func (s *server) deleteCase(ctx context.Context, in *struct {
	CaseKey
	IfMatch
	Force bool `query:"force" doc:"Delete it from under the pipelines that run it"`
},
) (*struct{}, error) {
	c, err := s.testCase(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.check(c.Version); err != nil {
		return nil, err
	}
	err = s.store.DeleteCase(ctx, in.Key, in.Force)
	if errors.Is(err, models.ErrInUse) {
		return nil, s.inUse(ctx, "pipelines", in.Key, s.store.PipelinesUsing)
	}
	if err != nil {
		return nil, fmt.Errorf("delete case %s: %w", in.Key, err)
	}
	return nil, nil
}

// inUse names who uses a definition that may be deleted by force.
func (s *server) inUse(ctx context.Context, who, key string, users func(context.Context, string) ([]string, error)) error {
	keys, err := users(ctx, key)
	if err != nil {
		return fmt.Errorf("look up what uses %s: %w", key, err)
	}
	const most = 20
	names := strings.Join(keys[:min(len(keys), most)], ", ")
	if len(keys) > most {
		names += fmt.Sprintf(" and %d more", len(keys)-most)
	}
	return because(models.ErrInUse, "%s is used by the %s %s; take it out there, or delete it with ?force=true", key, who, names)
}

// testCase loads a case that the caller may see.
func (s *server) testCase(ctx context.Context, key string) (models.Case, error) {
	return visible(ctx, "case", key, s.store.Case, func(c *models.Case) string { return c.WorkspaceKey })
}

// checkCase fills in the default runtime and checks everything; references only if they changed, so
// that a case whose runtime is gone can still be edited.
func (s *server) checkCase(ctx context.Context, c *models.Case, old models.Case) error {
	if c.RuntimeName == "" {
		c.RuntimeName = models.DefaultRuntime
	}
	var check models.Check
	invalid := c.Validate()
	check.Join("", invalid)
	if invalid == nil {
		check.Join("", s.deps.CheckCase(*c))
	}
	checkMasks(&check, c)
	if c.EnvironmentUID != old.EnvironmentUID {
		if err := s.checkEnvironmentUID(ctx, &check, "environment_uid", c.WorkspaceKey, c.EnvironmentUID); err != nil {
			return err
		}
	}
	if c.RuntimeName != old.RuntimeName {
		if err := s.checkRuntime(ctx, &check, c.RuntimeName); err != nil {
			return err
		}
	}
	return check.Err()
}

func checkMasks(check *models.Check, c *models.Case) {
	for i, v := range c.Variables {
		check.Require(v.Value != models.Mask, fmt.Sprintf("variables[%d].value", i), maskGiven)
	}
	if c.HTTP != nil && c.HTTP.Auth != nil {
		check.Require(c.HTTP.Auth.Password != models.Mask, "http.auth.password", maskGiven)
		check.Require(c.HTTP.Auth.Token != models.Mask, "http.auth.token", maskGiven)
	}
}

func (s *server) checkRuntime(ctx context.Context, check *models.Check, name string) error {
	runtimes, err := s.store.Runtimes(ctx)
	if err != nil {
		return fmt.Errorf("look up runtime %s: %w", name, err)
	}
	known := make([]string, len(runtimes))
	for i, r := range runtimes {
		known[i] = r.Name
	}
	check.Require(slices.Contains(known, name), "runtime_name", "there is no runtime %q; known: %s", name, strings.Join(known, ", "))
	return nil
}

// shownCase is a case as it is answered.
func shownCase(c models.Case) models.Case {
	c = c.Masked()
	c.Owners, c.Labels = some(c.Owners), some(c.Labels)
	return c
}
