package notify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func TestRunFinishedTakesEveryFieldOver(t *testing.T) {
	t.Parallel()
	f := mixed()
	doc := NewRunFinished(f.run, f.executions, f.results)

	require.Equal(t, "0195514c-0000-7000-8000-000000000001", doc.RunID)
	require.Equal(t, "ABC", doc.WorkspaceKey)
	require.Equal(t, models.FinishedTrigger{
		Key: "P-ABC-0001", Method: models.MethodPlan, Name: f.run.TriggerName, Owners: f.run.TriggerOwners,
	}, doc.Trigger)
	require.Equal(t, models.SourceSchedule, doc.Source)
	require.Equal(t, "failure", doc.StatusText)
	require.Equal(t, noon.Add(-time.Second), *doc.ScheduledFor)
	require.Equal(t, noon, doc.StartedAt)
	require.Equal(t, noon.Add(64_999_999*time.Microsecond), doc.FinishedAt, "microseconds, cut")
	require.Equal(t, int64(65_000), doc.DurationMS)
	require.Equal(t, models.FinishedCounts{Total: 8, Passed: 3, Failed: 2, Skipped: 2}, doc.Cases)
	require.Len(t, doc.Pipelines, 3)
	require.Equal(t, models.FinishedPipeline{
		Key: "ABC-0001", Name: "login", ExecutionKey: "ABC-0001-033CE", Owners: []string{}, Status: models.StatusSuccess,
		StatusText: "success", StartedAt: *at(0.5), FinishedAt: *at(1), DurationMS: 500,
		Cases: []models.FinishedCase{{
			Key: "000000FF", Name: "sign in", ResultID: "0195514c-0000-7000-8000-0000000000ff", Owners: []string{},
			Environment: "staging", RuntimeUUID: "11111111-0000-7000-8000-000000000000", RuntimeName: "default",
			Status: models.StatusSuccess, StatusText: "success", Attempts: 2, Flaky: true,
			StartedAt: *at(0.5), FinishedAt: *at(1), DurationMS: 500,
		}},
	}, doc.Pipelines[1])
	require.Len(t, doc.Pipelines[0].Cases, 7)
	require.Equal(t, "why it is failure", doc.Pipelines[0].Cases[1].Message)
}

func TestRunFinishedGivesTimesToWhatNeverHappened(t *testing.T) {
	t.Parallel()
	f := mixed()
	f.results[2].DurationMS, f.executions[2].DurationMS = 77, 77 // left over from a try that was taken back
	doc := NewRunFinished(f.run, f.executions, f.results)

	skipped := doc.Pipelines[0].Cases[2]
	require.Equal(t, doc.Pipelines[0].StartedAt, skipped.StartedAt)
	require.Equal(t, doc.Pipelines[0].FinishedAt, skipped.FinishedAt)
	require.Zero(t, skipped.DurationMS)
	never := doc.Pipelines[2]
	require.Equal(t, doc.StartedAt, never.StartedAt)
	require.Equal(t, doc.FinishedAt, never.FinishedAt)
	require.Zero(t, never.DurationMS)
	require.Equal(t, "pipeline ABC-0003 was deleted", never.Reason)
}

func TestRunFinishedTimesAreNeverZeroNorBackwards(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		started, finished *time.Time
		from, to          *time.Time
	}{
		"a whole run":                {at(1), at(3), at(1), at(3)},
		"ended before it began":      {nil, at(3), at(3), at(3)},
		"no end":                     {at(1), nil, at(1), at(1)},
		"neither":                    {nil, nil, at(0), at(0)},
		"a clock that was set back":  {at(3), at(1), at(3), at(3)},
		"an end of less than a tick": {at(3), new(at(3).Add(time.Nanosecond)), at(3), at(3)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := NewRunFinished(models.Run{CreatedAt: noon, StartedAt: c.started, FinishedAt: c.finished}, nil, nil)
			require.Equal(t, *c.from, doc.StartedAt)
			require.Equal(t, *c.to, doc.FinishedAt)
		})
	}
	t.Run("a case that nobody ended", func(t *testing.T) {
		t.Parallel()
		f := mixed()
		f.results[0].FinishedAt = nil
		doc := NewRunFinished(f.run, f.executions, f.results)
		require.Equal(t, doc.Pipelines[0].FinishedAt, doc.Pipelines[0].Cases[0].FinishedAt)
	})
}

func TestRunFinishedEventIsOfItsRun(t *testing.T) {
	t.Parallel()
	f := mixed()
	event, err := RunFinishedEvent(f.run, f.executions, f.results)
	require.NoError(t, err)
	require.Equal(t, "run.finished", event.Type)
	require.Equal(t, "ABC", event.WorkspaceKey)
	require.Equal(t, "P-ABC-0001", event.TriggerKey)
	require.Equal(t, f.run.ID, event.RunID)
	require.Empty(t, event.ID, "the store's to give")
	require.Zero(t, event.CreatedAt)
	var doc models.RunFinished
	require.NoError(t, json.Unmarshal(event.Data, &doc))
	require.Equal(t, NewRunFinished(f.run, f.executions, f.results), doc)
}

func TestRunFinishedSaysNullNowhere(t *testing.T) {
	t.Parallel()
	event, err := RunFinishedEvent(models.Run{CreatedAt: noon}, []models.Execution{{Key: "x"}}, []models.CaseResult{{ExecutionKey: "x"}})
	require.NoError(t, err)
	require.NotContains(t, string(event.Data), "null")
}
