package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerTriggers() {
	handle(s, route{
		method: http.MethodGet, path: "/triggers", need: needViewer, id: "list-triggers", tag: tagTriggers, summary: "List triggers",
	}, s.listTriggers)
	handle(s, route{
		method: http.MethodPost, path: "/triggers", need: needEditor, id: "create-trigger", tag: tagTriggers,
		summary: "Create a plan or a gatekeeper", status: http.StatusCreated, versioned: true,
		example: wire.TriggerCreate{
			WorkspaceKey: "ABC", Method: models.MethodPlan, Name: "every five minutes", PipelineKeys: []string{"ABC-0001"},
			Cron: "*/5 * * * *", Timezone: "Europe/Berlin",
		},
	}, s.createTrigger)
	handle(s, route{
		method: http.MethodGet, path: "/triggers/{key}", need: needViewer, id: "get-trigger", tag: tagTriggers,
		summary: "Get a trigger", versioned: true,
	}, s.getTrigger)
	handle(s, route{
		method: http.MethodPatch, path: "/triggers/{key}", need: needEditor, id: "update-trigger", tag: tagTriggers,
		summary: "Change a trigger", description: "A changed schedule takes effect within 2 seconds.", versioned: true,
		example: wire.TriggerPatch{Enabled: new(false)},
	}, s.updateTrigger)
	handle(s, route{
		method: http.MethodDelete, path: "/triggers/{key}", need: needEditor, id: "delete-trigger", tag: tagTriggers,
		summary: "Delete a trigger", description: "Its runs stay readable.", versioned: true, status: http.StatusNoContent,
	}, s.deleteTrigger)
	handle(s, route{
		method: http.MethodGet, path: "/triggers/{key}/fires", need: needViewer, id: "list-fires", tag: tagTriggers,
		summary:     "When a plan starts next",
		description: "As if the plan were enabled, with a note where daylight saving time changes.",
		errors:      []int{http.StatusConflict},
	}, s.listFires)
}

// TriggerKey names a trigger in a path.
type TriggerKey struct {
	Key string `path:"key" doc:"Key of the trigger" example:"P-ABC-0001"`
}

func (s *server) listTriggers(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Name      string `query:"name" doc:"Part of the name, ignoring case"`
	Label     string `query:"label" doc:"Only with this label"`
	Method    string `query:"method" enum:"plan,gatekeeper" doc:"Only of this method"`
},
) (*plain[wire.List[models.Trigger]], error) {
	filter := models.DefinitionFilter{
		WorkspaceKey: in.Workspace, Name: in.Name, Label: in.Label, Method: models.TriggerMethod(in.Method),
	}
	return listDefinitions(ctx, s, filter, in.Paging, "triggers", s.store.Triggers, shownTrigger)
}

func (s *server) createTrigger(ctx context.Context, in *struct{ Body wire.TriggerCreate }) (*made[models.Trigger], error) {
	b := in.Body
	if err := s.enter(ctx, b.WorkspaceKey); err != nil {
		return nil, err
	}
	t := models.Trigger{
		WorkspaceKey: b.WorkspaceKey, Method: b.Method, Name: b.Name, Description: b.Description, Enabled: true,
		Owners: b.Owners, Labels: b.Labels, PipelineKeys: b.PipelineKeys, EnvironmentUID: b.EnvironmentUID, Parameters: b.Parameters,
		Cron: b.Cron, Timezone: b.Timezone, JitterSeconds: b.JitterSeconds,
		Overlap: b.Overlap, CatchUp: b.CatchUp, CatchUpWindowSeconds: b.CatchUpWindowSeconds,
	}
	set(&t.Enabled, b.Enabled)
	if err := s.checkTrigger(ctx, &t, models.Trigger{}); err != nil {
		return nil, err
	}
	if err := s.store.CreateTrigger(ctx, &t); err != nil {
		return nil, fmt.Errorf("create trigger: %w", err)
	}
	return &made[models.Trigger]{ETag: etag(t.Version), Location: prefix + "/triggers/" + t.Key, Body: shownTrigger(t)}, nil
}

func (s *server) getTrigger(ctx context.Context, in *struct {
	TriggerKey
	IfNoneMatch
},
) (*shown[models.Trigger], error) {
	t, err := s.trigger(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, t.Version, shownTrigger(t)), nil
}

func (s *server) updateTrigger(ctx context.Context, in *struct {
	TriggerKey
	IfMatch
	Body wire.TriggerPatch
},
) (*shown[models.Trigger], error) {
	t, err := change(ctx, in.IfMatch, func(t *models.Trigger) int64 { return t.Version },
		func(ctx context.Context) (models.Trigger, error) { return s.trigger(ctx, in.Key) },
		func(t *models.Trigger) error {
			old := *t
			patchTrigger(t, in.Body)
			return s.checkTrigger(ctx, t, old)
		}, s.store.UpdateTrigger)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, t.Version, shownTrigger(t)), nil
}

func patchTrigger(t *models.Trigger, p wire.TriggerPatch) {
	set(&t.Name, p.Name)
	set(&t.Description, p.Description)
	set(&t.Enabled, p.Enabled)
	set(&t.Owners, p.Owners)
	set(&t.Labels, p.Labels)
	set(&t.PipelineKeys, p.PipelineKeys)
	set(&t.EnvironmentUID, p.EnvironmentUID)
	set(&t.Parameters, p.Parameters)
	set(&t.Cron, p.Cron)
	set(&t.Timezone, p.Timezone)
	set(&t.JitterSeconds, p.JitterSeconds)
	set(&t.Overlap, p.Overlap)
	set(&t.CatchUp, p.CatchUp)
	set(&t.CatchUpWindowSeconds, p.CatchUpWindowSeconds)
}

func (s *server) deleteTrigger(ctx context.Context, in *struct {
	TriggerKey
	IfMatch
},
) (*struct{}, error) {
	t, err := s.trigger(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if err := in.check(t.Version); err != nil {
		return nil, err
	}
	if err := s.store.DeleteTrigger(ctx, in.Key); err != nil {
		return nil, fmt.Errorf("delete trigger %s: %w", in.Key, err)
	}
	return nil, nil
}

func (s *server) listFires(ctx context.Context, in *struct {
	TriggerKey
	Count int `query:"count" minimum:"1" maximum:"50" default:"5" doc:"How many"`
},
) (*plain[wire.List[wire.Fire]], error) {
	t, err := s.trigger(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	if !t.Scheduled() {
		return nil, because(errConflict, "%s is a %s and has no schedule", t.Key, t.Method)
	}
	fires, err := s.deps.Fires(t, s.now(), in.Count)
	if err != nil {
		return nil, fmt.Errorf("preview %s: %w", t.Key, err)
	}
	return listOf(fires, "", nil, "fires", same)
}

// trigger loads a trigger that the caller may see.
func (s *server) trigger(ctx context.Context, key string) (models.Trigger, error) {
	return visible(ctx, "trigger", key, s.store.Trigger, func(t *models.Trigger) string { return t.WorkspaceKey })
}

// checkTrigger fills in the defaults of a plan and checks everything; references only if they changed,
// so that a trigger from under which a pipeline was deleted can still be disabled.
func (s *server) checkTrigger(ctx context.Context, t *models.Trigger, old models.Trigger) error {
	t.Default()
	var c models.Check
	c.Join("", t.Validate())
	if t.Scheduled() && (t.Cron != old.Cron || t.Timezone != old.Timezone) {
		c.Join("", s.deps.CheckCron(t.Cron, t.Timezone))
	}
	if t.EnvironmentUID != old.EnvironmentUID {
		if err := s.checkEnvironmentUID(ctx, &c, "environment_uid", t.WorkspaceKey, t.EnvironmentUID); err != nil {
			return err
		}
	}
	if !slices.Equal(t.PipelineKeys, old.PipelineKeys) {
		if err := s.checkPipelineKeys(ctx, &c, t); err != nil {
			return err
		}
	}
	return c.Err()
}

func (s *server) checkPipelineKeys(ctx context.Context, c *models.Check, t *models.Trigger) error {
	missing, err := s.store.MissingPipelines(ctx, t.WorkspaceKey, t.PipelineKeys)
	if err != nil {
		return fmt.Errorf("look up pipelines: %w", err)
	}
	for i, key := range t.PipelineKeys {
		unknown := models.ValidPipelineKey(key) && slices.Contains(missing, key) // Validate has named other texts
		c.Require(!unknown, fmt.Sprintf("pipeline_keys[%d]", i), "there is no pipeline %s in workspace %s", key, t.WorkspaceKey)
	}
	return nil
}

// shownTrigger is a trigger as it is answered.
func shownTrigger(t models.Trigger) models.Trigger {
	t.Owners, t.Labels, t.PipelineKeys = some(t.Owners), some(t.Labels), some(t.PipelineKeys)
	t.Parameters = someMap(maps.Clone(t.Parameters))
	return t
}
