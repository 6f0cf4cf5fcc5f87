package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
)

// The engine does not start a cancelled case again when its worker is lost, but answers that the
// worker was lost.
func TestCaseWhoseWorkerIsLostIsCancelledInACancelledRun(t *testing.T) {
	t.Parallel()
	for cancelled, want := range map[bool]models.Status{true: models.StatusCancelled, false: models.StatusError} {
		env := (&testsuite.WorkflowTestSuite{}).NewTestWorkflowEnvironment()
		env.ExecuteWorkflow(func(ctx workflow.Context) (activities.CaseOutput, error) {
			ctx, cancel := workflow.WithCancel(ctx)
			if cancelled {
				cancel()
			}
			return undone(ctx, activities.RulePlan{}, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, nil)), nil
		})
		var out activities.CaseOutput
		require.NoError(t, env.GetWorkflowResult(&out))
		require.Equal(t, want, out.Status)
	}
}
