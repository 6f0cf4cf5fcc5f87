package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func (s *server) registerMembers() {
	handle(s, route{
		method: http.MethodGet, path: "/workspaces/{key}/members", need: needViewer, id: "list-members", tag: tagWorkspaces,
		summary: "List the members of a workspace",
	}, s.listMembers)
	handle(s, route{
		method: http.MethodPut, path: "/workspaces/{key}/members/{user_id}", need: needWorkspaceAdmin, id: "set-member", tag: tagWorkspaces,
		summary: "Give a user a role in a workspace", description: "Makes the user a member or changes its role.",
		example: wire.MemberPut{Role: models.RoleEditor},
	}, s.setMember)
	handle(s, route{
		method: http.MethodDelete, path: "/workspaces/{key}/members/{user_id}", need: needWorkspaceAdmin, id: "remove-member", tag: tagWorkspaces,
		summary: "Take a user's role in a workspace away", status: http.StatusNoContent,
	}, s.removeMember)
}

// MemberID names a member in a path.
type MemberID struct {
	UserID int64 `path:"user_id" doc:"Id of the user"`
}

func (s *server) listMembers(ctx context.Context, in *struct {
	WorkspaceKey
	Paging
},
) (*plain[wire.List[models.Member]], error) {
	if err := s.inWorkspace(ctx, in.Key); err != nil {
		return nil, err
	}
	members, err := s.store.Members(ctx, in.Key)
	if err != nil {
		return nil, fmt.Errorf("list members of %s: %w", in.Key, err)
	}
	members, next, err := cut(members, in.Paging, func(m models.Member) string { return strconv.FormatInt(m.UserID, 10) })
	return listOf(members, next, err, "members", same)
}

func (s *server) setMember(ctx context.Context, in *struct {
	WorkspaceKey
	MemberID
	Body wire.MemberPut
},
) (*plain[models.Member], error) {
	if err := s.inWorkspace(ctx, in.Key); err != nil {
		return nil, err
	}
	if _, err := s.store.User(ctx, in.UserID); err != nil {
		return nil, absent(err, "user", in.UserID)
	}
	m := models.Member{WorkspaceKey: in.Key, UserID: in.UserID, Role: in.Body.Role}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := s.store.SetMember(ctx, &m); err != nil {
		return nil, fmt.Errorf("set member %d of %s: %w", in.UserID, in.Key, err)
	}
	s.callers.forget()
	return &plain[models.Member]{Body: m}, nil
}

func (s *server) removeMember(ctx context.Context, in *struct {
	WorkspaceKey
	MemberID
},
) (*struct{}, error) {
	if err := s.inWorkspace(ctx, in.Key); err != nil {
		return nil, err
	}
	if err := s.store.RemoveMember(ctx, in.Key, in.UserID); err != nil {
		return nil, absent(err, "member", in.UserID)
	}
	s.callers.forget()
	return nil, nil
}
