package api

import (
	"context"
	"fmt"

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
	items, next, err := load(ctx, filter, paging.page())
	return listOf(items, next, err, what, view)
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
			return nil, "", badField("query.after", "is not a cursor of this list; use the next of the page before")
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
