package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
)

func TestKeysAreExactOnSQLite(t *testing.T) {
	t.Parallel()
	testExactKeys(t, newAPITest(t))
}

// TestKeysAreExactOnMySQL is there because MySQL finds 'ABC' when asked for 'ABC '.
func TestKeysAreExactOnMySQL(t *testing.T) {
	t.Parallel()
	testExactKeys(t, newAPITestOn(t, storetest.NewMySQL(t)))
}

func testExactKeys(t *testing.T, a *apiTest) {
	t.Helper()
	s := a.scene()
	for _, tail := range []string{"%20", "%00", "%ff", "%F0%9F%98%80", "%0a", "'--", strings.Repeat("x", 5000)} {
		for _, path := range []string{
			"/workspaces/" + s.workspace, "/cases/" + s.testCase.Key, "/pipelines/" + s.pipeline.Key, "/triggers/" + s.plan.Key,
			"/webhooks/" + s.webhook.UID, "/environments/" + s.env.UID, "/runs/" + s.run.ID, "/results/" + s.result.ID,
			"/deliveries/" + s.delivery.ID, "/events/" + s.delivery.EventID, "/cases?workspace=" + s.workspace,
		} {
			a.get(path+tail).problem(http.StatusNotFound, wire.ProblemNotFound)
		}
		a.delete("/tokens/"+s.tokenID+tail).problem(http.StatusNotFound, wire.ProblemNotFound)
		for _, path := range []string{"/cases?name=", "/cases?label=", "/runs?trigger=", "/deliveries?run=", "/tokens?after="} {
			require.Equal(t, http.StatusOK, a.get(path+"zzz"+tail).status, path)
		}
		a.get("/cases?after=" + s.testCase.Key + tail).refused("query.after")
		a.get("/runs?after=" + s.run.ID + tail).refused("query.after")
	}
	for _, tail := range []string{" ", "\n", "\x00", "😀"} {
		body := object{"workspace_key": s.workspace, "name": "n", "kind": "http", "http": object{"url": "https://example.com"}}
		body["environment_uid"] = s.env.UID + tail
		a.post("/cases", body).refused("body.environment_uid")
		body["environment_uid"], body["workspace_key"] = "", s.workspace+tail
		a.post("/cases", body).refused("body.workspace_key")
		a.post("/triggers", object{
			"workspace_key": s.workspace, "name": "n", "method": "gatekeeper", "pipeline_keys": []string{s.pipeline.Key + tail},
		}).refused("body.pipeline_keys[0]")
	}
}
