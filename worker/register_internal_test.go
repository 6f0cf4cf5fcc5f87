package worker

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

// memory keeps one run with one case and one delivery.
type memory struct {
	activities.DeliveryStore

	mu      sync.Mutex
	result  models.CaseResult
	outcome models.RunOutcome
	attempt models.Attempt
	state   models.DeliveryState
}

func (m *memory) RunDefinition(_ context.Context, id string) (models.RunDefinition, error) {
	return models.RunDefinition{
		Run:       models.Run{ID: id},
		Trigger:   &models.Trigger{Method: models.MethodPlan, PipelineKeys: []string{"ABC-0001"}},
		Pipelines: map[string]models.Pipeline{"ABC-0001": {Key: "ABC-0001", Definition: rules.Sequential([]string{"00000001"})}},
		Cases:     map[string]models.Case{"00000001": {Key: "00000001", Name: "one"}},
	}, nil
}

func (m *memory) BeginRun(_ context.Context, _ string, executions []models.ExecutionStart) error {
	executions[0].Execution.Key = "ABC-0001-00001"
	return nil
}

func (m *memory) FinishRun(_ context.Context, o models.RunOutcome, build activities.EventFunc) ([]models.Delivery, error) {
	m.outcome = o
	_, err := build(models.Run{}, nil, nil)
	return []models.Delivery{{ID: "d1", State: models.DeliveryPending}}, err
}

func (m *memory) CaseJob(context.Context, string, int) (models.CaseJob, error) {
	return models.CaseJob{Case: models.Case{Key: "00000001"}, Result: models.CaseResult{Status: models.StatusQueued}}, nil
}

func (m *memory) StartResult(context.Context, string) error { return nil }

func (m *memory) SaveResult(_ context.Context, r models.CaseResult, _ models.Report) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result = r
	return nil
}

func (m *memory) ClaimDelivery(_ context.Context, id string, _ time.Time) (models.DeliveryJob, error) {
	return models.DeliveryJob{Delivery: models.Delivery{ID: id}, Webhook: &models.Webhook{Enabled: true}}, nil
}

func (m *memory) RecordAttempt(_ context.Context, a models.Attempt, s models.DeliveryState) (models.Delivery, error) {
	m.attempt, m.state = a, s
	return models.Delivery{State: s, Attempts: a.Number}, nil
}

type passing struct{}

func (passing) Run(context.Context, models.CaseJob) runner.Outcome {
	return runner.Outcome{Status: models.StatusSuccess}
}

type receiver struct{}

func (receiver) Send(context.Context, webhook.Request) webhook.Result {
	return webhook.Result{Outcome: webhook.Delivered, Status: 200}
}

func (receiver) Render(models.Format, models.Event) (notify.Message, error) {
	return notify.Message{}, nil
}

func (m *memory) deps() Deps {
	build := func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
		return models.Event{}, nil
	}
	return Deps{
		Runs:  activities.NewRuns(m, build),
		Cases: activities.NewCases(m, passing{}, activities.CasesOptions{}),
		Deliveries: activities.NewDeliveries(activities.DeliveriesDeps{
			Store: m, Renderer: receiver{}, Sender: receiver{}, Schedule: webhook.Schedule{},
		}),
	}
}

// The names under which workflows call activities must be those under which the worker has them.
func TestWorkflowsFindEverythingThatIsRegistered(t *testing.T) {
	t.Parallel()
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	for _, inline := range []int{0, -1} { // within the run, and in a child
		m := &memory{}
		env := suite.NewTestWorkflowEnvironment()
		register(env, m.deps())
		env.ExecuteWorkflow("Run", workflows.RunInput{RunID: "r1", MaxInlineCases: inline})
		require.NoError(t, env.GetWorkflowError())
		require.Equal(t, models.StatusSuccess, m.outcome.Status, m.outcome.Reason)
		require.Equal(t, models.StatusSuccess, m.result.Status)
		require.Equal(t, models.DeliveryDelivered, m.state)
	}
	m := &memory{}
	env := suite.NewTestWorkflowEnvironment()
	register(env, m.deps())
	env.ExecuteWorkflow("Delivery", workflows.DeliveryInput{DeliveryID: "d1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, models.DeliveryDelivered, m.state)
}
