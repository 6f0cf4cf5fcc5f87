package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// listOf is the answer with one page of a list. The items are shown by view.
func listOf[T any](items []T, next string, err error, what string, view func(T) T) (*plain[wire.List[T]], error) {
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", what, located(err, "query"))
	}
	out := &plain[wire.List[T]]{Body: wire.List[T]{Items: make([]T, len(items)), Next: next}}
	for i, item := range items {
		out.Body.Items[i] = view(item)
	}
	return out, nil
}

// listDefinitions lists definitions of the workspace in the filter, or of all that the caller may see.
func listDefinitions[T any](
	ctx context.Context, s *server, filter models.DefinitionFilter, paging Paging, what string,
	load func(context.Context, models.DefinitionFilter, models.Page) ([]T, string, error), view func(T) T,
) (*plain[wire.List[T]], error) {
	workspace, none, err := s.scope(ctx, filter.WorkspaceKey)
	if err != nil {
		return nil, err
	}
	if none {
		return listOf[T](nil, "", nil, what, view)
	}
	filter.WorkspaceKey = workspace
	if err := checkCursor(what, paging.After); err != nil {
		return nil, err
	}
	items, next, err := load(ctx, filter, paging.page())
	return listOf(items, next, err, what, view)
}

// checkCursor refuses what cannot be the cursor of a list of such things. A cursor is the key of the
// last item, which may be gone by now: anything of that form is taken.
func checkCursor(what, after string) error {
	valid := true
	switch what {
	case "environments":
		_, id, _ := strings.Cut(after, "-")
		valid = uuid.Validate(id) == nil
	case "cases":
		valid = models.ValidCaseKey(after)
	case "pipelines":
		valid = models.ValidPipelineKey(after)
	case "triggers":
		valid = models.ValidTriggerKey(after)
	case "webhooks", "runs", "deliveries":
		valid = uuid.Validate(after) == nil
	case "workspaces":
		valid = models.ValidWorkspaceKey(after)
	}
	if after == "" || valid {
		return nil
	}
	return badCursor()
}

func badCursor() error {
	return badField("query.after", "is not a cursor of this list; use the next of the page before")
}

// cut takes a page out of a list that the store answers whole, because it is short by nature.
func cut[T any](items []T, paging Paging, key func(T) string) ([]T, string, error) {
	if paging.After != "" {
		at := -1
		for i, item := range items {
			if key(item) == paging.After {
				at = i
			}
		}
		if at < 0 {
			return nil, "", badCursor()
		}
		items = items[at+1:]
	}
	size := paging.page().Size()
	if len(items) <= size {
		return items, "", nil
	}
	return items[:size], key(items[size-1]), nil
}

// same shows an item as it is.
func same[T any](item T) T { return item }

// some makes an empty list of a missing one, because answers hold no null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// someMap is some for maps.
func someMap[T any](m map[string]T) map[string]T {
	if m == nil {
		return map[string]T{}
	}
	return m
}

// set writes a field of a definition if the patch holds it.
func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
