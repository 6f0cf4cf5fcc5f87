package api

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestPlanGetsItsDefaults(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	body := a.post("/triggers", object{
		"workspace_key": w.workspace, "method": "plan", "name": "nightly", "pipeline_keys": []string{w.pipeline.Key}, "cron": "0 3 * * *",
	}).is(http.StatusCreated)
	require.Equal(t, "P-"+w.workspace+"-0002", body["key"])
	require.Equal(t, true, body["enabled"])
	require.Equal(t, "UTC", body["timezone"])
	require.Equal(t, "skip", body["overlap"])
	require.Equal(t, "last", body["catch_up"])
	require.InDelta(t, 3600, body["catch_up_window_seconds"], 0)
	require.Equal(t, object{}, body["parameters"])
	require.Equal(t, body, a.get("/triggers/"+body["key"].(string)).is(http.StatusOK))
}

func TestGatekeeperHasNoSchedule(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	body := a.post("/triggers", object{"workspace_key": w.workspace, "method": "gatekeeper", "name": "gate", "enabled": false}).is(http.StatusCreated)
	require.Equal(t, false, body["enabled"])
	require.Equal(t, []any{}, body["pipeline_keys"])
	require.NotContains(t, body, "timezone")
	a.patch("/triggers/"+body["key"].(string), object{"cron": "* * * * *"}).refused("body.cron")
	a.patch("/triggers/"+body["key"].(string), object{"overlap": "skip"}).refused("body.overlap")
}

func TestTriggerNamesEachBadField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	for _, tc := range []struct {
		more  object
		where string
	}{
		{object{"workspace_key": "ZZZ"}, "body.workspace_key"},
		{object{"method": "monitor"}, "body.method"},
		{object{"cron": ""}, "body.cron"},
		{object{"cron": "61 * * * *"}, "body.cron"},
		{object{"cron": "* * * * * *"}, "body.cron"},
		{object{"cron": "CRON_TZ=UTC * * * * *"}, "body.cron"},
		{object{"timezone": "Mars/Olympus"}, "body.timezone"},
		{object{"timezone": "Local"}, "body.timezone"},
		{object{"jitter_seconds": 3601}, "body.jitter_seconds"},
		{object{"overlap": "often"}, "body.overlap"},
		{object{"catch_up": "some"}, "body.catch_up"},
		{object{"catch_up_window_seconds": -1}, "body.catch_up_window_seconds"},
		{object{"pipeline_keys": []string{w.pipeline.Key, w.workspace + "-FFFF"}}, "body.pipeline_keys[1]"},
		{object{"pipeline_keys": []string{other.pipeline.Key}}, "body.pipeline_keys[0]"},
		{object{"pipeline_keys": []string{"nonsense"}}, "body.pipeline_keys[0]"},
		{object{"environment_uid": other.env.UID}, "body.environment_uid"},
		{object{"parameters": object{"a b": "c"}}, "body.parameters.a b"},
		{object{"parameters": object{"a": 1}}, "body.parameters.a"},
		{object{"parameters": object{"a": nil}}, "body.parameters.a"},
		{object{"owners": []string{"jane"}}, "body.owners[0]"},
	} {
		body := object{"workspace_key": w.workspace, "method": "plan", "name": "n", "cron": "* * * * *"}
		maps.Copy(body, tc.more)
		a.post("/triggers", body).refused(tc.where)
	}
	require.Len(t, a.get("/triggers?workspace="+w.workspace).items(), 2, "nothing was half-written")
}

func TestTriggerPatchChangesOnlyWhatItHolds(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	second := storetest.Pipeline(t, a.store, w.workspace, []string{w.testCase.Key})
	path := "/triggers/" + w.plan.Key
	before := a.get(path).is(http.StatusOK)
	for _, tc := range []struct {
		field string
		value any
	}{
		{"name", "renamed"},
		{"description", "more"},
		{"enabled", false},
		{"owners", []any{}},
		{"labels", []any{"a"}},
		{"pipeline_keys", []any{second.Key, w.pipeline.Key}},
		{"environment_uid", w.env.UID},
		{"parameters", object{"REGION": "us"}},
		{"parameters", object{}},
		{"cron", "@hourly"},
		{"timezone", "Europe/Berlin"},
		{"jitter_seconds", 30.0},
		{"overlap", "queue"},
		{"catch_up", "all"},
		{"catch_up_window_seconds", 60.0},
		{"pipeline_keys", []any{}},
		{"environment_uid", ""},
		{"enabled", true},
	} {
		after := a.patch(path, object{tc.field: tc.value}).is(http.StatusOK)
		before[tc.field], before["version"], before["updated_at"] = tc.value, before["version"].(float64)+1, after["updated_at"]
		require.Equal(t, before, after, "%s", tc.field)
		require.Equal(t, after, a.get(path).is(http.StatusOK))
	}
	require.Equal(t, "UTC", a.patch(path, object{"timezone": ""}).is(http.StatusOK)["timezone"], "empty is the default")
	a.patch(path, object{"cron": ""}).refused("body.cron")
	a.patch(path, object{"cron": "every day"}).refused("body.cron")
	a.patch(path, object{"method": "gatekeeper"}).refused("body.method")
}

func TestTriggerOfAGonePipelineCanStillBeDisabled(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.delete("/pipelines/" + w.pipeline.Key + "?force=true").is(http.StatusNoContent)
	a.patch("/triggers/"+w.plan.Key, object{"enabled": false}).is(http.StatusOK)
}

func TestTriggersAreListedByMethod(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	items := a.get("/triggers?method=gatekeeper&workspace=" + w.workspace).items()
	require.Len(t, items, 1)
	require.Equal(t, w.gate.Key, items[0]["key"])
	a.get("/triggers?method=monitor").refused("query.method")
}

func TestFiresTellDaylightSavingTime(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	a.clock.advance(time.Date(2030, 3, 29, 12, 0, 0, 0, time.UTC).Sub(a.clock.now()))
	plan := storetest.Plan(t, a.store, w.workspace, nil, func(p *models.Trigger) {
		p.Cron, p.Timezone = "30 2 * * *", "Europe/Berlin"
	})
	fires := a.get("/triggers/" + plan.Key + "/fires").items()
	require.Len(t, fires, 5)
	require.Equal(t, "2030-03-30T01:30:00Z", fires[0]["scheduled_for"])
	require.Equal(t, "2030-03-30T01:30:00Z", fires[0]["starts_at"])
	noted := 0
	for _, f := range fires {
		require.NotEmpty(t, f["local"])
		if f["note"] != nil {
			noted++
		}
	}
	require.Positive(t, noted, "the night of 31 March has no 2:30: %v", fires)
	require.Len(t, a.get("/triggers/"+plan.Key+"/fires?count=2").items(), 2)
	a.get("/triggers/" + plan.Key + "/fires?count=51").refused("query.count")
	a.get("/triggers/"+w.gate.Key+"/fires").problem(http.StatusConflict, wire.ProblemConflict)
}

func TestDeletedTriggerLeavesItsRuns(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	run := a.finished(w.gate)
	a.delete("/triggers/" + w.gate.Key).is(http.StatusNoContent)
	a.get("/triggers/"+w.gate.Key).problem(http.StatusNotFound, wire.ProblemNotFound)
	require.Equal(t, w.gate.Key, a.get("/runs/" + run.ID).is(http.StatusOK)["trigger_key"])
}
