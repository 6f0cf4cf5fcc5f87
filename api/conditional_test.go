package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

// versioned lists one of each definition.
func versioned(a *apiTest, w world) map[string]string {
	user, _ := a.user(nil)
	empty := storetest.Workspace(a.t, a.store)
	return map[string]string{
		"workspace": "/workspaces/" + empty.Key, "user": "/users/" + text(user.ID), "environment": "/environments/" + w.env.UID,
		"webhook": "/webhooks/" + w.webhook.UID, "trigger": "/triggers/" + w.plan.Key,
	}
}

func TestVersionsGuardEveryDefinition(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	paths := versioned(a, w)
	paths["case"], paths["pipeline"] = "/cases/"+w.testCase.Key, "/pipelines/"+w.pipeline.Key
	for what, path := range paths {
		etag := a.get(path).header.Get("ETag")
		require.Equal(t, `"1"`, etag, what)

		for _, tag := range []string{etag, "W/" + etag, `"9", "1"`, "*"} {
			res := a.get(path, header("If-None-Match", tag))
			require.Equal(t, http.StatusNotModified, res.status, "%s %s", what, tag)
			require.Empty(t, res.raw)
			require.Equal(t, etag, res.header.Get("ETag"))
		}
		a.get(path, header("If-None-Match", `"9"`)).is(http.StatusOK)

		name := object{"name": "renamed"}
		for _, tag := range []string{`"9"`, "1", `W/"1"`, "nonsense"} {
			p := a.patch(path, name, header("If-Match", tag)).problem(http.StatusPreconditionFailed, wire.ProblemPrecondition)
			require.Contains(t, p.Detail, `the current version is "1"`)
			a.delete(path, header("If-Match", tag)).problem(http.StatusPreconditionFailed, wire.ProblemPrecondition)
		}
		require.Equal(t, `"2"`, a.patch(path, name, header("If-Match", etag)).header.Get("ETag"), what)
		a.patch(path, name, header("If-Match", etag)).problem(http.StatusPreconditionFailed, wire.ProblemPrecondition)
		require.Equal(t, `"3"`, a.patch(path, name, header("If-Match", "*")).header.Get("ETag"), what)
	}
	for what, path := range versioned(a, w) {
		a.delete(path, header("If-Match", `"99"`)).problem(http.StatusPreconditionFailed, wire.ProblemPrecondition)
		res := a.delete(path, header("If-Match", "*"))
		require.Equal(t, http.StatusNoContent, res.status, "%s: %s", what, res.raw)
	}
}

func TestParallelChangesWithoutAVersionAllCount(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	path := "/triggers/" + w.plan.Key
	patches := []object{
		{"name": "renamed"},
		{"description": "described"},
		{"enabled": false},
		{"labels": []any{"x"}},
		{"owners": []any{}},
		{"jitter_seconds": 7.0},
		{"overlap": "allow"},
		{"catch_up": "none"},
		{"timezone": "Asia/Tokyo"},
		{"parameters": object{"A": "b"}},
	}
	var wait sync.WaitGroup
	for _, patch := range patches {
		wait.Go(func() { a.patch(path, patch).is(http.StatusOK) })
	}
	wait.Wait()
	after := a.get(path).is(http.StatusOK)
	require.InDelta(t, 1+len(patches), after["version"], 0)
	for _, patch := range patches {
		for field, value := range patch {
			require.Equal(t, value, after[field])
		}
	}
}

func TestOnlyOneOfParallelChangesOfAVersionCounts(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	const writers = 10
	statuses := make([]int, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() {
			body := object{"name": fmt.Sprintf("writer %d", i)}
			statuses[i] = a.patch("/cases/"+w.testCase.Key, body, header("If-Match", `"1"`)).status
		})
	}
	wait.Wait()
	won := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			won++
			continue
		}
		require.Equal(t, http.StatusPreconditionFailed, status)
	}
	require.Equal(t, 1, won)
}

// staleStore lets every change lose.
type staleStore struct{ Store }

func (staleStore) UpdateCase(context.Context, *models.Case) error { return models.ErrStale }

func TestChangeThatAlwaysLosesIsAConflict(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, func(d *Deps) { d.Store = staleStore{d.Store} })
	w := a.world()
	a.patch("/cases/"+w.testCase.Key, object{"name": "n"}).problem(http.StatusConflict, wire.ProblemStale)
}
