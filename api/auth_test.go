package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// open are the only routes that need no token: what they answer holds no data.
var open = []string{
	"GET /healthz", "GET /readyz", "GET /openapi.json", "GET /openapi.yaml", "GET /docs", "GET /docs/", "GET /docs/start.js",
	"GET /docs/swagger-ui.css", "GET /docs/swagger-ui-bundle.js", "GET /docs/favicon-32x32.png",
}

func TestEveryRouteRefusesWithoutAToken(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, func(d *Deps) { d.Metrics = http.NotFoundHandler() })
	param := regexp.MustCompile(`:[a-z_]+`)
	routes := a.server.router.Routes()
	require.Greater(t, len(routes), 60)
	var closed []string
	for _, r := range routes {
		if slices.Contains(open, r.Method+" "+r.Path) {
			continue
		}
		closed = append(closed, r.Method+" "+r.Path)
		path := "/" + param.ReplaceAllString(r.Path, "1")
		for _, token := range []string{"", "nonsense"} {
			res := a.send(r.Method, path, nil, bearer(token))
			res.problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
			require.Equal(t, `Bearer realm="bellwether"`, res.header.Get("WWW-Authenticate"))
		}
	}
	require.Contains(t, closed, "GET /metrics")
	require.Len(t, routes, len(closed)+len(open), "each open route exists")
}

func TestRouteWithoutANeedIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	s := newAPITest(t).server
	handle(s, route{method: http.MethodGet, path: "/forgotten", id: "forgotten"},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	require.Equal(t, needUnset, s.needs["GET /api/v1/forgotten"])
	require.Error(t, s.checkNeeds())
}

func TestHandlerThatForgetsToAskIsNotAnswered(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	handle(a.server, route{method: http.MethodGet, path: "/leak", need: needViewer, id: "leak"},
		func(context.Context, *struct{}) (*plain[wire.Health], error) {
			return &plain[wire.Health]{Body: wire.Health{Status: "leaked"}}, nil
		})
	res := a.get("/leak")
	res.problem(http.StatusInternalServerError, wire.ProblemInternal)
	require.NotContains(t, string(res.raw), "leaked")
}

func TestAuthorizationHeaderHasOneForm(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for _, value := range []string{"Basic YTpi", "Bearer", "Bearer ", adminToken, "Bearer " + adminToken + "x"} {
		a.get("/me", header("Authorization", value)).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
	}
	a.get("/me", header("Authorization", "bearer "+adminToken)).is(http.StatusOK)
	a.get("/me?token="+adminToken, bearer("")).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
}

func TestExpiredTokenIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	until := a.clock.now().Add(time.Second)
	token := a.token(1, func(t *models.Token) { t.ExpiresAt = &until })
	a.get("/me", bearer(token)).is(http.StatusOK)
	a.clock.advance(time.Second)
	p := a.get("/me", bearer(token)).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
	require.Contains(t, p.Detail, "expired at 2030-01-31T12:00:01Z")
}

func TestDisabledUserIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	user, token := a.user(nil)
	a.get("/me", bearer(token)).is(http.StatusOK)
	a.patch("/users/"+text(user.ID), object{"disabled": true}).is(http.StatusOK)
	a.get("/me", bearer(token)).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
	a.patch("/users/"+text(user.ID), object{"disabled": false}).is(http.StatusOK)
	a.get("/me", bearer(token)).is(http.StatusOK)
}

func TestChangesOfOtherProcessesCountWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	user, token := a.user(map[string]models.Role{w.workspace: models.RoleViewer})
	a.get("/cases/"+w.testCase.Key, bearer(token)).is(http.StatusOK)

	require.NoError(t, a.store.RemoveMember(context.Background(), w.workspace, user.ID))
	a.clock.advance(callerTTL)
	a.get("/cases/"+w.testCase.Key, bearer(token)).problem(http.StatusNotFound, wire.ProblemNotFound)

	tokens, _, err := a.store.Tokens(context.Background(), user.ID, models.Page{})
	require.NoError(t, err)
	require.NoError(t, a.store.DeleteToken(context.Background(), tokens[0].ID))
	a.clock.advance(callerTTL)
	a.get("/me", bearer(token)).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
}

// countingStore counts what authentication costs.
type countingStore struct {
	Store
	lookups, touches *int
	err              error
}

func (c countingStore) TokenByHash(ctx context.Context, hash string) (models.Token, models.User, error) {
	*c.lookups++
	if c.err != nil {
		return models.Token{}, models.User{}, c.err
	}
	return c.Store.TokenByHash(ctx, hash)
}

func (c countingStore) TouchToken(ctx context.Context, id string, at time.Time) error {
	*c.touches++
	return c.Store.TouchToken(ctx, id, at)
}

func TestTokenIsLookedUpAndTouchedSparingly(t *testing.T) {
	t.Parallel()
	var lookups, touches int
	a := newAPITest(t, func(d *Deps) { d.Store = countingStore{Store: d.Store, lookups: &lookups, touches: &touches} })
	for range 10 {
		a.get("/me").is(http.StatusOK)
	}
	require.Equal(t, 1, lookups)
	require.Equal(t, 1, touches)
	a.clock.advance(30 * time.Second)
	a.get("/me").is(http.StatusOK)
	require.Equal(t, 2, lookups)
	require.Equal(t, 1, touches)
	a.clock.advance(31 * time.Second)
	body := a.get("/me").is(http.StatusOK)
	require.Equal(t, 2, touches)
	require.Equal(t, "2030-01-31T12:00:00Z", body["token"].(object)["last_used_at"], "as it was before this request")
}

func TestDatabaseErrorIsNoVerdictOnTheToken(t *testing.T) {
	t.Parallel()
	var lookups, touches int
	a := newAPITest(t, func(d *Deps) {
		d.Store = countingStore{Store: d.Store, lookups: &lookups, touches: &touches, err: errors.New("database is away")}
	})
	a.get("/me").problem(http.StatusInternalServerError, wire.ProblemInternal)
}

func TestReadOnlyTokenOnlyReads(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	token := a.token(1, func(t *models.Token) { t.ReadOnly = true })
	a.get("/cases/"+w.testCase.Key, bearer(token)).is(http.StatusOK)
	head := a.send(http.MethodHead, "/cases/"+w.testCase.Key, nil, bearer(token))
	require.Equal(t, http.StatusOK, head.status)
	require.Empty(t, head.raw)
	for _, r := range a.server.router.Routes() {
		if r.Method == http.MethodGet {
			continue
		}
		a.send(r.Method, "/"+r.Path, object{}, bearer(token)).problem(http.StatusForbidden, wire.ProblemForbidden)
	}
}

func TestListsOfSeveralWorkspacesAskWhich(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	one, two, other := a.world(), a.world(), a.world()
	_, member := a.user(map[string]models.Role{one.workspace: models.RoleViewer, two.workspace: models.RoleViewer})
	_, single := a.user(map[string]models.Role{one.workspace: models.RoleViewer})
	_, stranger := a.user(nil)
	for _, path := range []string{"/environments", "/cases", "/pipelines", "/triggers", "/webhooks", "/runs", "/deliveries"} {
		a.get(path, bearer(member)).refused("query.workspace")
		a.get(path+"?workspace="+other.workspace, bearer(member)).problem(http.StatusNotFound, wire.ProblemNotFound)
		a.get(path+"?workspace=ZZZ").problem(http.StatusNotFound, wire.ProblemNotFound)
		for _, item := range a.get(path+"?workspace="+two.workspace, bearer(member)).items() {
			require.Equal(t, two.workspace, item["workspace_key"])
		}
		for _, item := range a.get(path, bearer(single)).items() {
			require.Equal(t, one.workspace, item["workspace_key"])
		}
		require.Empty(t, a.get(path, bearer(stranger)).items())
	}
	require.Len(t, a.get("/cases").items(), 3, "an administrator sees all")
}
