package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRunsEndAlthoughTemporalLostItsData takes Temporal's files away while one run is in the middle of
// a case and another one, whose cancelling was asked for, as well.
func TestRunsEndAlthoughTemporalLostItsData(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s, g, hook := up(t, data), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "testany")
	gate := a.gatekeeper("gate", a.pipeline("slow", a.testCase("slow", g.URL+"/slow", nil)))
	run, cancelled := a.fire(gate), a.fire(gate)
	g.reached(t, startLimit)
	g.reached(t, startLimit)
	s.kill()
	files, err := filepath.Glob(filepath.Join(data, "temporal.db*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		require.NoError(t, os.Remove(file))
	}

	g.letGo()
	a = newAPI(t, up(t, data).listen)
	a.must(http.MethodPost, "/runs/"+cancelled+"/cancel", nil)
	require.Equal(t, 1, number(a.verdict(run, 2*startLimit)["status"]))
	require.Equal(t, 5, number(a.verdict(cancelled, 2*startLimit)["status"]))
	require.Len(t, a.results(run), 1)
	hook.expect(t, 2, startLimit)
	require.Len(t, hook.deliveries(), 2, "each run is told of once")
}
