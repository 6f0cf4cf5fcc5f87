package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/internal/engine/enginetest"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

func text(t *testing.T, req *workflowservice.StartWorkflowExecutionRequest) (summary, details string) {
	t.Helper()
	dc := converter.GetDefaultDataConverter()
	require.NoError(t, dc.FromPayload(req.GetUserMetadata().GetSummary(), &summary))
	if p := req.GetUserMetadata().GetDetails(); p != nil {
		require.NoError(t, dc.FromPayload(p, &details))
	}
	return summary, details
}

func keyword(t *testing.T, req *workflowservice.StartWorkflowExecutionRequest, name string) string {
	t.Helper()
	var value string
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(req.GetSearchAttributes().GetIndexedFields()[name], &value))
	return value
}

func TestStartRun(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	tick := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CET", 3600))

	err := dial(t, f).StartRun(t.Context(), models.Run{
		ID: "0192", WorkspaceKey: "ABC", TriggerKey: "P-ABC-0001", TriggerMethod: models.MethodPlan, TriggerName: "nightly " + strings.Repeat("ü", 200),
		Source: models.SourceSchedule, ScheduledFor: &tick, RequestedBy: "a@example.com",
	})

	require.NoError(t, err)
	require.Len(t, f.Starts(), 1)
	req := f.Starts()[0]
	require.Equal(t, "run/0192", req.GetWorkflowId())
	require.Equal(t, "bellwether", req.GetTaskQueue().GetName())
	require.Equal(t, "Run", req.GetWorkflowType().GetName())
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, req.GetWorkflowIdReusePolicy())
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, req.GetWorkflowIdConflictPolicy())
	var in workflows.RunInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(req.GetInput(), &in))
	require.Equal(t, workflows.RunInput{RunID: "0192"}, in)
	require.Equal(t, "ABC", keyword(t, req, "BellwetherWorkspace"))
	require.Equal(t, "P-ABC-0001", keyword(t, req, "BellwetherTrigger"))
	summary, details := text(t, req)
	require.True(t, strings.HasPrefix(summary, "plan P-ABC-0001 nightly ü"), summary)
	require.LessOrEqual(t, len(summary), 200)
	require.Equal(t, `- **run** 0192
- **trigger** P-ABC-0001
- **workspace** ABC
- **source** schedule
- **requested by** a@example.com
- **scheduled for** 2026-11-22T11:00:00Z
`, details)
}

func TestStartDelivery(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)

	err := dial(t, f).StartDelivery(t.Context(), models.Delivery{ID: "d1", WorkspaceKey: "ABC", WebhookUID: "w1", EventType: models.EventRunFinished})

	require.NoError(t, err)
	req := f.Starts()[0]
	require.Equal(t, "delivery/d1", req.GetWorkflowId())
	require.Equal(t, "Delivery", req.GetWorkflowType().GetName())
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, req.GetWorkflowIdReusePolicy())
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, req.GetWorkflowIdConflictPolicy())
	summary, _ := text(t, req)
	require.Equal(t, "run.finished to webhook w1", summary)
	var in workflows.DeliveryInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(req.GetInput(), &in))
	require.Equal(t, "d1", in.DeliveryID)
}

func TestStartingTwiceIsNoError(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.OnStart = func(*workflowservice.StartWorkflowExecutionRequest) error {
		return serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "request", "run")
	}
	e := dial(t, f)
	require.NoError(t, e.StartRun(t.Context(), models.Run{ID: "0192"}))
	require.NoError(t, e.StartDelivery(t.Context(), models.Delivery{ID: "d1"}))
}

func TestStartErrorsNameWhatWasStarted(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.OnStart = func(*workflowservice.StartWorkflowExecutionRequest) error {
		return serviceerror.NewInvalidArgument("no")
	}
	e := dial(t, f)
	require.ErrorContains(t, e.StartRun(t.Context(), models.Run{ID: "0192"}), "start run 0192: no")
	require.ErrorContains(t, e.StartDelivery(t.Context(), models.Delivery{ID: "d1"}), "start delivery d1: no")
}

func TestCancelRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer error
		want   string
	}{
		"under way":             {},
		"ended or never begun":  {answer: serviceerror.NewNotFound("workflow execution already completed")},
		"asked for already":     {answer: serviceerror.NewCancellationAlreadyRequested("already requested")},
		"engine does not do it": {answer: serviceerror.NewInvalidArgument("no"), want: "cancel run 0192: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := enginetest.Start(t)
			f.OnCancel = func(req *workflowservice.RequestCancelWorkflowExecutionRequest) error {
				if req.GetWorkflowExecution().GetWorkflowId() != "run/0192" {
					return serviceerror.NewInvalidArgument(req.GetWorkflowExecution().GetWorkflowId())
				}
				return tc.answer
			}
			err := dial(t, f).CancelRun(t.Context(), "0192")
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestRunState(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	known := map[string]enumspb.WorkflowExecutionStatus{
		"run/open":       enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		"run/completed":  enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
		"run/terminated": enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
	}
	f.OnDescribe = func(req *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
		id := req.GetExecution().GetWorkflowId()
		if id == "run/broken" {
			return nil, serviceerror.NewInvalidArgument("no")
		}
		status, ok := known[id]
		if !ok {
			return nil, serviceerror.NewNotFound("no such workflow")
		}
		return &workflowservice.DescribeWorkflowExecutionResponse{
			WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status},
		}, nil
	}
	e := dial(t, f)
	for id, want := range map[string]engine.State{
		"open": engine.Open, "completed": engine.Closed, "terminated": engine.Closed, "missing": engine.Missing,
	} {
		state, err := e.RunState(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, state, id)
	}
	_, err := e.RunState(t.Context(), "broken")
	require.ErrorContains(t, err, "look up run broken")
	require.Equal(t, []string{"open", "closed", "missing"}, []string{engine.Open.String(), engine.Closed.String(), engine.Missing.String()})
}
