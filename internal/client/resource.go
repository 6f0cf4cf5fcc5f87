package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// Resource is one kind of definition: T is what the server answers, C makes one, P changes one.
type Resource[T, C, P any] struct {
	client *Client
	path   string
}

// Workspaces are teams' spaces.
func (c *Client) Workspaces() Resource[models.Workspace, wire.WorkspaceCreate, wire.WorkspacePatch] {
	return Resource[models.Workspace, wire.WorkspaceCreate, wire.WorkspacePatch]{c, "/workspaces"}
}

// Users may use the API; for administrators.
func (c *Client) Users() Resource[models.User, wire.UserCreate, wire.UserPatch] {
	return Resource[models.User, wire.UserCreate, wire.UserPatch]{c, "/users"}
}

// Environments are sets of variables.
func (c *Client) Environments() Resource[models.Environment, wire.EnvironmentCreate, wire.EnvironmentPatch] {
	return Resource[models.Environment, wire.EnvironmentCreate, wire.EnvironmentPatch]{c, "/environments"}
}

// Cases are single tests.
func (c *Client) Cases() Resource[models.Case, wire.CaseCreate, wire.CasePatch] {
	return Resource[models.Case, wire.CaseCreate, wire.CasePatch]{c, "/cases"}
}

// Pipelines order cases.
func (c *Client) Pipelines() Resource[models.Pipeline, wire.PipelineCreate, wire.PipelinePatch] {
	return Resource[models.Pipeline, wire.PipelineCreate, wire.PipelinePatch]{c, "/pipelines"}
}

// Triggers are plans and gatekeepers.
func (c *Client) Triggers() Resource[models.Trigger, wire.TriggerCreate, wire.TriggerPatch] {
	return Resource[models.Trigger, wire.TriggerCreate, wire.TriggerPatch]{c, "/triggers"}
}

// Webhooks subscribe URLs to events.
func (c *Client) Webhooks() Resource[models.Webhook, wire.WebhookCreate, wire.WebhookPatch] {
	return Resource[models.Webhook, wire.WebhookCreate, wire.WebhookPatch]{c, "/webhooks"}
}

// Option changes how a definition is written.
type Option func(*request)

// IfVersion lets a change happen only to that version of the definition; otherwise it is a problem
// with status 412.
func IfVersion(version int64) Option {
	return func(r *request) { r.header.Set("If-Match", `"`+strconv.FormatInt(version, 10)+`"`) }
}

// Force deletes a case or a pipeline although something uses it.
func Force() Option {
	return func(r *request) { r.query.Set("force", "true") }
}

// Create makes one.
func (r Resource[T, C, P]) Create(ctx context.Context, body C) (T, error) {
	return call[T](ctx, r.client, request{method: http.MethodPost, path: r.path, body: body})
}

// Get reads one by its key, uid or id.
func (r Resource[T, C, P]) Get(ctx context.Context, key string) (T, error) {
	return call[T](ctx, r.client, request{method: http.MethodGet, path: r.one(key)})
}

// Update changes the fields that the patch holds.
func (r Resource[T, C, P]) Update(ctx context.Context, key string, patch P, opts ...Option) (T, error) {
	return call[T](ctx, r.client, r.write(http.MethodPatch, key, patch, opts))
}

// Delete removes one.
func (r Resource[T, C, P]) Delete(ctx context.Context, key string, opts ...Option) error {
	_, err := call[struct{}](ctx, r.client, r.write(http.MethodDelete, key, nil, opts))
	return err
}

// List reads one page.
func (r Resource[T, C, P]) List(ctx context.Context, q Query) (wire.List[T], error) {
	return call[wire.List[T]](ctx, r.client, request{method: http.MethodGet, path: r.path, query: q.values()})
}

// All reads every page from the query's on.
func (r Resource[T, C, P]) All(ctx context.Context, q Query) ([]T, error) {
	return every[T](ctx, r.client, r.path, q.values())
}

func (r Resource[T, C, P]) one(key string) string { return r.path + "/" + url.PathEscape(key) }

func (r Resource[T, C, P]) write(method, key string, body any, opts []Option) request {
	req := request{method: method, path: r.one(key), body: body, query: url.Values{}, header: http.Header{}}
	for _, opt := range opts {
		opt(&req)
	}
	return req
}

// every reads all pages of a list.
func every[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	var items []T
	for {
		page, err := call[wire.List[T]](ctx, c, request{method: http.MethodGet, path: path, query: query})
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, nil
		}
		if query == nil {
			query = url.Values{}
		}
		query.Set("after", page.Next)
	}
}
