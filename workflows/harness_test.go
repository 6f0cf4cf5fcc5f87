package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/workflows"
)

var discard = slog.New(slog.DiscardHandler)

const runID = "0192f0aa-0000-7000-8000-000000000001"

// bundle is a workflow environment whose activities are played by functions of the test.
type bundle struct {
	*testsuite.TestWorkflowEnvironment

	plan activities.RunPlan
	// execute plays a case; nil: every case passes.
	execute func(activities.CaseInput) (activities.CaseOutput, error)
	// send plays a delivery; nil: every delivery is delivered.
	send func(activities.SendInput) (activities.SendResult, error)
	// finish plays the end of the run; nil: it answers pending.
	finish  func(models.RunOutcome) (activities.FinishResult, error)
	pending []string

	mu       sync.Mutex
	cases    []activities.CaseInput
	outcomes []models.RunOutcome
	sends    []string
	options  []workflow.ActivityOptions
	local    []workflow.LocalActivityOptions
}

func setup(t *testing.T, plan activities.RunPlan) *bundle {
	t.Helper()
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(discard))
	b := &bundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), plan: plan}
	b.SetTestTimeout(30 * time.Second)
	b.RegisterWorkflow(workflows.Run)
	b.RegisterWorkflow(workflows.Pipeline)
	b.RegisterWorkflow(workflows.Delivery)
	b.RegisterActivityWithOptions(b.playBegin, activity.RegisterOptions{Name: "Begin"})
	b.RegisterActivityWithOptions(b.playFinish, activity.RegisterOptions{Name: "Finish"})
	b.RegisterActivityWithOptions(b.playExecute, activity.RegisterOptions{Name: "Execute"})
	b.RegisterActivityWithOptions(b.playSend, activity.RegisterOptions{Name: "Send"})
	b.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&spy{b: b}}})
	return b
}

func (b *bundle) playBegin(_ context.Context, in activities.BeginInput) (activities.RunPlan, error) {
	if in.RunID != runID {
		return activities.RunPlan{}, fmt.Errorf("began run %q", in.RunID)
	}
	return b.plan, nil
}

func (b *bundle) playFinish(_ context.Context, outcome models.RunOutcome) (activities.FinishResult, error) {
	b.mu.Lock()
	b.outcomes = append(b.outcomes, outcome)
	b.mu.Unlock()
	if b.finish != nil {
		return b.finish(outcome)
	}
	return activities.FinishResult{DeliveryIDs: b.pending}, nil
}

func (b *bundle) playExecute(_ context.Context, in activities.CaseInput) (activities.CaseOutput, error) {
	b.mu.Lock()
	b.cases = append(b.cases, in)
	b.mu.Unlock()
	if b.execute == nil {
		return ended(models.StatusSuccess), nil
	}
	return b.execute(in)
}

func (b *bundle) playSend(_ context.Context, in activities.SendInput) (activities.SendResult, error) {
	b.mu.Lock()
	b.sends = append(b.sends, in.DeliveryID)
	b.mu.Unlock()
	if b.send == nil {
		return activities.SendResult{State: models.DeliveryDelivered, Attempts: 1}, nil
	}
	return b.send(in)
}

// run executes the workflow of the run and answers its result.
func (b *bundle) run(t *testing.T, in workflows.RunInput) workflows.RunResult {
	t.Helper()
	in.RunID = runID
	b.ExecuteWorkflow(workflows.Run, in)
	require.True(t, b.IsWorkflowCompleted())
	require.NoError(t, b.GetWorkflowError())
	var result workflows.RunResult
	require.NoError(t, b.GetWorkflowResult(&result))
	return result
}

// outcome is what the run was finished with, at the last try to.
func (b *bundle) outcome(t *testing.T) models.RunOutcome {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.NotEmpty(t, b.outcomes, "the run was never finished")
	return b.outcomes[len(b.outcomes)-1]
}

// attempts lists the executed tries as position.attempt, in the order of execution.
func (b *bundle) attempts() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, c := range b.cases {
		list = append(list, fmt.Sprintf("%s %d.%d", c.ExecutionKey, c.Position, c.Attempt))
	}
	return list
}

// spy records the options that activities are called with.
type spy struct {
	interceptor.WorkerInterceptorBase
	b *bundle
}

func (s *spy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &inbound{b: s.b}
	in.Next = next
	return in
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	b *bundle
}

func (i *inbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	out := &outbound{b: i.b}
	out.Next = next
	return i.Next.Init(out)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	b *bundle
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.b.mu.Lock()
	o.b.options = append(o.b.options, workflow.GetActivityOptions(ctx))
	o.b.mu.Unlock()
	return o.Next.ExecuteActivity(ctx, name, args...)
}

func (o *outbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.b.mu.Lock()
	o.b.local = append(o.b.local, workflow.GetLocalActivityOptions(ctx))
	o.b.mu.Unlock()
	return o.Next.ExecuteLocalActivity(ctx, name, args...)
}

func ended(status models.Status) activities.CaseOutput {
	return activities.CaseOutput{Status: status, Message: status.String(), DurationMS: 5}
}

// plain is a plan of n rules that do not depend on each other.
func plain(key string, n int) activities.PipelinePlan {
	p := activities.PipelinePlan{ExecutionKey: key + "-00001", PipelineKey: key, PipelineName: "pipeline " + key}
	for i := range n {
		p.Rules = append(p.Rules, activities.RulePlan{
			CaseKey: models.CaseKey(int64(i + 1)), CaseName: fmt.Sprintf("case %d", i), TimeoutSeconds: 120,
		})
	}
	return p
}

// after makes rule i of a plan depend on an earlier one.
func after(p activities.PipelinePlan, i, parent int, when rules.When) activities.PipelinePlan {
	p.Rules[i].Parent, p.Rules[i].When = parent, when
	return p
}

func plan(pipelines ...activities.PipelinePlan) activities.RunPlan {
	return activities.RunPlan{Pipelines: pipelines}
}

// statuses lists how the cases of an execution ended.
func statuses(e models.ExecutionOutcome) []models.Status {
	var list []models.Status
	for _, c := range e.Cases {
		list = append(list, c.Status)
	}
	return list
}
