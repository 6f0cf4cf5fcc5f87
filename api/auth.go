package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bellwether/bellwether/models"
)

// need is what a caller must be allowed to do to use a route. The zero value is no valid need: a
// route that states none is refused at start-up.
type need int

const (
	needUnset          need = iota
	needNothing             // no token: the answer holds no data
	needToken               // any user
	needAdmin               // an administrator of the installation
	needViewer              // at least viewer in the workspace that the resource belongs to
	needEditor              // at least editor there
	needWorkspaceAdmin      // admin there
)

// role is the role that n asks for in a workspace; empty if n asks for none.
func (n need) role() models.Role {
	switch n {
	case needViewer:
		return models.RoleViewer
	case needEditor:
		return models.RoleEditor
	case needWorkspaceAdmin:
		return models.RoleAdmin
	default:
		return ""
	}
}

// maxKey is longer than any key.
const maxKey = 128

// touchEvery bounds how often a token's last use is written.
const touchEvery = time.Minute

// caller is who sent a request.
type caller struct {
	user  models.User
	token models.Token
	roles map[string]models.Role // by workspace; shared between requests, never written
}

// grant is what the caller of one request may do on the route it called. A handler on a route that
// needs a role must ask the grant about the workspace of what it touches; handle refuses to answer
// for a handler that did not.
type grant struct {
	caller
	need  need
	asked bool
}

type grantKey struct{}

// granted is the grant of the request that ctx belongs to.
func granted(ctx context.Context) *grant {
	if g, ok := ctx.Value(grantKey{}).(*grant); ok {
		return g
	}
	return &grant{}
}

// allow answers nil if the caller has the route's role in the workspace, ErrNotFound if the caller
// must not know that the workspace exists.
func (g *grant) allow(workspace string) error {
	g.asked = true
	role := g.roles[workspace]
	if g.user.Admin {
		role = models.RoleAdmin
	}
	if !role.Allows(models.RoleViewer) {
		return models.ErrNotFound
	}
	if !role.Allows(g.need.role()) {
		return because(errForbidden, "this needs the role %s in workspace %s; you are %s there", g.need.role(), workspace, role)
	}
	return nil
}

// settled reports an error if the route needs a role and the handler never asked for it.
func (g *grant) settled() error {
	if g.need.role() != "" && !g.asked {
		return errors.New("the handler did not ask whether the caller may do this")
	}
	return nil
}

// admit finds out who sent the request and whether that is enough for the route.
func (s *server) admit(c *gin.Context, n need) (*grant, error) {
	who, err := s.caller(c.Request.Context(), c.GetHeader("Authorization"))
	if err != nil {
		return nil, err
	}
	c.Set(userKey, who.user.Email)
	read := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if who.token.ReadOnly && !read {
		return nil, because(errForbidden, "the token %q may only read", who.token.Name)
	}
	if n == needAdmin && !who.user.Admin {
		return nil, because(errForbidden, "this is for administrators")
	}
	return &grant{caller: who, need: n}, nil
}

func (s *server) caller(ctx context.Context, header string) (caller, error) {
	scheme, text, _ := strings.Cut(header, " ")
	text = strings.TrimSpace(text)
	switch {
	case header == "":
		return caller{}, because(errUnauthenticated, "send the header Authorization: Bearer <token>")
	case !strings.EqualFold(scheme, "Bearer") || text == "":
		return caller{}, because(errUnauthenticated, "the Authorization header must be: Bearer <token>")
	}
	hash := HashToken(text)
	who, generation, ok := s.callers.get(hash)
	if !ok {
		var err error
		if who, err = s.loadCaller(ctx, hash); err != nil {
			return caller{}, err
		}
		s.callers.put(hash, who, generation)
	}
	switch {
	case who.token.Expired(s.deps.Now()):
		return caller{}, because(errUnauthenticated, "the token expired at %s", who.token.ExpiresAt.Format(time.RFC3339))
	case who.user.Disabled:
		return caller{}, because(errUnauthenticated, "the user of this token is disabled")
	}
	s.touch(ctx, hash, who.token)
	return who, nil
}

func (s *server) loadCaller(ctx context.Context, hash string) (caller, error) {
	token, user, err := s.store.TokenByHash(ctx, hash)
	if errors.Is(err, models.ErrNotFound) {
		return caller{}, because(errUnauthenticated, "the token is not known; it may have been deleted")
	}
	if err != nil {
		return caller{}, fmt.Errorf("look up token: %w", err)
	}
	roles, err := s.store.Roles(ctx, user.ID)
	if err != nil {
		return caller{}, fmt.Errorf("look up roles: %w", err)
	}
	return caller{user: user, token: token, roles: roles}, nil
}

// touch notes that the token was used. A request does not fail because of it.
func (s *server) touch(ctx context.Context, hash string, token models.Token) {
	now := s.now()
	if !s.callers.due(hash, now) {
		return
	}
	if err := s.store.TouchToken(context.WithoutCancel(ctx), token.ID, now); err != nil {
		s.log.WarnContext(ctx, "api: note use of token", "token_id", token.ID, "error", err)
	}
}

// HashToken is the form in which the text of a token is stored: SHA-256 in hexadecimal. A token is
// random enough that nothing slower is needed.
func HashToken(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// visible loads a resource and answers ErrNotFound as well if the caller may not see its workspace.
func visible[T any, K any](
	ctx context.Context, what string, key K, load func(context.Context, K) (T, error), workspace func(*T) string,
) (T, error) {
	var none T
	if text, ok := any(key).(string); ok && !plausible(text) {
		return none, absent(models.ErrNotFound, what, key)
	}
	row, err := load(ctx, key)
	if err == nil {
		err = granted(ctx).allow(workspace(&row))
	}
	if err != nil {
		return none, absent(err, what, key)
	}
	return row, nil
}

// plausible reports whether text can be a key at all. MySQL takes a key with spaces after it for the
// key itself, and such a key must not become part of a definition.
func plausible(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxKey
}

// absent names what is not there; other errors get the operation.
func absent(err error, what string, key any) error {
	switch {
	case errors.Is(err, models.ErrNotFound):
		return because(models.ErrNotFound, "there is no %s %v", what, key)
	case errors.Is(err, errForbidden):
		return err
	default:
		return fmt.Errorf("load %s %v: %w", what, key, err)
	}
}

// inWorkspace checks the route's role in a workspace that a caller names.
func (s *server) inWorkspace(ctx context.Context, key string) error {
	g := granted(ctx)
	err := g.allow(key)
	if err == nil && !models.ValidWorkspaceKey(key) { // an administrator may do anything anywhere
		err = models.ErrNotFound
	}
	if err != nil {
		return absent(err, "workspace", key)
	}
	if g.user.Admin { // whose role does not prove that the workspace exists
		if _, err := s.store.Workspace(ctx, key); err != nil {
			return absent(err, "workspace", key)
		}
	}
	return nil
}

// enter is inWorkspace for the workspace that a body names.
func (s *server) enter(ctx context.Context, key string) error {
	err := s.inWorkspace(ctx, key)
	if errors.Is(err, models.ErrNotFound) {
		return badField("body.workspace_key", "there is no workspace %q that you can see", key)
	}
	return err
}

// scope says which workspace a list is about. None at all: the caller is a member of no workspace.
func (s *server) scope(ctx context.Context, asked string) (workspace string, none bool, err error) {
	g := granted(ctx)
	if asked != "" {
		return asked, false, s.inWorkspace(ctx, asked)
	}
	g.asked = true
	if g.user.Admin {
		return "", false, nil
	}
	keys := g.workspaces()
	switch len(keys) {
	case 0:
		return "", true, nil
	case 1:
		return keys[0], false, nil
	default:
		return "", false, badField("query.workspace", "is required, because you are a member of several workspaces: %s",
			strings.Join(keys, ", "))
	}
}

// workspaces lists the keys of the workspaces that the caller is a member of.
func (g *grant) workspaces() []string {
	keys := make([]string, 0, len(g.roles))
	for key := range g.roles {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// hide says that a resource does not exist if the one that it belongs to may not be seen.
func hide(err error, what, key string) error {
	if errors.Is(err, models.ErrNotFound) {
		return because(models.ErrNotFound, "there is no %s %s", what, key)
	}
	return err
}
