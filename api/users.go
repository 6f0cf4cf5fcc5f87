package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerUsers() {
	handle(s, route{
		method: http.MethodGet, path: "/users", need: needAdmin, id: "list-users", tag: tagUsers, summary: "List users",
	}, s.listUsers)
	handle(s, route{
		method: http.MethodPost, path: "/users", need: needAdmin, id: "create-user", tag: tagUsers,
		summary: "Create a user", description: "Give it a token next: POST /tokens with its user_id.",
		status: http.StatusCreated, versioned: true,
		example: wire.UserCreate{Email: "jane@example.com", Name: "Jane Doe"},
	}, s.createUser)
	handle(s, route{
		method: http.MethodGet, path: "/users/{id}", need: needAdmin, id: "get-user", tag: tagUsers,
		summary: "Get a user", versioned: true,
	}, s.getUser)
	handle(s, route{
		method: http.MethodPatch, path: "/users/{id}", need: needAdmin, id: "update-user", tag: tagUsers,
		summary: "Change a user", description: "You cannot disable yourself or stop being an administrator: another one has to do that.",
		versioned: true,
		example:   wire.UserPatch{Disabled: new(true)},
	}, s.updateUser)
	handle(s, route{
		method: http.MethodDelete, path: "/users/{id}", need: needAdmin, id: "delete-user", tag: tagUsers,
		summary: "Delete a user", description: "With its tokens and memberships. You cannot delete yourself.",
		versioned: true, status: http.StatusNoContent,
	}, s.deleteUser)
}

// UserID names a user in a path.
type UserID struct {
	ID int64 `path:"id" doc:"Id of the user"`
}

func (s *server) listUsers(ctx context.Context, in *struct {
	Paging
	Name string `query:"name" doc:"Part of the name, ignoring case"`
},
) (*plain[wire.List[models.User]], error) {
	items, next, err := s.store.Users(ctx, models.DefinitionFilter{Name: in.Name}, in.page())
	return listOf(items, next, err, "users", same)
}

func (s *server) createUser(ctx context.Context, in *struct{ Body wire.UserCreate }) (*made[models.User], error) {
	u := models.User{Email: in.Body.Email, Name: in.Body.Name, Admin: in.Body.Admin}
	if err := u.Validate(); err != nil {
		return nil, err
	}
	if err := s.store.CreateUser(ctx, &u); err != nil {
		return nil, taken(err, "create user", "there is a user with the e-mail address %s already", u.Email)
	}
	location := prefix + "/users/" + strconv.FormatInt(u.ID, 10)
	return &made[models.User]{ETag: etag(u.Version), Location: location, Body: u}, nil
}

func (s *server) getUser(ctx context.Context, in *struct {
	UserID
	IfNoneMatch
},
) (*shown[models.User], error) {
	u, err := s.user(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return show(in.IfNoneMatch, u.Version, u), nil
}

func (s *server) updateUser(ctx context.Context, in *struct {
	UserID
	IfMatch
	Body wire.UserPatch
},
) (*shown[models.User], error) {
	u, err := change(ctx, in.IfMatch, func(u *models.User) int64 { return u.Version },
		func(ctx context.Context) (models.User, error) { return s.user(ctx, in.ID) },
		func(u *models.User) error {
			set(&u.Email, in.Body.Email)
			set(&u.Name, in.Body.Name)
			set(&u.Admin, in.Body.Admin)
			set(&u.Disabled, in.Body.Disabled)
			if u.ID == granted(ctx).user.ID && (!u.Admin || u.Disabled) {
				return because(errConflict, "you would lock yourself out; let another administrator do it")
			}
			return u.Validate()
		}, s.store.UpdateUser)
	if err != nil {
		return nil, taken(err, "update user", "there is another user with that e-mail address already")
	}
	s.callers.forget()
	return show(IfNoneMatch{}, u.Version, u), nil
}

func (s *server) deleteUser(ctx context.Context, in *struct {
	UserID
	IfMatch
},
) (*struct{}, error) {
	u, err := s.user(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := in.check(u.Version); err != nil {
		return nil, err
	}
	if u.ID == granted(ctx).user.ID {
		return nil, because(errConflict, "you would lock yourself out; let another administrator do it")
	}
	if err := s.store.DeleteUser(ctx, in.ID); err != nil {
		return nil, fmt.Errorf("delete user %d: %w", in.ID, err)
	}
	s.callers.forget()
	return nil, nil
}

func (s *server) user(ctx context.Context, id int64) (models.User, error) {
	u, err := s.store.User(ctx, id)
	if err != nil {
		return u, absent(err, "user", id)
	}
	return u, nil
}
