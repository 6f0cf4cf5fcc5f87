package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

// StartRun starts the workflow of a run. One that was started before, whether it still goes on or has
// ended, is left alone, and that is no error.
func (e *Engine) StartRun(ctx context.Context, run models.Run) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       workflows.RunID(run.ID),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		EnableEagerStart:                         true,
		StaticSummary:                            workflows.Summary(fmt.Sprintf("%s %s %s", run.TriggerMethod, run.TriggerKey, run.TriggerName)),
		StaticDetails:                            runDetails(run),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workflows.WorkspaceAttribute.ValueSet(run.WorkspaceKey),
			workflows.TriggerAttribute.ValueSet(run.TriggerKey),
		),
	}, workflows.Run, workflows.RunInput{RunID: run.ID})
	if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return fmt.Errorf("start run %s: %w", run.ID, err)
	}
	return nil
}

// StartDelivery starts a workflow that sends a delivery until it is delivered or given up. One that
// is at it already goes on, and that is no error; after its end the delivery may be started again.
func (e *Engine) StartDelivery(ctx context.Context, d models.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       workflows.DeliveryID(d.ID),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		EnableEagerStart:                         true,
		StaticSummary:                            workflows.Summary(fmt.Sprintf("%s to webhook %s", d.EventType, d.WebhookUID)),
		TypedSearchAttributes:                    temporal.NewSearchAttributes(workflows.WorkspaceAttribute.ValueSet(d.WorkspaceKey)),
	}, workflows.Delivery, workflows.DeliveryInput{DeliveryID: d.ID})
	if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return fmt.Errorf("start delivery %s: %w", d.ID, err)
	}
	return nil
}

// CancelRun asks the workflow of a run to end its cases and to finish. A run whose workflow has ended
// or was never started is no error: the first needs no cancelling, and the second learns of it from
// its row when it begins.
func (e *Engine) CancelRun(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err := e.client.CancelWorkflow(ctx, workflows.RunID(id), "")
	var requested *serviceerror.CancellationAlreadyRequested
	if err == nil || isNotFound(err) || errors.As(err, &requested) {
		return nil
	}
	return fmt.Errorf("cancel run %s: %w", id, err)
}

// State is what the engine knows of a workflow.
type State int

// The states of a workflow.
const (
	Missing State = iota // never started, or ended so long ago that the server has forgotten it
	Open                 // started and not ended
	Closed               // ended, in whatever way
)

// String returns the state in one word.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case Closed:
		return "closed"
	default:
		return "missing"
	}
}

// RunState tells what became of the workflow of a run.
func (e *Engine) RunState(ctx context.Context, id string) (State, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	d, err := e.client.DescribeWorkflowExecution(ctx, workflows.RunID(id), "")
	switch {
	case isNotFound(err):
		return Missing, nil
	case err != nil:
		return Missing, fmt.Errorf("look up run %s: %w", id, err)
	case d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return Open, nil
	default:
		return Closed, nil
	}
}

func isNotFound(err error) bool {
	var notFound *serviceerror.NotFound
	return errors.As(err, &notFound)
}

// runDetails is the Markdown that the Web UI shows for a run.
func runDetails(run models.Run) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- **%s** %s\n", name, value)
		}
	}
	line("run", run.ID)
	line("trigger", run.TriggerKey)
	line("workspace", run.WorkspaceKey)
	line("source", string(run.Source))
	line("requested by", run.RequestedBy)
	if run.ScheduledFor != nil {
		line("scheduled for", run.ScheduledFor.UTC().Format(time.RFC3339))
	}
	return b.String()
}
