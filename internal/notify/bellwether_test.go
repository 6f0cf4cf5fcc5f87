package notify

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func webUI(runID string) string { return "https://temporal.example.com/run%2F" + runID }

func TestBellwetherTellsEverything(t *testing.T) {
	t.Parallel()
	renderer := New(Options{BaseURL: "https://bellwether.example.com/", TemporalURL: webUI})
	message, err := renderer.Render(models.FormatBellwether, mixed().event(t))
	require.NoError(t, err)
	require.Equal(t, "application/json", message.ContentType)
	requireCompact(t, message.Body)
	requireGolden(t, "bellwether-mixed.golden.json", message.Body, *update)
}

func TestBellwetherTellsOfRunsWithoutPipelines(t *testing.T) {
	t.Parallel()
	message, err := New(Options{BaseURL: "https://bellwether.example.com"}).Render(models.FormatBellwether, empty().event(t))
	require.NoError(t, err)
	requireGolden(t, "bellwether-empty.golden.json", message.Body, *update)
}

func TestBellwetherLinksArePathsWithoutBaseURL(t *testing.T) {
	t.Parallel()
	message, err := New(Options{}).Render(models.FormatBellwether, empty().event(t))
	require.NoError(t, err)
	var body struct {
		Data struct {
			Links map[string]string `json:"links"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(message.Body, &body))
	require.Equal(t, map[string]string{"run": "/api/v1/runs/0195514c-0000-7000-8000-000000000002"}, body.Data.Links)
}

func TestRenderingIsRepeatable(t *testing.T) {
	t.Parallel()
	renderer, event := New(Options{TemporalURL: webUI}), mixed().event(t)
	for _, format := range models.Formats {
		first, err := renderer.Render(format, event)
		require.NoError(t, err, "every format that a webhook may have")
		again, err := renderer.Render(format, event)
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

func TestRenderRefusesWhatItHasNoBodyFor(t *testing.T) {
	t.Parallel()
	renderer := New(Options{})
	cases := []struct {
		format models.Format
		event  string
		want   UnsupportedError
		words  string
	}{
		{"xml", models.EventRunFinished, UnsupportedError{Format: "xml", Known: []string{"bellwether", "testany"}}, `format "xml" is unknown; known: bellwether, testany`},
		{models.FormatTestany, "ping", UnsupportedError{Format: models.FormatTestany, Event: "ping", Known: []string{"run.finished"}}, `format testany has no body for event "ping"`},
		{models.FormatBellwether, "ping", UnsupportedError{Format: models.FormatBellwether, Event: "ping", Known: []string{"run.finished"}}, `it has one for: run.finished`},
	}
	for _, c := range cases {
		event := mixed().event(t)
		event.Type = c.event
		_, err := renderer.Render(c.format, event)
		var unsupported *UnsupportedError
		require.ErrorAs(t, err, &unsupported)
		require.Equal(t, c.want, *unsupported)
		require.ErrorContains(t, err, c.words)
	}
}

func TestRenderRefusesDataThatIsNoRun(t *testing.T) {
	t.Parallel()
	for _, format := range models.Formats {
		for _, data := range []string{"", "null", "{}", "[]", `{"run_id":7}`, `{"run_id":"x"`} {
			_, err := New(Options{}).Render(format, models.Event{ID: "e1", Type: models.EventRunFinished, Data: json.RawMessage(data)})
			require.ErrorContains(t, err, "render event e1 as "+string(format)+": read data of run.finished: ", data)
		}
	}
}

func TestListsThatOldDataLacksAreEmpty(t *testing.T) {
	t.Parallel()
	event := models.Event{Type: models.EventRunFinished, Data: json.RawMessage(`{"run_id":"x","pipelines":[{"cases":[{}]},{}]}`)}
	for _, format := range models.Formats {
		message, err := New(Options{}).Render(format, event)
		require.NoError(t, err)
		require.NotContains(t, string(message.Body), "null")
	}
	event.Data = json.RawMessage(`{"run_id":"x"}`)
	message, err := New(Options{}).Render(models.FormatTestany, event)
	require.NoError(t, err)
	require.Contains(t, string(message.Body), `"pipelines":[]`)
}

func FuzzRenderNeverPanicsNorSaysNull(f *testing.F) {
	f.Add([]byte(`{"run_id":"x","pipelines":[{"cases":[{}]},{}]}`))
	f.Add([]byte(`{"run_id":"x","trigger":null,"pipelines":null,"status":5}`))
	renderer := New(Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range models.Formats {
			message, err := renderer.Render(format, models.Event{Type: models.EventRunFinished, Data: data})
			if err == nil {
				require.True(t, json.Valid(message.Body))
				require.NotRegexp(t, `"(owner|owners|trigger_owner|cases|pipelines)":null`, string(message.Body))
			}
		}
	})
}
