package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
)

func TestCursorsThatNoListAnsweredAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	for _, list := range []string{"workspaces", "users", "environments", "cases", "pipelines", "triggers", "webhooks", "runs", "deliveries", "runtimes"} {
		a.get("/" + list + "?after=nonsense!").refused("query.after")
		a.get("/" + list + "?after=").is(http.StatusOK)
	}
	gone := "00000000-0000-7000-8000-000000000000"
	for list, after := range map[string]string{
		"workspaces": w.workspace, "environments": w.env.UID, "cases": w.testCase.Key, "pipelines": w.pipeline.Key,
		"triggers": w.plan.Key, "webhooks": w.webhook.UID, "runs": gone, "deliveries": gone,
	} {
		require.Empty(t, a.get("/"+list+"?after="+after).items(), "%s after its last one", list)
	}
}

func TestQueriesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for _, query := range []string{"limit=%zz", "limit=1;after=x"} {
		p := a.get("/cases?"+query).problem(http.StatusBadRequest, wire.ProblemBadRequest)
		require.Contains(t, p.Detail, "write % as %25")
	}
	require.Contains(t, a.post("/workspaces", nil).problem(http.StatusBadRequest, wire.ProblemBadRequest).Detail, "/docs")
}
