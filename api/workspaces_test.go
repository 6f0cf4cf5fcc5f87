package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func TestWorkspaceLivesThroughTheAPI(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)

	made := a.post("/workspaces", object{"key": "ABC", "name": "Payments team"})
	body := made.is(http.StatusCreated)
	require.Equal(t, "ABC", body["key"])
	require.Empty(t, body["description"])
	require.Equal(t, `"1"`, made.header.Get("ETag"))
	require.Equal(t, "/api/v1/workspaces/ABC", made.header.Get("Location"))

	got := a.get("/workspaces/ABC")
	require.Equal(t, body, got.is(http.StatusOK))
	require.Equal(t, `"1"`, got.header.Get("ETag"))

	changed := a.patch("/workspaces/ABC", object{"description": "pays"})
	require.Equal(t, `"2"`, changed.header.Get("ETag"))
	body = changed.is(http.StatusOK)
	require.Equal(t, "Payments team", body["name"])
	require.Equal(t, "pays", body["description"])

	require.Len(t, a.get("/workspaces").items(), 1)
	a.delete("/workspaces/ABC").is(http.StatusNoContent)
	p := a.get("/workspaces/ABC").problem(http.StatusNotFound, wire.ProblemNotFound)
	require.Equal(t, "there is no workspace ABC", p.Detail)
}

func TestWorkspaceKeyIsTakenOnce(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.post("/workspaces", object{"key": "ABC", "name": "one"}).is(http.StatusCreated)
	p := a.post("/workspaces", object{"key": "ABC", "name": "two"}).problem(http.StatusConflict, wire.ProblemDuplicate)
	require.Equal(t, "there is a workspace ABC already", p.Detail)
}

func TestWorkspaceInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.delete("/workspaces/"+w.workspace).problem(http.StatusConflict, wire.ProblemInUse)
	a.get("/workspaces/" + w.workspace).is(http.StatusOK)
}

func TestWorkspaceListShowsOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	mine, other := a.world(), a.world()
	_, token := a.user(map[string]models.Role{mine.workspace: models.RoleViewer})

	items := a.get("/workspaces", bearer(token)).items()
	require.Len(t, items, 1)
	require.Equal(t, mine.workspace, items[0]["key"])
	a.get("/workspaces/"+other.workspace, bearer(token)).problem(http.StatusNotFound, wire.ProblemNotFound)

	_, stranger := a.user(nil)
	require.Empty(t, a.get("/workspaces", bearer(stranger)).items())
}

func TestMembersAreSetListedAndRemoved(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	user, token := a.user(nil)
	path := "/workspaces/" + w.workspace + "/members/" + text(user.ID)
	a.get("/cases/"+w.testCase.Key, bearer(token)).problem(http.StatusNotFound, wire.ProblemNotFound)

	body := a.send(http.MethodPut, path, object{"role": "viewer"}).is(http.StatusOK)
	require.Equal(t, "viewer", body["role"])
	a.get("/cases/"+w.testCase.Key, bearer(token)).is(http.StatusOK)

	body = a.send(http.MethodPut, path, object{"role": "editor"}).is(http.StatusOK)
	require.Equal(t, "editor", body["role"])
	members := a.get("/workspaces/" + w.workspace + "/members").items()
	require.Len(t, members, 1)
	require.Equal(t, "editor", members[0]["role"])

	a.delete(path).is(http.StatusNoContent)
	a.get("/cases/"+w.testCase.Key, bearer(token)).problem(http.StatusNotFound, wire.ProblemNotFound)
	a.delete(path).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestMembersRefuseWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	members := "/workspaces/" + w.workspace + "/members/"
	p := a.send(http.MethodPut, members+"4711", object{"role": "viewer"}).problem(http.StatusNotFound, wire.ProblemNotFound)
	require.Equal(t, "there is no user 4711", p.Detail)
	a.send(http.MethodPut, members+"1", object{"role": "boss"}).refused("body.role")
	a.send(http.MethodPut, members+"1", object{}).refused("body.role")
	a.send(http.MethodPut, members+"jane", object{"role": "viewer"}).refused("path.user_id")
	a.send(http.MethodPut, "/workspaces/ZZZ/members/1", object{"role": "viewer"}).problem(http.StatusNotFound, wire.ProblemNotFound)
}
