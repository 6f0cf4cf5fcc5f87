package api

import (
	"context"
	"net/http"

	"github.com/bellwether/bellwether/models"
)

func (s *server) registerEvents() {
	handle(s, route{
		method: http.MethodGet, path: "/events/{id}", need: needViewer, id: "get-event", tag: tagWebhooks,
		summary: "Get an event", description: "What happened, before a webhook's format shapes it.",
	}, s.getEvent)
}

func (s *server) getEvent(ctx context.Context, in *struct {
	ID string `path:"id" doc:"Id of the event"`
},
) (*plain[models.Event], error) {
	e, err := visible(ctx, "event", in.ID, s.store.Event, func(e *models.Event) string { return e.WorkspaceKey })
	if err != nil {
		return nil, err
	}
	return &plain[models.Event]{Body: e}, nil
}
