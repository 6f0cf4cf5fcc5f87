package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// Me tells who the token belongs to.
func (c *Client) Me(ctx context.Context) (wire.Me, error) {
	return call[wire.Me](ctx, c, request{method: http.MethodGet, path: "/me"})
}

// Runtimes lists all runtimes.
func (c *Client) Runtimes(ctx context.Context) ([]models.Runtime, error) {
	return every[models.Runtime](ctx, c, "/runtimes", nil)
}

// CreateToken makes a token; its text is in the answer and nowhere else.
func (c *Client) CreateToken(ctx context.Context, body wire.TokenCreate) (wire.TokenCreated, error) {
	return call[wire.TokenCreated](ctx, c, request{method: http.MethodPost, path: "/tokens", body: body})
}

// Tokens lists all tokens that the caller may see; a user id other than 0 narrows them.
func (c *Client) Tokens(ctx context.Context, userID int64) ([]models.Token, error) {
	query := url.Values{}
	if userID != 0 {
		query.Set("user_id", strconv.FormatInt(userID, 10))
	}
	return every[models.Token](ctx, c, "/tokens", query)
}

// DeleteToken voids a token.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	_, err := call[struct{}](ctx, c, request{method: http.MethodDelete, path: "/tokens/" + url.PathEscape(id)})
	return err
}

// Members lists all members of a workspace.
func (c *Client) Members(ctx context.Context, workspace string) ([]models.Member, error) {
	return every[models.Member](ctx, c, members(workspace), nil)
}

// SetMember gives a user a role in a workspace.
func (c *Client) SetMember(ctx context.Context, workspace string, userID int64, role models.Role) (models.Member, error) {
	return call[models.Member](ctx, c, request{
		method: http.MethodPut, path: members(workspace) + "/" + strconv.FormatInt(userID, 10), body: wire.MemberPut{Role: role},
	})
}

// RemoveMember takes a user's role in a workspace away.
func (c *Client) RemoveMember(ctx context.Context, workspace string, userID int64) error {
	path := members(workspace) + "/" + strconv.FormatInt(userID, 10)
	_, err := call[struct{}](ctx, c, request{method: http.MethodDelete, path: path})
	return err
}

func members(workspace string) string { return "/workspaces/" + url.PathEscape(workspace) + "/members" }

// VerifyPipeline checks a definition without saving it.
func (c *Client) VerifyPipeline(ctx context.Context, body wire.PipelineVerify) (wire.PipelineRules, error) {
	return call[wire.PipelineRules](ctx, c, request{method: http.MethodPost, path: "/pipelines/verify", body: body})
}

// Fires tells the next n starts of a plan.
func (c *Client) Fires(ctx context.Context, trigger string, n int) ([]wire.Fire, error) {
	list, err := call[wire.List[wire.Fire]](ctx, c, request{
		method: http.MethodGet, path: "/triggers/" + url.PathEscape(trigger) + "/fires",
		query: url.Values{"count": {strconv.Itoa(n)}},
	})
	return list.Items, err
}

// Deliveries reads one page of deliveries, newest first.
func (c *Client) Deliveries(ctx context.Context, q DeliveryQuery) (wire.List[models.Delivery], error) {
	return call[wire.List[models.Delivery]](ctx, c, request{method: http.MethodGet, path: "/deliveries", query: q.values()})
}

// Delivery reads a delivery.
func (c *Client) Delivery(ctx context.Context, id string) (models.Delivery, error) {
	return call[models.Delivery](ctx, c, request{method: http.MethodGet, path: "/deliveries/" + url.PathEscape(id)})
}

// Attempts lists all attempts of a delivery, without headers and bodies.
func (c *Client) Attempts(ctx context.Context, deliveryID string) ([]models.Attempt, error) {
	return every[models.Attempt](ctx, c, "/deliveries/"+url.PathEscape(deliveryID)+"/attempts", nil)
}

// Attempt reads an attempt with what was sent and what came back.
func (c *Client) Attempt(ctx context.Context, deliveryID string, number int) (models.Attempt, error) {
	path := "/deliveries/" + url.PathEscape(deliveryID) + "/attempts/" + strconv.Itoa(number)
	return call[models.Attempt](ctx, c, request{method: http.MethodGet, path: path})
}

// Event reads an event.
func (c *Client) Event(ctx context.Context, id string) (models.Event, error) {
	return call[models.Event](ctx, c, request{method: http.MethodGet, path: "/events/" + url.PathEscape(id)})
}
