package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func TestUserLivesThroughTheAPI(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	res := a.post("/users", object{"email": "jane@example.com", "name": "Jane"})
	body := res.is(http.StatusCreated)
	require.Equal(t, false, body["admin"])
	path := "/users/" + text(int64(body["id"].(float64)))
	require.Equal(t, prefix+path, res.header.Get("Location"))

	for field, value := range map[string]any{"name": "Jane Doe", "email": "doe@example.com", "admin": true, "disabled": true} {
		after := a.patch(path, object{field: value}).is(http.StatusOK)
		body[field], body["version"], body["updated_at"] = value, body["version"].(float64)+1, after["updated_at"]
		require.Equal(t, body, after)
	}
	require.Len(t, a.get("/users").items(), 2)
	require.Len(t, a.get("/users?name=jane").items(), 1)
	require.Len(t, a.get("/users?limit=1").items(), 1)
	a.get("/users?after=nonsense").refused("query.after")
	a.delete(path).is(http.StatusNoContent)
	a.get(path).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestUserIsChecked(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.post("/users", object{"email": "jane", "name": ""}).refused("body.email", "body.name")
	a.post("/users", object{"email": "jane@example.com", "name": "n"}).is(http.StatusCreated)
	p := a.post("/users", object{"email": "jane@example.com", "name": "n"}).problem(http.StatusConflict, wire.ProblemDuplicate)
	require.Contains(t, p.Detail, "jane@example.com")
	a.patch("/users/1", object{"email": "jane@example.com"}).problem(http.StatusConflict, wire.ProblemDuplicate)
	a.get("/users/jane").refused("path.id")
}

func TestAdministratorCannotLockItselfOut(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.patch("/users/1", object{"disabled": true}).problem(http.StatusConflict, wire.ProblemConflict)
	a.patch("/users/1", object{"admin": false}).problem(http.StatusConflict, wire.ProblemConflict)
	a.delete("/users/1").problem(http.StatusConflict, wire.ProblemConflict)
	a.patch("/users/1", object{"name": "Me"}).is(http.StatusOK)
	_, other := a.user(nil, func(u *models.User) { u.Admin = true })
	a.patch("/users/1", object{"admin": false}, bearer(other)).is(http.StatusOK)
	a.get("/users").problem(http.StatusForbidden, wire.ProblemForbidden)
}

func TestTokenIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	res := a.post("/tokens", object{"name": "CI", "read_only": true, "expires_at": "2030-02-28T00:00:00+01:00"})
	body := res.is(http.StatusCreated)
	require.Equal(t, "no-store", res.header.Get("Cache-Control"))
	token := body["token"].(string)
	require.True(t, strings.HasPrefix(token, "bw_"+body["id"].(string)+"_"), token)
	require.Equal(t, "2030-02-27T23:00:00Z", body["expires_at"])
	me := a.get("/me", bearer(token)).is(http.StatusOK)
	require.Equal(t, "CI", me["token"].(object)["name"])
	require.Equal(t, "dev", me["version"])
	list := a.get("/tokens")
	require.Len(t, list.items(), 2)
	require.NotContains(t, string(list.raw), token)
	require.NotContains(t, string(list.raw), HashToken(token))

	a.delete("/tokens/" + body["id"].(string)).is(http.StatusNoContent)
	a.get("/me", bearer(token)).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
	a.delete("/tokens/"+body["id"].(string)).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestTokensOfOthersAreForAdministrators(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	jane, token := a.user(nil)
	john, _ := a.user(nil)
	a.post("/tokens", object{"name": "n", "user_id": john.ID}, bearer(token)).problem(http.StatusForbidden, wire.ProblemForbidden)
	a.get("/tokens?user_id="+text(john.ID), bearer(token)).problem(http.StatusForbidden, wire.ProblemForbidden)
	johns := a.get("/tokens?user_id=" + text(john.ID)).items()
	require.Len(t, johns, 1)
	a.delete("/tokens/"+johns[0]["id"].(string), bearer(token)).problem(http.StatusNotFound, wire.ProblemNotFound)

	mine := a.post("/tokens", object{"name": "mine"}, bearer(token)).is(http.StatusCreated)
	require.InDelta(t, jane.ID, mine["user_id"], 0)
	require.Len(t, a.get("/tokens", bearer(token)).items(), 2)
	a.delete("/tokens/"+mine["id"].(string), bearer(token)).is(http.StatusNoContent)

	forJane := a.post("/tokens", object{"name": "hers", "user_id": jane.ID}).is(http.StatusCreated)
	require.Equal(t, jane.Email, a.get("/me", bearer(forJane["token"].(string))).is(http.StatusOK)["user"].(object)["email"])
}

func TestTokenIsChecked(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.post("/tokens", object{"name": ""}).refused("body.name")
	a.post("/tokens", object{"name": "n", "user_id": 4711}).refused("body.user_id")
	a.post("/tokens", object{"name": "n", "expires_at": a.clock.now().Add(-time.Second)}).refused("body.expires_at")
	a.post("/tokens", object{"name": "n", "expires_at": "tomorrow"}).refused("body.expires_at")
}
