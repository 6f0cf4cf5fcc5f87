package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerWebhooks() {
	handle(s, route{
		method: http.MethodGet, path: "/webhooks", need: needViewer, id: "list-webhooks", tag: tagWebhooks, summary: "List webhooks",
	}, s.listWebhooks)
	handle(s, route{
		method: http.MethodPost, path: "/webhooks", need: needEditor, id: "create-webhook", tag: tagWebhooks,
		summary: "Subscribe a URL to events", status: http.StatusCreated, versioned: true,
		example: wire.WebhookCreate{
			WorkspaceKey: "ABC", Name: "on-call", URL: "https://example.com/hook", Secret: "at least sixteen characters",
		},
	}, s.createWebhook)
	handle(s, route{
		method: http.MethodGet, path: "/webhooks/{uid}", need: needViewer, id: "get-webhook", tag: tagWebhooks,
		summary: "Get a webhook", description: "Its secret is never shown; has_secret says whether it has one.", versioned: true,
	}, s.getWebhook)
	handle(s, route{
		method: http.MethodPatch, path: "/webhooks/{uid}", need: needEditor, id: "update-webhook", tag: tagWebhooks,
		summary: "Change a webhook", versioned: true,
		example: wire.WebhookPatch{Format: new(models.FormatTestany)},
	}, s.updateWebhook)
	handle(s, route{
		method: http.MethodDelete, path: "/webhooks/{uid}", need: needEditor, id: "delete-webhook", tag: tagWebhooks,
		summary: "Delete a webhook", description: "Deliveries that are still under way are given up.",
		versioned: true, status: http.StatusNoContent,
	}, s.deleteWebhook)
}

// WebhookUID names a webhook in a path.
type WebhookUID struct {
	UID string `path:"uid" doc:"UID of the webhook"`
}

func (s *server) listWebhooks(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Name      string `query:"name" doc:"Part of the name, ignoring case"`
},
) (*plain[wire.List[models.Webhook]], error) {
	filter := models.DefinitionFilter{WorkspaceKey: in.Workspace, Name: in.Name}
	return listDefinitions(ctx, s, filter, in.Paging, "webhooks", s.store.Webhooks, shownWebhook)
}

func (s *server) createWebhook(ctx context.Context, in *struct{ Body wire.WebhookCreate }) (*made[models.Webhook], error) {
	b := in.Body
	if err := s.enter(ctx, b.WorkspaceKey); err != nil {
		return nil, err
	}
	w := models.Webhook{
		UID: s.deps.NewID(), WorkspaceKey: b.WorkspaceKey, Name: b.Name, URL: b.URL, Format: b.Format, Events: b.Events,
		TriggerKeys: b.TriggerKeys, Enabled: true, Secret: b.Secret, HasSecret: b.Secret != "", Owners: b.Owners,
	}
	set(&w.Enabled, b.Enabled)
	if w.Format == "" {
		w.Format = models.FormatBellwether
	}
	if len(w.Events) == 0 {
		w.Events = []string{models.EventRunFinished}
	}
	if err := s.checkWebhook(ctx, &w, models.Webhook{}); err != nil {
		return nil, err
	}
	if err := s.store.CreateWebhook(ctx, &w); err != nil {
		return nil, fmt.Errorf("create webhook: %w", err)
	}
	return &made[models.Webhook]{ETag: etag(w.Version), Location: prefix + "/webhooks/" + w.UID, Body: shownWebhook(w)}, nil
}

func (s *server) getWebhook(ctx context.Context, in *struct {
	WebhookUID
	IfNoneMatch
},
) (*shown[models.Webhook], error) {
	w, err := s.webhook(ctx, in.UID)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, w.Version, shownWebhook(w)), nil
}

func (s *server) updateWebhook(ctx context.Context, in *struct {
	WebhookUID
	IfMatch
	Body wire.WebhookPatch
},
) (*shown[models.Webhook], error) {
	w, err := change(ctx, in.IfMatch, func(w *models.Webhook) int64 { return w.Version },
		func(ctx context.Context) (models.Webhook, error) { return s.webhook(ctx, in.UID) },
		func(w *models.Webhook) error {
			old := *w
			patchWebhook(w, in.Body)
			return s.checkWebhook(ctx, w, old)
		}, s.store.UpdateWebhook)
	if err != nil {
		return nil, err
	}
	return show(IfNoneMatch{}, w.Version, shownWebhook(w)), nil
}

func patchWebhook(w *models.Webhook, p wire.WebhookPatch) {
	set(&w.Name, p.Name)
	set(&w.URL, p.URL)
	set(&w.Format, p.Format)
	set(&w.Events, p.Events)
	set(&w.TriggerKeys, p.TriggerKeys)
	set(&w.Enabled, p.Enabled)
	set(&w.Owners, p.Owners)
	set(&w.Secret, p.Secret)
	w.HasSecret = w.Secret != ""
}

func (s *server) deleteWebhook(ctx context.Context, in *struct {
	WebhookUID
	IfMatch
},
) (*struct{}, error) {
	w, err := s.webhook(ctx, in.UID)
	if err != nil {
		return nil, err
	}
	if err := in.check(w.Version); err != nil {
		return nil, err
	}
	if err := s.store.DeleteWebhook(ctx, in.UID); err != nil {
		return nil, fmt.Errorf("delete webhook %s: %w", in.UID, err)
	}
	return nil, nil
}

// webhook loads a webhook that the caller may see.
func (s *server) webhook(ctx context.Context, uid string) (models.Webhook, error) {
	return visible(ctx, "webhook", uid, s.store.Webhook, func(w *models.Webhook) string { return w.WorkspaceKey })
}

// checkWebhook checks everything; triggers only if the list of them changed, so that a webhook for a
// trigger that was deleted can still be edited.
func (s *server) checkWebhook(ctx context.Context, w *models.Webhook, old models.Webhook) error {
	var c models.Check
	c.Join("", w.Validate())
	if slices.Equal(w.TriggerKeys, old.TriggerKeys) {
		return c.Err()
	}
	for i, key := range w.TriggerKeys {
		if !models.ValidTriggerKey(key) { // Validate has named it
			continue
		}
		t, err := s.store.Trigger(ctx, key)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return fmt.Errorf("look up trigger %s: %w", key, err)
		}
		c.Require(err == nil && t.WorkspaceKey == w.WorkspaceKey, fmt.Sprintf("trigger_keys[%d]", i),
			"there is no trigger %s in workspace %s", key, w.WorkspaceKey)
	}
	return c.Err()
}

// shownWebhook is a webhook as it is answered; its secret has no JSON name.
func shownWebhook(w models.Webhook) models.Webhook {
	w.Events, w.TriggerKeys, w.Owners = some(w.Events), some(w.TriggerKeys), some(w.Owners)
	return w
}
