package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bellwether/bellwether/models"
)

// Paging selects a page of a list. It is exported for huma, which reads exported fields only.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many items at most"`
	After string `query:"after" doc:"The cursor that the page before answered as next"`
}

func (p Paging) page() models.Page { return models.Page{Limit: p.Limit, After: p.After} }

// IfNoneMatch makes a read conditional.
type IfNoneMatch struct {
	IfNoneMatch string `header:"If-None-Match" doc:"An ETag that you have; 304 if it is still the current one" example:"\"3\""`
}

// IfMatch makes a change conditional.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the version that you know; 412 if it is not the current one any more" example:"\"3\""`
}

// shown is the answer with a definition.
type shown[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"The version in quotes"`
	Body   T
}

// made is the answer with a new definition.
type made[T any] struct {
	ETag     string `header:"ETag" doc:"The version in quotes"`
	Location string `header:"Location" doc:"Path of the new resource"`
	Body     T
}

// plain is any other answer with a body.
type plain[T any] struct {
	Body T
}

// show answers a definition, or 304 if the client has that version.
func show[T any](condition IfNoneMatch, version int64, body T) *shown[T] {
	out := &shown[T]{Status: http.StatusOK, ETag: etag(version), Body: body}
	if condition.IfNoneMatch != "" && matches(strings.ReplaceAll(condition.IfNoneMatch, "W/", ""), version) {
		out.Status = http.StatusNotModified
	}
	return out
}

// matches reports whether a list of entity tags holds the version's, or is *.
func matches(header string, version int64) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || tag == etag(version) {
			return true
		}
	}
	return false
}

// check is the precondition of a change.
func (m IfMatch) check(version int64) error {
	if m.IfMatch == "" || matches(m.IfMatch, version) {
		return nil
	}
	return because(errPrecondition, "If-Match is %s, but the current version is %s; read it again and repeat the change",
		m.IfMatch, etag(version))
}

// changeTries is how often a change without a version is tried against other changes that were
// faster.
const changeTries = 20

// change reads a definition, changes it and writes it. A definition that someone else changed in
// between is read again, unless the client named the version that it knows.
func change[T any](
	ctx context.Context, condition IfMatch, version func(*T) int64,
	load func(context.Context) (T, error), edit func(*T) error, save func(context.Context, *T) error,
) (T, error) {
	for range changeTries {
		row, err := load(ctx)
		if err != nil {
			return row, err
		}
		if err := condition.check(version(&row)); err != nil {
			return row, err
		}
		if err := edit(&row); err != nil {
			return row, err
		}
		err = save(ctx, &row)
		if err == nil {
			return row, nil
		}
		if !errors.Is(err, models.ErrStale) {
			return row, fmt.Errorf("save change: %w", err)
		}
	}
	var none T
	return none, because(models.ErrStale, "others keep changing it; read it again and repeat the change")
}
