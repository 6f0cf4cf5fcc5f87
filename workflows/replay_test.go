package workflows_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

// histories reads what package replaytest has recorded, by file name without its endings.
func histories(t *testing.T) map[string]*historypb.History {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "histories", "*.json.gz"))
	require.NoError(t, err)
	out := map[string]*historypb.History{}
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		text, err := gzip.NewReader(f)
		require.NoError(t, err)
		history, err := client.HistoryFromJSON(text, client.HistoryJSONOptions{})
		require.NoError(t, err, file)
		require.NoError(t, f.Close())
		out[strings.TrimSuffix(filepath.Base(file), ".json.gz")] = history
	}
	return out
}

func replay(t *testing.T, history *historypb.History, register func(worker.WorkflowReplayer)) error {
	t.Helper()
	replayer := worker.NewWorkflowReplayer()
	register(replayer)
	return replayer.ReplayWorkflowHistory(log.NewStructuredLogger(discard), history)
}

func TestRunsThatAreUnderWaySurviveThisVersion(t *testing.T) {
	t.Parallel()
	recorded := histories(t)
	for _, shape := range []string{
		"run-success", "run-without-webhook", "run-failure-branches", "run-flaky", "run-error", "run-problem",
		"run-finished-before", "run-cancelled-before", "run-cancelled", "run-window", "run-outage", "run-children",
		"run-children-child-1", "run-children-child-2", "run-children-cancelled", "run-children-cancelled-child-1",
		"delivery", "delivery-retried",
	} {
		require.Contains(t, recorded, shape)
	}
	for name, history := range recorded {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay(t, history, func(r worker.WorkflowReplayer) {
				r.RegisterWorkflow(workflows.Run)
				r.RegisterWorkflow(workflows.Pipeline)
				r.RegisterWorkflow(workflows.Delivery)
			}))
		})
	}
}

func TestReplayNoticesAChangedWorkflow(t *testing.T) {
	t.Parallel()
	recorded := histories(t)
	// Each wrapper adds a command in front of the real workflow, as a careless change would.
	run := func(ctx workflow.Context, in workflows.RunInput) (workflows.RunResult, error) {
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return workflows.RunResult{}, err
		}
		return workflows.Run(ctx, in)
	}
	pipeline := func(ctx workflow.Context, in workflows.PipelineInput) (models.ExecutionOutcome, error) {
		in.Plan.Rules = in.Plan.Rules[1:]
		return workflows.Pipeline(ctx, in)
	}
	for _, name := range []string{"run-success", "run-cancelled", "run-children-child-1"} {
		err := replay(t, recorded[name], func(r worker.WorkflowReplayer) {
			r.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: "Run"})
			r.RegisterWorkflowWithOptions(pipeline, workflow.RegisterOptions{Name: "Pipeline"})
		})
		require.ErrorContains(t, err, "TMPRL1100", name)
	}
}
