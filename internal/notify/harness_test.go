package notify

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// update rewrites our own golden files. The published samples are contracts and never rewritten.
var update = flag.Bool("update", false, "rewrite the golden files of this package")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) *time.Time {
	return new(noon.Add(time.Duration(seconds * float64(time.Second))))
}

// finished is what the store hands over when a run ends.
type finished struct {
	run        models.Run
	executions []models.Execution
	results    []models.CaseResult
}

func (f finished) event(t *testing.T) models.Event {
	t.Helper()
	event, err := RunFinishedEvent(f.run, f.executions, f.results)
	require.NoError(t, err)
	event.ID, event.CreatedAt = "0195514c-0000-7000-8000-0000000000e1", noon.Add(65*time.Second+123456789*time.Nanosecond)
	return event
}

// mixed is a run with every status, of a schedule, with times in another zone, without some owners.
func mixed() finished {
	berlin := time.FixedZone("CET", 3600)
	f := finished{
		run: models.Run{
			ID: "0195514c-0000-7000-8000-000000000001", WorkspaceKey: "ABC", TriggerKey: "P-ABC-0001",
			TriggerMethod: models.MethodPlan, TriggerName: "Nightly <smoke> & \"more\" – äöü", TriggerOwners: []string{"a@acme.tld", "b@acme.tld"},
			Source: models.SourceSchedule, Status: models.StatusFailure, ScheduledFor: new(noon.Add(-time.Second).In(berlin)),
			CasesTotal: 8, CasesPassed: 3, CasesFailed: 2, CasesSkipped: 2,
			CreatedAt: noon.Add(-2 * time.Second), StartedAt: new(noon.In(berlin)), FinishedAt: at(64.9999999), DurationMS: 65_000,
		},
		executions: []models.Execution{
			{
				Key: "ABC-0002-00001", Position: 0, PipelineKey: "ABC-0002", PipelineName: "checkout", Owners: []string{"c@acme.tld"},
				Status: models.StatusFailure, StartedAt: at(0.5), FinishedAt: at(30.75), DurationMS: 30_250,
			},
			{
				Key: "ABC-0001-033CE", Position: 1, PipelineKey: "ABC-0001", PipelineName: "login",
				Status: models.StatusSuccess, StartedAt: at(0.5), FinishedAt: at(1), DurationMS: 500,
			},
			{
				Key: "ABC-0003-00007", Position: 2, PipelineKey: "ABC-0003", PipelineName: "never started",
				Status: models.StatusError, Reason: "pipeline ABC-0003 was deleted",
			},
		},
	}
	statuses := []models.Status{
		models.StatusSuccess, models.StatusFailure, models.StatusSkipped, models.StatusFailedAsExpected,
		models.StatusCancelled, models.StatusError, models.StatusQueued,
	}
	for i, status := range statuses {
		r := models.CaseResult{
			ID: "0195514c-0000-7000-8000-0000000000f" + string(rune('0'+i)), ExecutionKey: "ABC-0002-00001", Position: i,
			CaseKey: models.CaseKey(int64(i + 1)), CaseName: "case of status " + status.String(),
			RuntimeUUID: "11111111-0000-7000-8000-000000000000", RuntimeName: "default", Status: status,
		}
		if status != models.StatusSkipped && status != models.StatusQueued {
			r.Owners, r.EnvironmentName, r.Attempt = []string{"d@acme.tld"}, "staging", 1
			r.StartedAt, r.FinishedAt, r.DurationMS = at(float64(i)+0.9), at(float64(i)+2.4), 1499
		}
		if !status.Passed() {
			r.Message = "why it is " + status.String()
		}
		f.results = append(f.results, r)
	}
	f.results = append(f.results, models.CaseResult{
		ID: "0195514c-0000-7000-8000-0000000000ff", ExecutionKey: "ABC-0001-033CE", CaseKey: "000000FF", CaseName: "sign in",
		EnvironmentName: "staging", RuntimeUUID: "11111111-0000-7000-8000-000000000000", RuntimeName: "default",
		Status: models.StatusSuccess, Attempt: 2, Flaky: true, StartedAt: at(0.5), FinishedAt: at(1), DurationMS: 500,
	})
	return f
}

// empty is a gatekeeper's run that had nothing to run and ended before it began.
func empty() finished {
	return finished{run: models.Run{
		ID: "0195514c-0000-7000-8000-000000000002", WorkspaceKey: "ABC", TriggerKey: "G-ABC-0002",
		TriggerMethod: models.MethodGatekeeper, TriggerName: "gate", Source: models.SourceAPI,
		Status: models.StatusError, Reason: "no pipelines in gatekeeper", CreatedAt: noon, FinishedAt: at(1.5),
	}}
}

// requireGolden compares compact JSON with a file of the same JSON, indented by two spaces. Order and
// presence of keys count.
func requireGolden(t *testing.T, name string, body []byte, rewrite bool) {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, body, "", "  "))
	indented.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if rewrite {
		require.NoError(t, os.WriteFile(path, indented.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), indented.String())
}

func requireCompact(t *testing.T, body []byte) {
	t.Helper()
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, body))
	require.Equal(t, compact.String(), string(body))
}
