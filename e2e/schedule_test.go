package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlanFiresOnItsScheduleAndEachTickOnce(t *testing.T) {
	t.Parallel()
	s, g, hook := up(t, t.TempDir()), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "testany")
	pipeline := a.pipeline("one", a.testCase("ok", g.URL+"/ok", nil))
	trigger := a.must(http.MethodPost, "/triggers", object{
		"workspace_key": "E2E", "method": "plan", "name": "often", "pipeline_keys": []string{pipeline}, "cron": "@every 10s",
	})["key"].(string)
	require.Len(t, a.items("/triggers/"+trigger+"/fires"), 5)

	require.Eventually(t, func() bool { return len(a.items("/runs?trigger="+trigger)) >= 2 }, startLimit, poll)
	ticks := map[string]bool{}
	for _, run := range a.items("/runs?trigger=" + trigger) {
		tick := run["scheduled_for"].(string)
		require.False(t, ticks[tick], "tick %s ran twice", tick)
		ticks[tick] = true
		at, err := time.Parse(time.RFC3339Nano, tick)
		require.NoError(t, err)
		require.Zero(t, at.Unix()%10, "ticks are multiples of the interval")
	}
	require.Equal(t, "plan", hook.expect(t, 1, startLimit)[0].testany(t).TriggerMethod)

	a.must(http.MethodPatch, "/triggers/"+trigger, object{"enabled": false})
	stopped := time.Now().Add(2 * time.Second)
	require.Eventually(t, func() bool { return time.Since(stopped) > 11*time.Second }, startLimit, poll)
	for _, run := range a.items("/runs?trigger=" + trigger) {
		at, err := time.Parse(time.RFC3339Nano, run["scheduled_for"].(string))
		require.NoError(t, err)
		require.True(t, at.Before(stopped), "a change takes effect within two seconds, but %s ran", at)
	}
}
