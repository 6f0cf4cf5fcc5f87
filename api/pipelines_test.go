package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/store/storetest"
)

// branches is a definition with a branch and an expected failure.
func branches(first, second, third string) string {
	return "kind: rule/v1.2\nspec:\n  rules:\n    - run: '" + first + "'\n    - run: '" + second + "'\n      whenPassed: '" + first +
		"'\n    - run: '" + third + "'\n      whenFailed: '" + first + "'\n      expect: fail\n"
}

func TestPipelineOfCasesBecomesSequentialRules(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second := storetest.Case(t, a.store, w.workspace)
	body := a.post("/pipelines", object{
		"workspace_key": w.workspace, "name": "smoke", "case_keys": []string{second.Key, w.testCase.Key},
	}).is(http.StatusCreated)
	require.Equal(t, []any{second.Key, w.testCase.Key}, body["case_keys"])
	require.Contains(t, body["definition"], "kind: rule/v1.2")
	got := a.get("/pipelines/" + body["key"].(string)).is(http.StatusOK)
	require.Equal(t, body, got)
	for _, item := range a.get("/pipelines?workspace=" + w.workspace).items() {
		require.NotContains(t, item, "definition")
	}
}

func TestPipelineKeepsItsDefinition(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second, third := storetest.Case(t, a.store, w.workspace), storetest.Case(t, a.store, w.workspace)
	definition := branches(w.testCase.Key, second.Key, third.Key)
	body := a.post("/pipelines", object{"workspace_key": w.workspace, "name": "branches", "definition": definition}).is(http.StatusCreated)
	require.Equal(t, definition, body["definition"])
	require.Equal(t, []any{w.testCase.Key, second.Key, third.Key}, body["case_keys"])
}

func TestPipelineNamesLineAndField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	key := w.testCase.Key
	for _, tc := range []struct {
		more  object
		where string
		says  string
	}{
		{object{}, "body", "give definition"},
		{object{"case_keys": []string{}}, "body", "give definition"},
		{object{"case_keys": []string{key}, "definition": "kind: rule/v1.2"}, "body", "not both"},
		{object{"case_keys": []string{key, "FFFFFFFF"}}, "body.case_keys[1]", "there is no case FFFFFFFF in workspace " + w.workspace},
		{object{"case_keys": []string{other.testCase.Key}}, "body.case_keys[0]", "there is no case " + other.testCase.Key},
		{object{"case_keys": slices.Repeat([]string{key}, rules.MaxRules+1)}, "body.case_keys", "2000"},
		{object{"case_keys": []string{"abc"}}, "body.case_keys[0]", "is not a case key such as 0000A3F1"},
		{object{"definition": branches(key, "FFFFFFFF", "EEEEEEEE")}, "body.definition", "line 5: there is no case FFFFFFFF"},
		{object{"definition": "kind: rule/v1.2\nspec:\n  rules:\n    - run: '" + key + "'\n      whenPassed: 'FFFFFFFF'\n"}, "body.definition", "line 5"},
		{object{"definition": "kind: rule/v9"}, "body.definition", "line 1"},
		{object{"definition": "\t"}, "body.definition", "line 1"},
	} {
		body := object{"workspace_key": w.workspace, "name": "n"}
		maps.Copy(body, tc.more)
		for _, path := range []string{"/pipelines", "/pipelines/verify"} {
			if path == "/pipelines/verify" {
				delete(body, "name")
			}
			p := a.post(path, body).problem(http.StatusUnprocessableEntity, wire.ProblemInvalid)
			require.Equal(t, tc.where, p.Errors[0].Location, "%v", tc.more)
			require.Contains(t, p.Errors[0].Message, tc.says, "%v", tc.more)
		}
	}
	require.Len(t, a.get("/pipelines?workspace="+w.workspace).items(), 1, "nothing was half-written")
}

func TestVerifyExplainsTheRules(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second, third := storetest.Case(t, a.store, w.workspace), storetest.Case(t, a.store, w.workspace)
	body := a.post("/pipelines/verify", object{
		"workspace_key": w.workspace, "definition": branches(w.testCase.Key, second.Key, third.Key),
	}).is(http.StatusOK)
	require.Equal(t, []any{
		object{"case_key": w.testCase.Key, "when": "always", "line": 4.0},
		object{"case_key": second.Key, "when": "whenPassed", "parent": 0.0, "line": 5.0},
		object{"case_key": third.Key, "when": "whenFailed", "parent": 0.0, "expect_fail": true, "line": 7.0},
	}, body["rules"])
	require.Len(t, a.get("/pipelines?workspace="+w.workspace).items(), 1, "nothing is saved")
}

func TestPipelinePatchChangesOnlyWhatItHolds(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second := storetest.Case(t, a.store, w.workspace)
	path := "/pipelines/" + w.pipeline.Key
	before := a.get(path).is(http.StatusOK)
	for _, field := range []string{"name", "description", "owners", "labels"} {
		var value any = "renamed"
		if field == "owners" || field == "labels" {
			value = []any{}
		}
		after := a.patch(path, object{field: value}).is(http.StatusOK)
		before[field], before["version"], before["updated_at"] = value, after["version"], after["updated_at"]
		require.Equal(t, before, after)
	}
	after := a.patch(path, object{"case_keys": []string{second.Key}}).is(http.StatusOK)
	require.Equal(t, []any{second.Key}, after["case_keys"])
	require.Contains(t, after["definition"], second.Key)
	require.NotContains(t, after["definition"], w.testCase.Key)
	a.patch(path, object{"case_keys": []string{}}).refused("body")
	a.patch(path, object{"definition": ""}).refused("body")
}

func TestPipelineOfAGoneCaseCanStillBeRenamed(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.delete("/cases/" + w.testCase.Key + "?force=true").is(http.StatusNoContent)
	a.patch("/pipelines/"+w.pipeline.Key, object{"name": "renamed"}).is(http.StatusOK)
	a.patch("/pipelines/"+w.pipeline.Key, object{"case_keys": []string{w.testCase.Key}}).refused("body.case_keys[0]")
}

func TestPipelineInUseNamesItsTriggers(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	p := a.delete("/pipelines/"+w.pipeline.Key).problem(http.StatusConflict, wire.ProblemInUse)
	require.Contains(t, p.Detail, w.plan.Key)
	require.Contains(t, p.Detail, w.gate.Key)
	a.delete("/pipelines/" + w.pipeline.Key + "?force=true").is(http.StatusNoContent)
	_, err := a.store.Pipeline(context.Background(), w.pipeline.Key)
	require.Error(t, err)
}

func TestManyUsersAreCounted(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	for range 21 {
		storetest.Gatekeeper(t, a.store, w.workspace, []string{w.pipeline.Key})
	}
	p := a.delete("/pipelines/"+w.pipeline.Key).problem(http.StatusConflict, wire.ProblemInUse)
	require.Contains(t, p.Detail, "and 3 more")
	require.Equal(t, 20, strings.Count(p.Detail, "-"+w.workspace+"-"))
}
