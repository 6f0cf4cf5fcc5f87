package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerDeliveries() {
	handle(s, route{
		method: http.MethodGet, path: "/deliveries", need: needViewer, id: "list-deliveries", tag: tagWebhooks,
		summary: "List deliveries", description: "Newest first.",
	}, s.listDeliveries)
	handle(s, route{
		method: http.MethodGet, path: "/deliveries/{id}", need: needViewer, id: "get-delivery", tag: tagWebhooks,
		summary: "Get a delivery",
	}, s.getDelivery)
	handle(s, route{
		method: http.MethodGet, path: "/deliveries/{id}/attempts", need: needViewer, id: "list-attempts", tag: tagWebhooks,
		summary: "List the attempts of a delivery", description: "Without headers and bodies.",
	}, s.listAttempts)
	handle(s, route{
		method: http.MethodGet, path: "/deliveries/{id}/attempts/{number}", need: needViewer, id: "get-attempt", tag: tagWebhooks,
		summary: "Get an attempt", description: "With what was sent and what came back; secrets are redacted.",
	}, s.getAttempt)
}

// DeliveryID names a delivery in a path.
type DeliveryID struct {
	ID string `path:"id" doc:"Id of the delivery"`
}

func (s *server) listDeliveries(ctx context.Context, in *struct {
	Paging
	Workspace string `query:"workspace" doc:"Only of this workspace" example:"ABC"`
	Webhook   string `query:"webhook" doc:"Only to this webhook"`
	Run       string `query:"run" doc:"Only about this run"`
	State     string `query:"state" enum:"pending,delivered,failed" doc:"Only in this state"`
},
) (*plain[wire.List[models.Delivery]], error) {
	workspace, none, err := s.scope(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	if none {
		return listOf[models.Delivery](nil, "", nil, "deliveries", same)
	}
	return s.deliveries(ctx, models.DeliveryFilter{
		WorkspaceKey: workspace, WebhookUID: in.Webhook, RunID: in.Run, State: models.DeliveryState(in.State),
	}, in.Paging)
}

func (s *server) deliveries(ctx context.Context, filter models.DeliveryFilter, paging Paging) (*plain[wire.List[models.Delivery]], error) {
	if err := checkCursor("deliveries", paging.After); err != nil {
		return nil, err
	}
	items, next, err := s.store.Deliveries(ctx, filter, paging.page())
	return listOf(items, next, err, "deliveries", same)
}

func (s *server) getDelivery(ctx context.Context, in *struct{ DeliveryID }) (*plain[models.Delivery], error) {
	d, err := s.delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &plain[models.Delivery]{Body: d}, nil
}

func (s *server) listAttempts(ctx context.Context, in *struct {
	DeliveryID
	Paging
},
) (*plain[wire.List[models.Attempt]], error) {
	if _, err := s.delivery(ctx, in.ID); err != nil {
		return nil, err
	}
	attempts, err := s.store.Attempts(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("list attempts of %s: %w", in.ID, err)
	}
	attempts, next, err := cut(attempts, in.Paging, func(a models.Attempt) string { return strconv.Itoa(a.Number) })
	return listOf(attempts, next, err, "attempts", same)
}

func (s *server) getAttempt(ctx context.Context, in *struct {
	DeliveryID
	Number int `path:"number" doc:"From 1"`
},
) (*plain[models.Attempt], error) {
	if _, err := s.delivery(ctx, in.ID); err != nil {
		return nil, err
	}
	a, err := s.store.Attempt(ctx, in.ID, in.Number)
	if err != nil {
		return nil, absent(err, "attempt", in.Number)
	}
	return &plain[models.Attempt]{Body: a}, nil
}

// delivery loads a delivery that the caller may see.
func (s *server) delivery(ctx context.Context, id string) (models.Delivery, error) {
	return visible(ctx, "delivery", id, s.store.Delivery, func(d *models.Delivery) string { return d.WorkspaceKey })
}
