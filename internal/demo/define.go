package demo

import (
	"context"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/client"
	"github.com/bellwether/bellwether/models"
)

// definitions is what the demo defined or found again.
type definitions struct {
	plan, gate models.Trigger
	webhooks   map[string]models.Webhook // by uid
}

// Prepare defines everything that is missing and points it at the shop and the sink of this start.
func (d *Demo) Prepare(ctx context.Context) error {
	if err := d.defineWorkspace(ctx); err != nil {
		return err
	}
	environment, err := d.defineEnvironment(ctx)
	if err != nil {
		return err
	}
	caseKeys, err := d.defineCases(ctx, environment)
	if err != nil {
		return err
	}
	pipelineKeys, err := d.definePipelines(ctx, caseKeys)
	if err != nil {
		return err
	}
	// The webhooks come before the triggers, so that no run of theirs goes unheard.
	if err := d.defineWebhooks(ctx); err != nil {
		return err
	}
	return d.defineTriggers(ctx, pipelineKeys)
}

func (d *Demo) defineWorkspace(ctx context.Context) error {
	_, err := d.api.Workspaces().Get(ctx, workspace)
	if !client.NotFound(err) {
		return err
	}
	_, err = d.api.Workspaces().Create(ctx, wire.WorkspaceCreate{
		Key: workspace, Name: "Demo", Description: "What bellwether up --demo defines and runs",
	})
	return err
}

// lister is a kind of definition that can be listed.
type lister[T any] interface {
	All(ctx context.Context, q client.Query) ([]T, error)
}

// found lists what the workspace has of one kind, by name.
func found[T any](ctx context.Context, kind lister[T], name func(T) string) (map[string]T, error) {
	items, err := kind.All(ctx, client.Query{Workspace: workspace})
	if err != nil {
		return nil, err
	}
	byName := make(map[string]T, len(items))
	for _, item := range items {
		byName[name(item)] = item
	}
	return byName, nil
}

func (d *Demo) defineEnvironment(ctx context.Context) (uid string, err error) {
	have, err := found(ctx, d.api.Environments(), func(e models.Environment) string { return e.Name })
	if err != nil {
		return "", err
	}
	e, ok := have[environmentName]
	current := values(d.target.url)
	if ok {
		e, err = d.api.Environments().Update(ctx, e.UID, wire.EnvironmentPatch{Values: &current})
	} else {
		e, err = d.api.Environments().Create(ctx, wire.EnvironmentCreate{
			WorkspaceKey: workspace, Name: environmentName, Values: current,
		})
	}
	return e.UID, err
}

func (d *Demo) defineCases(ctx context.Context, environment string) (map[string]string, error) {
	have, err := found(ctx, d.api.Cases(), func(c models.Case) string { return c.Name })
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for _, in := range cases() {
		c, ok := have[in.Name]
		if !ok {
			in.EnvironmentUID = environment
			if c, err = d.api.Cases().Create(ctx, in); err != nil {
				return nil, err
			}
		}
		keys[in.Name] = c.Key
	}
	return keys, nil
}

func (d *Demo) definePipelines(ctx context.Context, caseKeys map[string]string) (map[string]string, error) {
	have, err := found(ctx, d.api.Pipelines(), func(p models.Pipeline) string { return p.Name })
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for _, in := range pipelines(caseKeys) {
		p, ok := have[in.Name]
		if !ok {
			if p, err = d.api.Pipelines().Create(ctx, in); err != nil {
				return nil, err
			}
		}
		keys[in.Name] = p.Key
	}
	return keys, nil
}

func (d *Demo) defineWebhooks(ctx context.Context) error {
	have, err := found(ctx, d.api.Webhooks(), func(w models.Webhook) string { return w.Name })
	if err != nil {
		return err
	}
	d.made.webhooks = map[string]models.Webhook{}
	for _, in := range webhooks(d.hooks.url, d.secret) {
		w, ok := have[in.Name]
		if ok {
			enabled := true
			w, err = d.api.Webhooks().Update(ctx, w.UID, wire.WebhookPatch{URL: &in.URL, Secret: &in.Secret, Enabled: &enabled})
		} else {
			w, err = d.api.Webhooks().Create(ctx, in)
		}
		if err != nil {
			return err
		}
		d.made.webhooks[w.UID] = w
	}
	return nil
}

func (d *Demo) defineTriggers(ctx context.Context, pipelineKeys map[string]string) error {
	have, err := found(ctx, d.api.Triggers(), func(t models.Trigger) string { return t.Name })
	if err != nil {
		return err
	}
	for _, in := range triggers(pipelineKeys) {
		t, ok := have[in.Name]
		if !ok {
			if t, err = d.api.Triggers().Create(ctx, in); err != nil {
				return err
			}
		}
		if in.Method == models.MethodPlan {
			d.made.plan = t
		} else {
			d.made.gate = t
		}
	}
	return nil
}
