package api

import (
	"context"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func TestWebhookGetsItsDefaultsAndHidesItsSecret(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	res := a.post("/webhooks", object{
		"workspace_key": w.workspace, "name": "on-call", "url": "https://example.com/hook", "secret": "at least sixteen characters",
	})
	require.NotContains(t, string(res.raw), "sixteen")
	body := res.is(http.StatusCreated)
	require.Equal(t, "bellwether", body["format"])
	require.Equal(t, []any{"run.finished"}, body["events"])
	require.Equal(t, []any{}, body["trigger_keys"])
	require.Equal(t, true, body["enabled"])
	require.Equal(t, true, body["has_secret"])
	require.NotContains(t, body, "secret")
	path := "/webhooks/" + body["uid"].(string)
	require.Equal(t, body, a.get(path).is(http.StatusOK))

	a.patch(path, object{"name": "renamed"}).is(http.StatusOK)
	kept, err := a.store.Webhook(context.Background(), body["uid"].(string))
	require.NoError(t, err)
	require.Equal(t, "at least sixteen characters", kept.Secret, "a secret that was not sent stays")
	require.Equal(t, false, a.patch(path, object{"secret": ""}).is(http.StatusOK)["has_secret"])
	require.Equal(t, true, a.patch(path, object{"secret": "another sixteen characters"}).is(http.StatusOK)["has_secret"])
	require.NotContains(t, string(a.get("/webhooks").raw), "sixteen")
}

func TestWebhookNamesEachBadField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w, other := a.world(), a.world()
	for _, tc := range []struct {
		more  object
		where string
	}{
		{object{"workspace_key": "ZZZ"}, "body.workspace_key"},
		{object{"url": "example.com"}, "body.url"},
		{object{"url": "https://user:password@example.com"}, "body.url"},
		{object{"format": "xml"}, "body.format"},
		{object{"events": []string{"run.exploded"}}, "body.events[0]"},
		{object{"trigger_keys": []string{"P-1"}}, "body.trigger_keys[0]"},
		{object{"trigger_keys": []string{other.plan.Key}}, "body.trigger_keys[0]"},
		{object{"trigger_keys": []string{w.plan.Key, "P-" + w.workspace + "-FFFF"}}, "body.trigger_keys[1]"},
		{object{"secret": "short"}, "body.secret"},
		{object{"owners": []string{"jane"}}, "body.owners[0]"},
	} {
		body := object{"workspace_key": w.workspace, "name": "n", "url": "https://example.com"}
		maps.Copy(body, tc.more)
		a.post("/webhooks", body).refused(tc.where)
	}
	require.Len(t, a.get("/webhooks?workspace="+w.workspace).items(), 1, "nothing was half-written")
}

func TestWebhookPatchChangesOnlyWhatItHolds(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/webhooks/" + w.webhook.UID
	before := a.get(path).is(http.StatusOK)
	for _, tc := range []struct {
		field string
		value any
	}{
		{"name", "renamed"},
		{"url", "https://example.com/other"},
		{"format", string(models.FormatTestany)},
		{"events", []any{"run.finished"}},
		{"trigger_keys", []any{w.plan.Key}},
		{"enabled", false},
		{"owners", []any{}},
		{"trigger_keys", []any{}},
	} {
		after := a.patch(path, object{tc.field: tc.value}).is(http.StatusOK)
		before[tc.field], before["version"], before["updated_at"] = tc.value, before["version"].(float64)+1, after["updated_at"]
		require.Equal(t, before, after, "%s", tc.field)
	}
	a.patch(path, object{"events": []any{}}).refused("body.events")
	a.patch(path, object{"secret": models.Mask}).refused("body.secret")
}

func TestWebhookOfAGoneTriggerCanStillBeEdited(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/webhooks/" + w.webhook.UID
	a.patch(path, object{"trigger_keys": []string{w.plan.Key}}).is(http.StatusOK)
	a.delete("/triggers/" + w.plan.Key).is(http.StatusNoContent)
	a.patch(path, object{"enabled": false}).is(http.StatusOK)
	a.delete(path).is(http.StatusNoContent)
}
