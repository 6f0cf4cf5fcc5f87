package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerRuntimes() {
	handle(s, route{
		method: http.MethodGet, path: "/runtimes", need: needToken, id: "list-runtimes", tag: tagSystem,
		summary: "List runtimes", description: "Where cases execute: named groups of workers.",
	}, s.listRuntimes)
}

func (s *server) listRuntimes(ctx context.Context, in *struct{ Paging }) (*plain[wire.List[models.Runtime]], error) {
	runtimes, err := s.store.Runtimes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list runtimes: %w", err)
	}
	runtimes, next, err := cut(runtimes, in.Paging, func(r models.Runtime) string { return r.Name })
	return listOf(runtimes, next, err, "runtimes", same)
}
