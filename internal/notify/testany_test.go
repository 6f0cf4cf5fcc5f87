package notify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// sample is the run that the published samples tell of. They show the same instant everywhere, so the
// durations cannot come from the times.
func sample(method models.TriggerMethod, key string) finished {
	published := new(time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC))
	owner := []string{"john.doe@acme.tld"}
	return finished{
		run: models.Run{
			ID: "0195514c-0000-7000-8000-000000000003", WorkspaceKey: "ABC", TriggerKey: key, TriggerMethod: method,
			TriggerName: "notification-demo-payload", TriggerOwners: owner, Status: models.StatusSuccess,
			StartedAt: published, FinishedAt: published, DurationMS: 22_000,
		},
		executions: []models.Execution{{
			Key: "ABC-0001-033CE", PipelineKey: "ABC-0001", PipelineName: "demo-for-event", Owners: owner,
			Status: models.StatusSuccess, StartedAt: published, FinishedAt: published, DurationMS: 22_000,
		}},
		results: []models.CaseResult{{
			ID: "0195514c-0000-7000-8000-000000000004", ExecutionKey: "ABC-0001-033CE", CaseKey: "00000000",
			CaseName: "check-notification-active", Owners: owner, EnvironmentName: "DEMO",
			RuntimeUUID: "00000000-0000-0000-0000-000000000000", RuntimeName: "CloudPrime-Default",
			Status: models.StatusSuccess, Attempt: 1, StartedAt: published, FinishedAt: published, DurationMS: 6_000,
		}},
	}
}

func TestTestanyEqualsThePublishedSamples(t *testing.T) {
	t.Parallel()
	cases := map[string]finished{
		"testany-plan.sample.json":       sample(models.MethodPlan, "P-ABC-0001"),
		"testany-gatekeeper.sample.json": sample(models.MethodGatekeeper, "G-ABC-0001"),
	}
	for file, f := range cases {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			message, err := New(Options{}).Render(models.FormatTestany, f.event(t))
			require.NoError(t, err)
			require.Equal(t, "application/json", message.ContentType)
			requireCompact(t, message.Body)
			requireGolden(t, file, message.Body, false)
		})
	}
}

func TestTestanyTellsEveryStatusInItsOwnNumbers(t *testing.T) {
	t.Parallel()
	message, err := New(Options{}).Render(models.FormatTestany, mixed().event(t))
	require.NoError(t, err)
	requireGolden(t, "testany-mixed.golden.json", message.Body, *update)
}

func TestTestanyHasEveryKeyWithoutPipelines(t *testing.T) {
	t.Parallel()
	message, err := New(Options{}).Render(models.FormatTestany, empty().event(t))
	require.NoError(t, err)
	require.Equal(t, `{"name":"gate","pipelines":[],"status":2,"trigger_key":"G-ABC-0002",`+
		`"trigger_method":"gatekeeper","trigger_owner":[]}`, string(message.Body))
}

func TestTestanyNamesMonitors(t *testing.T) {
	t.Parallel()
	message, err := New(Options{}).Render(models.FormatTestany, sample(models.MethodMonitor, "M-ABC-0001").event(t))
	require.NoError(t, err)
	require.Contains(t, string(message.Body), `"trigger_key":"M-ABC-0001","trigger_method":"monitor"`)
}

func TestTestanyStatuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status         models.Status
		verdict, aCase int
	}{
		{models.StatusQueued, 2, 3},
		{models.StatusRunning, 2, 2},
		{models.StatusSuccess, 1, 1},
		{models.StatusFailure, 2, 2},
		{models.StatusSkipped, 2, 3},
		{models.StatusFailedAsExpected, 1, 4},
		{models.StatusCancelled, 2, 2},
		{models.StatusError, 2, 2},
		{models.Status(42), 2, 2},
	}
	for _, c := range cases {
		require.Equal(t, c.verdict, testanyVerdict(c.status), c.status)
		require.Equal(t, c.aCase, testanyCaseStatus(c.status), c.status)
	}
}

func TestTestanyRoundsDurationsHalfUp(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]int64{0: 0, 1: 0, 499: 0, 500: 1, 1499: 1, 1500: 2, 59_999: 60} {
		require.Equal(t, want, wholeSeconds(ms), "%d ms", ms)
	}
}
