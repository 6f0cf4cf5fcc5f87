package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func TestEnvironmentBelongsToWhoMadeIt(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	user, token := a.user(map[string]models.Role{w.workspace: models.RoleEditor})
	body := a.post("/environments", object{"workspace_key": w.workspace, "name": "STAGING"}, bearer(token)).is(http.StatusCreated)
	require.True(t, strings.HasPrefix(body["uid"].(string), text(user.ID)+"-"), "%s", body["uid"])
	require.Equal(t, []any{}, body["values"])
}

func TestEnvironmentSecretsAreMaskedAndSurviveARoundTrip(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/environments/" + w.env.UID
	shown := a.get(path)
	require.NotContains(t, string(shown.raw), "environment-secret")
	values := shown.is(http.StatusOK)["values"].([]any)
	require.Equal(t, models.Mask, values[1].(object)["value"])

	values[0].(object)["value"] = "https://other.example.com"
	changed := a.patch(path, object{"values": values})
	require.NotContains(t, string(changed.raw), "environment-secret")
	kept, err := a.store.Environment(context.Background(), w.env.UID)
	require.NoError(t, err)
	require.Equal(t, "https://other.example.com", kept.Values[0].Value)
	require.Equal(t, "environment-secret", kept.Values[1].Value)
	require.Equal(t, "staging", kept.Name)

	a.patch(path, object{"name": "renamed"}).is(http.StatusOK)
	kept, err = a.store.Environment(context.Background(), w.env.UID)
	require.NoError(t, err)
	require.Len(t, kept.Values, 2, "values that were not sent stay")

	a.patch(path, object{"values": []object{}}).is(http.StatusOK)
	a.patch(path, object{"values": []object{{"key": "API_KEY", "type": "secret", "value": models.Mask}}}).refused("body.values[0].value")
}

func TestEnvironmentNamesEachBadField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	base := func(values ...object) object {
		return object{"workspace_key": w.workspace, "name": "n", "values": values}
	}
	a.post("/environments", object{"workspace_key": w.workspace, "name": " "}).refused("body.name")
	a.post("/environments", object{"workspace_key": "ZZZ", "name": "n"}).refused("body.workspace_key")
	a.post("/environments", base(object{"key": "a b"})).refused("body.values[0].key")
	a.post("/environments", base(object{"key": "a", "value": "1"}, object{"key": "a", "value": "2"})).refused("body.values[1].key")
	a.post("/environments", base(object{"key": "a", "type": "hidden"})).refused("body.values[0].type")
	a.post("/environments", base(object{"value": "1"})).refused("body.values[0].key")
	a.post("/environments", base(object{"key": "s", "type": "secret", "value": models.Mask})).refused("body.values[0].value")
	a.patch("/environments/nowhere", object{}).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestEnvironmentInUseNamesItsUsers(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.patch("/cases/"+w.testCase.Key, object{"environment_uid": w.env.UID}).is(http.StatusOK)
	p := a.delete("/environments/"+w.env.UID).problem(http.StatusConflict, wire.ProblemInUse)
	require.Contains(t, p.Detail, w.testCase.Key)
	require.NotContains(t, p.Detail, "delete environment", "the operation is for the log")
	a.patch("/cases/"+w.testCase.Key, object{"environment_uid": ""}).is(http.StatusOK)
	a.delete("/environments/" + w.env.UID).is(http.StatusNoContent)
}
