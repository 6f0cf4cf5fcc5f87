package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerPipelines() {
	handle(s, route{
		method: http.MethodGet, path: "/pipelines", need: needViewer, id: "list-pipelines", tag: tagPipelines,
		summary: "List pipelines", description: "Without their definitions.",
	}, s.listPipelines)
	handle(s, route{
		method: http.MethodPost, path: "/pipelines", need: needEditor, id: "create-pipeline", tag: tagPipelines,
		summary: "Create a pipeline", description: "From rules (definition) or from a list of cases (case_keys).",
		status: http.StatusCreated, versioned: true,
		example: wire.PipelineCreate{WorkspaceKey: "ABC", Name: "smoke", CaseKeys: []string{"00000001", "00000002"}},
	}, s.createPipeline)
	handle(s, route{
		method: http.MethodPost, path: "/pipelines/verify", need: needViewer, id: "verify-pipeline", tag: tagPipelines,
		summary: "Check a definition without saving it", description: "Answers the rules as they are understood, or what is wrong, with the line.",
		example: wire.PipelineVerify{WorkspaceKey: "ABC", Definition: exampleRules},
	}, s.verifyPipeline)
	handle(s, route{
		method: http.MethodGet, path: "/pipelines/{key}", need: needViewer, id: "get-pipeline", tag: tagPipelines,
		summary: "Get a pipeline", versioned: true,
	}, s.getPipeline)
	handle(s, route{
		method: http.MethodPatch, path: "/pipelines/{key}", need: needEditor, id: "update-pipeline", tag: tagPipelines,
		summary: "Change a pipeline", versioned: true,
		example: wire.PipelinePatch{Definition: new(exampleRules)},
	}, s.updatePipeline)
	handle(s, route{
		method: http.MethodDelete, path: "/pipelines/{key}", need: needEditor, id: "delete-pipeline", tag: tagPipelines,
		summary:     "Delete a pipeline",
		description: "Refused while a trigger runs it, unless forced: the trigger's runs then end as error and say why.",
		versioned:   true, status: http.StatusNoContent,
	}, s.deletePipeline)
}

// PipelineKey names a pipeline in a path.
type PipelineKey struct {
	Key string `path:"key" doc:"Key of the pipeline" example:"ABC-0001"`
}

func (s *server) listPipelines(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Name      string `query:"name" doc:"Part of the name, ignoring case"`
	Label     string `query:"label" doc:"Only with this label"`
},
) (*plain[wire.List[models.Pipeline]], error) {
	filter := models.DefinitionFilter{WorkspaceKey: in.Workspace, Name: in.Name, Label: in.Label}
	return listDefinitions(ctx, s, filter, in.Paging, "pipelines", s.store.Pipelines, shownPipeline)
}

func (s *server) createPipeline(ctx context.Context, in *struct{ Body wire.PipelineCreate }) (*made[models.Pipeline], error) {
	b := in.Body
	if err := s.enter(ctx, b.WorkspaceKey); err != nil {
		return nil, err
	}
	p := models.Pipeline{WorkspaceKey: b.WorkspaceKey, Name: b.Name, Description: b.Description, Owners: b.Owners, Labels: b.Labels}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := s.define(ctx, &p, b.Definition, b.CaseKeys); err != nil {
		return nil, err
	}
	if err := s.store.CreatePipeline(ctx, &p); err != nil {
		return nil, fmt.Errorf("create pipeline: %w", err)
	}
	return &made[models.Pipeline]{ETag: etag(p.Version), Location: prefix + "/pipelines/" + p.Key, Body: shownPipeline(p)}, nil
}

func (s *server) verifyPipeline(ctx context.Context, in *struct{ Body wire.PipelineVerify }) (*plain[wire.PipelineRules], error) {
	if err := s.enter(ctx, in.Body.WorkspaceKey); err != nil {
		return nil, err
	}
	definition, rules, err := s.rules(ctx, in.Body.WorkspaceKey, in.Body.Definition, in.Body.CaseKeys)
	if err != nil {
		return nil, err
	}
	return &plain[wire.PipelineRules]{Body: wire.PipelineRules{Definition: definition, Rules: some(rules)}}, nil
}

func (s *server) getPipeline(ctx context.Context, in *struct {
	PipelineKey
	IfNoneMatch
},
) (*shown[models.Pipeline], error) {
	p, err := s.pipeline(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, p.Version, shownPipeline(p)), nil
}

func (s *server) updatePipeline(ctx context.Context, in *struct {
	PipelineKey
	IfMatch
	Body wire.PipelinePatch
},
) (*shown[models.Pipeline], error) {
	p, err := change(ctx, in.IfMatch, func(p *models.Pipeline) int64 { return p.Version },
		func(ctx context.Context) (models.Pipeline, error) { return s.pipeline(ctx, in.Key) },
		func(p *models.Pipeline) error { return s.patchPipeline(ctx, p, in.Body) },
		s.store.UpdatePipeline)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, p.Version, shownPipeline(p)), nil
}

// patchPipeline checks rules only if the patch holds some: a pipeline from under which a case was
// deleted can still be renamed.
func (s *server) patchPipeline(ctx context.Context, p *models.Pipeline, patch wire.PipelinePatch) error {
	set(&p.Name, patch.Name)
	set(&p.Description, patch.Description)
	set(&p.Owners, patch.Owners)
	set(&p.Labels, patch.Labels)
	if err := p.Validate(); err != nil {
		return err
	}
	if patch.Definition == nil && patch.CaseKeys == nil {
		return nil
	}
	var definition string
	var keys []string
	set(&definition, patch.Definition)
	set(&keys, patch.CaseKeys)
	return s.define(ctx, p, definition, keys)
}

func (s *server) deletePipeline(ctx context.Context, in *struct {
	PipelineKey
	IfMatch
	Force bool `query:"force" doc:"Delete it from under the triggers that run it"`
},
) (*struct{}, error) {
	p, err := s.pipeline(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.check(p.Version); err != nil {
		return nil, err
	}
	err = s.store.DeletePipeline(ctx, in.Key, in.Force)
	if errors.Is(err, models.ErrInUse) {
		return nil, s.inUse(ctx, "triggers", in.Key, s.store.TriggersUsing)
	}
	if err != nil {
		return nil, fmt.Errorf("delete pipeline %s: %w", in.Key, err)
	}
	return nil, nil
}

// pipeline loads a pipeline that the caller may see.
func (s *server) pipeline(ctx context.Context, key string) (models.Pipeline, error) {
	return visible(ctx, "pipeline", key, s.store.Pipeline, func(p *models.Pipeline) string { return p.WorkspaceKey })
}

// define gives a pipeline its rules.
func (s *server) define(ctx context.Context, p *models.Pipeline, definition string, caseKeys []string) error {
	definition, rules, err := s.rules(ctx, p.WorkspaceKey, definition, caseKeys)
	if err != nil {
		return err
	}
	p.Definition, p.CaseKeys = definition, make([]string, len(rules))
	for i, r := range rules {
		p.CaseKeys[i] = r.CaseKey
	}
	return nil
}

// rules reads a definition, or makes one of a list of cases, and checks that the cases exist.
func (s *server) rules(ctx context.Context, workspace, definition string, caseKeys []string) (string, []wire.Rule, error) {
	sequential := len(caseKeys) > 0
	switch {
	case sequential && definition != "":
		return "", nil, badField("body", "give either definition or case_keys, not both")
	case sequential:
		if err := checkCaseKeys(caseKeys); err != nil {
			return "", nil, err
		}
		definition = s.deps.Sequential(caseKeys)
	case definition == "":
		return "", nil, badField("body", "give definition (rule YAML) or case_keys (a list with at least one case)")
	}
	rules, err := s.deps.Rules(definition)
	if err != nil {
		return "", nil, renamed(err, sequential)
	}
	return definition, rules, s.checkRules(ctx, workspace, rules, sequential)
}

func checkCaseKeys(keys []string) error {
	var c models.Check
	for i, key := range keys {
		c.Require(models.ValidCaseKey(key), fmt.Sprintf("case_keys[%d]", i), "%q is not a case key such as 0000A3F1", key)
	}
	return c.Err()
}

// renamed blames the field that the client sent for what is wrong with the definition made of it.
func renamed(err error, sequential bool) error {
	var invalid *models.Invalid
	if !sequential || !errors.As(err, &invalid) {
		return err
	}
	var c models.Check
	for _, f := range invalid.Fields {
		c.Addf("case_keys", "%s", f.Message)
	}
	return c.Err()
}

// checkRules notes each rule whose case is not in the workspace.
func (s *server) checkRules(ctx context.Context, workspace string, rules []wire.Rule, sequential bool) error {
	keys := make([]string, len(rules))
	for i, r := range rules {
		keys[i] = r.CaseKey
	}
	missing, err := s.store.MissingCases(ctx, workspace, keys)
	if err != nil {
		return fmt.Errorf("look up cases: %w", err)
	}
	gone := map[string]bool{}
	for _, key := range missing {
		gone[key] = true
	}
	var c models.Check
	for i, r := range rules {
		switch {
		case !gone[r.CaseKey]:
		case sequential:
			c.Addf(fmt.Sprintf("case_keys[%d]", i), "there is no case %s in workspace %s", r.CaseKey, workspace)
		default:
			c.Addf("definition", "line %d: there is no case %s in workspace %s", r.Line, r.CaseKey, workspace)
		}
	}
	return c.Err()
}

// shownPipeline is a pipeline as it is answered.
func shownPipeline(p models.Pipeline) models.Pipeline {
	p.CaseKeys, p.Owners, p.Labels = some(p.CaseKeys), some(p.Owners), some(p.Labels)
	return p
}
