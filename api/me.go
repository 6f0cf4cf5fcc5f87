package api

import (
	"context"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
)

func (s *server) registerMe() {
	handle(s, route{
		method: http.MethodGet, path: "/me", need: needToken, id: "get-me", tag: tagMe,
		summary: "Who am I?", description: "The user and the token of this request, and the user's roles.",
	}, s.getMe)
}

func (s *server) getMe(ctx context.Context, _ *struct{}) (*plain[wire.Me], error) {
	g := granted(ctx)
	return &plain[wire.Me]{Body: wire.Me{
		User: g.user, Token: g.token, Workspaces: someMap(g.roles), Version: s.deps.Version,
	}}, nil
}
