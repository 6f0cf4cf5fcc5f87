package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDemoDeliversEveryPayloadAndExits(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "up", "--demo", "--exit", "--json", "--data", t.TempDir(),
		"--listen", freePort(t), "--temporal-listen", freePort(t), "--ui-listen", freePort(t))
	require.Equal(t, 0, p.wait(2*startLimit), "every payload arrived")

	type line struct {
		Event   string          `json:"event"`
		Webhook string          `json:"webhook"`
		Headers json.RawMessage `json:"headers"`
		Body    json.RawMessage `json:"body"`
	}
	methods := map[string]int{}
	envelopes := 0
	for text := range strings.Lines(p.stdout.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), "stdout holds JSON lines only: %s", text)
		require.Equal(t, "run.finished", l.Event)
		require.NotEmpty(t, l.Webhook)
		require.Contains(t, string(l.Headers), "X-Bellwether-Delivery")
		var body struct {
			TriggerMethod string `json:"trigger_method"`
			Type          string `json:"type"`
		}
		require.NoError(t, json.Unmarshal(l.Body, &body))
		if body.Type != "" {
			envelopes++
			continue
		}
		methods[body.TriggerMethod]++
	}
	require.GreaterOrEqual(t, methods["plan"], 1, "a Testany payload for the plan")
	require.GreaterOrEqual(t, methods["gatekeeper"], 1, "a Testany payload for the gatekeeper")
	require.GreaterOrEqual(t, envelopes, 2, "an envelope for each")
}

func TestDemoRunsAgainOnTheSameData(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	for range 2 {
		p := start(t, nil, "up", "--demo", "--exit", "--json", "--data", data,
			"--listen", freePort(t), "--temporal-listen", freePort(t), "--ui-listen", freePort(t))
		require.Equal(t, 0, p.wait(2*startLimit))
	}
}

func TestInterruptStopsWithinTenSecondsInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	s, g := up(t, t.TempDir()), newTarget(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.fire(a.gatekeeper("slow", a.pipeline("slow", a.testCase("slow", g.URL+"/slow", nil))))
	g.reached(t, startLimit)
	require.Less(t, s.interrupt(), stopLimit)
	require.Equal(t, 0, s.wait(stopLimit), "a stop that was asked for is no failure")
}

func TestKilledProcessGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s, g, hook := up(t, data), newTarget(t), newSink(t)
	a := newAPI(t, s.listen)
	a.workspace()
	a.webhook("sink", hook.URL, "testany")
	quick, slow := a.testCase("quick", g.URL+"/ok", nil), a.testCase("slow", g.URL+"/slow", nil)
	run := a.fire(a.gatekeeper("gate", a.pipeline("both", quick, slow)))
	g.reached(t, startLimit)
	s.kill()

	g.letGo()
	again := up(t, data)
	a = newAPI(t, again.listen)
	verdict := a.verdict(run, startLimit)
	require.Equal(t, 1, number(verdict["status"]), "%v", verdict)
	results := a.results(run)
	require.Len(t, results, 2)
	require.Equal(t, int64(1), g.ok.Load(), "the case that was done is not run again")
	got := hook.expect(t, 1, startLimit)
	require.Len(t, hook.deliveries(), 1, "one delivery id")
	require.Equal(t, 1, got[0].testany(t).Status)
}

func TestSecondProcessOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	up(t, data)
	second := start(t, nil, "up", "--data", data, "--listen", freePort(t), "--temporal-listen", freePort(t), "--ui-listen", freePort(t))
	require.NotEqual(t, 0, second.wait(startLimit))
	last := lastLine(second.stderr.String())
	require.Contains(t, last, data, "the line names the folder")
	require.NotContains(t, second.stderr.String(), "goroutine", "no panic")
}

func TestTakenPortNamesTheFlag(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--listen", "--temporal-listen", "--ui-listen"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer taken.Close()
			addresses := map[string]string{"--listen": freePort(t), "--temporal-listen": freePort(t), "--ui-listen": freePort(t)}
			addresses[flag] = taken.Addr().String()
			args := []string{"up", "--data", t.TempDir()}
			for name, address := range addresses {
				args = append(args, name, address)
			}
			p := start(t, nil, args...)
			require.NotEqual(t, 0, p.wait(startLimit))
			last := lastLine(p.stderr.String())
			require.Contains(t, last, flag)
			require.Contains(t, last, taken.Addr().String())
		})
	}
}

func TestDocsAndWebUIAreServed(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	client := &http.Client{Timeout: 10 * time.Second}
	for _, url := range []string{"http://" + s.listen + "/docs", "http://" + s.listen + "/openapi.json", "http://" + s.listen + "/healthz", "http://" + s.ui + "/"} {
		res, err := client.Get(url)
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode, url)
	}
}

// lastLine is the last line that is not empty.
func lastLine(text string) string {
	last := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			last = line
		}
	}
	return last
}
