package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerTokens() {
	handle(s, route{
		method: http.MethodGet, path: "/tokens", need: needToken, id: "list-tokens", tag: tagUsers,
		summary: "List tokens", description: "Yours; an administrator may list those of a user or of everyone.",
	}, s.listTokens)
	handle(s, route{
		method: http.MethodPost, path: "/tokens", need: needToken, id: "create-token", tag: tagUsers,
		summary: "Create a token", description: "The answer holds the text of the token, which is shown only this once.",
		status: http.StatusCreated, errors: []int{http.StatusNotFound},
		example: wire.TokenCreate{Name: "CI of the web shop"},
	}, s.createToken)
	handle(s, route{
		method: http.MethodDelete, path: "/tokens/{id}", need: needToken, id: "delete-token", tag: tagUsers,
		summary: "Delete a token", description: "It is refused within 5 seconds everywhere.", status: http.StatusNoContent,
	}, s.deleteToken)
}

// TokenID names a token in a path.
type TokenID struct {
	ID string `path:"id" doc:"Id of the token: the part between the underscores of its text"`
}

func (s *server) listTokens(ctx context.Context, in *struct {
	Paging
	UserID int64 `query:"user_id" minimum:"1" doc:"Only tokens of this user (administrators)"`
},
) (*plain[wire.List[models.Token]], error) {
	g := granted(ctx)
	user := in.UserID
	switch {
	case g.user.Admin:
	case user == 0:
		user = g.user.ID
	case user != g.user.ID:
		return nil, because(errForbidden, "other users' tokens are for administrators")
	}
	items, next, err := s.store.Tokens(ctx, user, in.page())
	return listOf(items, next, err, "tokens", same)
}

type tokenMade struct {
	CacheControl string `header:"Cache-Control" hidden:"true"`
	Body         wire.TokenCreated
}

func (s *server) createToken(ctx context.Context, in *struct{ Body wire.TokenCreate }) (*tokenMade, error) {
	g := granted(ctx)
	t := models.Token{UserID: in.Body.UserID, Name: in.Body.Name, ReadOnly: in.Body.ReadOnly, ExpiresAt: in.Body.ExpiresAt}
	if t.UserID == 0 {
		t.UserID = g.user.ID
	}
	if t.UserID != g.user.ID && !g.user.Admin {
		return nil, because(errForbidden, "tokens for other users are for administrators")
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if t.Expired(s.deps.Now()) {
		return nil, badField("body.expires_at", "must be in the future")
	}
	id, text, err := s.deps.NewToken()
	if err != nil {
		return nil, fmt.Errorf("make token: %w", err)
	}
	t.ID, t.Hash = id, HashToken(text)
	if err := s.store.CreateToken(ctx, &t); errors.Is(err, models.ErrNotFound) {
		return nil, badField("body.user_id", "there is no user %d", t.UserID)
	} else if err != nil {
		return nil, fmt.Errorf("create token: %w", err)
	}
	return &tokenMade{CacheControl: "no-store", Body: wire.TokenCreated{Token: t, Text: text}}, nil
}

func (s *server) deleteToken(ctx context.Context, in *struct{ TokenID }) (*struct{}, error) {
	g := granted(ctx)
	if !plausible(in.ID) {
		return nil, absent(models.ErrNotFound, "token", in.ID)
	}
	if !g.user.Admin {
		if err := s.ownToken(ctx, g.user.ID, in.ID); err != nil {
			return nil, err
		}
	}
	if err := s.store.DeleteToken(ctx, in.ID); err != nil {
		return nil, absent(err, "token", in.ID)
	}
	s.callers.forget()
	return nil, nil
}

// ownToken answers ErrNotFound unless the token is one of the user's.
func (s *server) ownToken(ctx context.Context, userID int64, id string) error {
	page := models.Page{Limit: models.MaxPageSize}
	for {
		tokens, next, err := s.store.Tokens(ctx, userID, page)
		if err != nil {
			return fmt.Errorf("list tokens of user %d: %w", userID, err)
		}
		for _, t := range tokens {
			if t.ID == id {
				return nil
			}
		}
		if next == "" {
			return because(models.ErrNotFound, "you have no token %s", id)
		}
		page.After = next
	}
}
