package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestCaseGetsItsDefaults(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	res := a.post("/cases", object{
		"workspace_key": w.workspace, "name": "home", "kind": "http", "environment_uid": w.env.UID,
		"http": object{
			"url": "{{BASE_URL}}/", "assertions": []object{{"source": "status", "value": 200}},
			"body": object{"mode": "json", "json": object{"nothing": nil}},
		},
	})
	body := res.is(http.StatusCreated)
	require.Equal(t, "/api/v1/cases/"+body["key"].(string), res.header.Get("Location"))
	require.Equal(t, `"1"`, res.header.Get("ETag"))
	require.InDelta(t, 120, body["timeout_seconds"], 0)
	require.InDelta(t, 0, body["retries"], 0)
	require.Equal(t, "default", body["runtime_name"])
	require.Equal(t, []any{}, body["owners"])
	require.Equal(t, []any{}, body["labels"])
	require.Equal(t, []any{}, body["variables"])
	spec := body["http"].(object)
	require.Equal(t, "GET", spec["method"])
	require.Equal(t, object{"nothing": nil}, spec["body"].(object)["json"], "null is fine in what is sent to the product")
	require.Equal(t, body, a.get("/cases/"+body["key"].(string)).is(http.StatusOK))
}

func TestCaseNamesEachBadField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	base := func(more object) object {
		body := object{"workspace_key": w.workspace, "name": "n", "kind": "http", "http": object{"url": "https://example.com"}}
		maps.Copy(body, more)
		return body
	}
	for _, tc := range []struct {
		more  object
		where string
		says  string
	}{
		{object{"workspace_key": "ZZZ"}, "body.workspace_key", `there is no workspace "ZZZ" that you can see`},
		{object{"name": ""}, "body.name", "must not be empty"},
		{object{"name": strings.Repeat("x", 201)}, "body.name", "200 characters"},
		{object{"kind": "smtp"}, "body.kind", "http"},
		{object{"http": object{"url": "ftp://example.com"}}, "body.http.url", "https://"},
		{object{"http": object{}}, "body.http.url", "is required"},
		{object{"http": object{"url": "https://example.com", "assertions": []object{{"source": "json", "name": "$.[", "value": 1}}}}, "body.http.assertions[0].name", ""},
		{object{"http": object{"url": "https://example.com", "assertions": []object{{"source": "weather"}}}}, "body.http.assertions[0].source", "status"},
		{object{"environment_uid": "1-nowhere"}, "body.environment_uid", `there is no environment "1-nowhere"`},
		{object{"runtime_name": "moon"}, "body.runtime_name", `there is no runtime "moon"; known: default`},
		{object{"owners": []string{"jane"}}, "body.owners[0]", "e-mail"},
		{object{"labels": []string{"a", ""}}, "body.labels[1]", "must not be empty"},
		{object{"timeout_seconds": 3601}, "body.timeout_seconds", "3600"},
		{object{"retries": 6}, "body.retries", "5"},
		{object{"retries": -1}, "body.retries", "between 0"},
		{object{"variables": []object{{"name": "lower"}}}, "body.variables[0].name", "upper-case"},
		{object{"variables": []object{{"name": "A", "type": "magic"}}}, "body.variables[0].type", "env"},
		{object{"variables": []object{{"name": "A", "type": "secret", "value": models.Mask}}}, "body.variables[0].value", "mask"},
		{object{"http": object{"url": "https://example.com", "auth": object{"type": "bearer", "token": models.Mask}}}, "body.http.auth.token", "mask"},
	} {
		messages := a.post("/cases", base(tc.more)).refused(tc.where)
		require.Contains(t, messages[tc.where], tc.says, "%v", tc.more)
	}
	require.Len(t, a.get("/cases?workspace="+w.workspace).items(), 1, "nothing was half-written")
}

func TestCaseRefusesAnEnvironmentOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	a.patch("/cases/"+w.testCase.Key, object{"environment_uid": other.env.UID}).refused("body.environment_uid")
}

func TestCasePatchChangesOnlyWhatItHolds(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/cases/" + w.testCase.Key
	before := a.get(path).is(http.StatusOK)
	for _, tc := range []struct {
		field string
		value any
	}{
		{"name", "renamed"},
		{"description", "tells more"},
		{"http", object{"method": "POST", "url": "https://example.com/other"}},
		{"variables", []any{object{"name": "A", "type": "env", "value": "b"}}},
		{"environment_uid", w.env.UID},
		{"owners", []any{}},
		{"labels", []any{"one", "two"}},
		{"timeout_seconds", 5.0},
		{"retries", 2.0},
		{"environment_uid", ""},
		{"description", ""},
		{"runtime_name", ""},
	} {
		after := a.patch(path, object{tc.field: tc.value}).is(http.StatusOK)
		before[tc.field] = tc.value
		if tc.field == "runtime_name" {
			before[tc.field] = models.DefaultRuntime
		}
		before["version"] = before["version"].(float64) + 1
		before["updated_at"] = after["updated_at"]
		require.Equal(t, before, after, "%s", tc.field)
		require.Equal(t, after, a.get(path).is(http.StatusOK))
	}
}

func TestCaseSecretsAreMaskedAndSurviveARoundTrip(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/cases/" + w.testCase.Key
	shown := a.get(path)
	require.NotContains(t, string(shown.raw), "case-secret")
	require.NotContains(t, string(shown.raw), "case-credential")
	body := shown.is(http.StatusOK)

	sentBack := a.patch(path, object{"http": body["http"], "variables": body["variables"]})
	require.NotContains(t, string(sentBack.raw), "case-secret")
	kept, err := a.store.Case(context.Background(), w.testCase.Key)
	require.NoError(t, err)
	require.Equal(t, w.testCase.HTTP.Auth.Token, kept.HTTP.Auth.Token)
	require.Equal(t, w.testCase.Variables, kept.Variables)

	a.patch(path, object{"variables": []object{{"name": "PASSWORD", "type": "secret", "value": "new"}}}).is(http.StatusOK)
	kept, err = a.store.Case(context.Background(), w.testCase.Key)
	require.NoError(t, err)
	require.Equal(t, "new", kept.Variables[0].Value)

	a.patch(path, object{"variables": []object{{"name": "OTHER", "type": "secret", "value": models.Mask}}}).refused("body.variables[0].value")
	a.patch(path, object{"variables": []object{{"name": "PASSWORD", "type": "env", "value": models.Mask}}}).refused("body.variables[0].value")
	for _, path := range []string{"/cases", "/cases/" + w.testCase.Key} {
		require.NotContains(t, string(a.get(path).raw), "case-credential")
	}
}

func TestCaseOfAGoneEnvironmentCanStillBeEdited(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	ctx := context.Background()
	c, err := a.store.Case(ctx, w.testCase.Key)
	require.NoError(t, err)
	c.RuntimeName = "gone"
	require.NoError(t, a.store.UpdateCase(ctx, &c))
	a.patch("/cases/"+c.Key, object{"name": "still editable"}).is(http.StatusOK)
	a.patch("/cases/"+c.Key, object{"runtime_name": "gone too"}).refused("body.runtime_name")
}

func TestCaseInUseNamesItsPipelines(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second := storetest.Pipeline(t, a.store, w.workspace, []string{w.testCase.Key})
	p := a.delete("/cases/"+w.testCase.Key).problem(http.StatusConflict, wire.ProblemInUse)
	require.Contains(t, p.Detail, w.pipeline.Key)
	require.Contains(t, p.Detail, second.Key)
	require.Contains(t, p.Detail, "force=true")
	a.delete("/cases/" + w.testCase.Key + "?force=maybe").refused("query.force")
	a.delete("/cases/" + w.testCase.Key + "?force=true").is(http.StatusNoContent)
	a.get("/cases/"+w.testCase.Key).problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestCaseListsFilterAndPage(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	for i := range 5 {
		storetest.Case(t, a.store, w.workspace, func(c *models.Case) {
			c.Name, c.Labels = fmt.Sprintf("paged %d", i), []string{"paged"}
		})
	}
	list := "/cases?workspace=" + w.workspace + "&label=paged&limit=2"
	var seen []string
	after := ""
	for {
		body := a.get(list + after).is(http.StatusOK)
		items := body["items"].([]any)
		require.LessOrEqual(t, len(items), 2)
		for _, item := range items {
			seen = append(seen, item.(object)["name"].(string))
			require.NotContains(t, item, "http", "lists hold no documents")
		}
		next, more := body["next"]
		if !more {
			break
		}
		after = "&after=" + next.(string)
	}
	require.Equal(t, []string{"paged 0", "paged 1", "paged 2", "paged 3", "paged 4"}, seen)
	require.Len(t, a.get("/cases?workspace="+w.workspace+"&name=PAGED%203").items(), 1)
}
