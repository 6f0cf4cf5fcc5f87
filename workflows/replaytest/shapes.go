package main

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

// shape is one course that a workflow can take.
type shape struct {
	name       string
	plan       activities.RunPlan
	plays      map[int][]models.Status // by position, what each try of the case comes to; others pass
	faulty     map[int]bool            // by position, cases that cannot be executed
	deliveries int
	postponed  int  // how often each delivery is to be sent again
	finishBad  int  // how often the end of the run cannot be written
	maxInline  int  // as in workflows.RunInput
	delivery   bool // a delivery of its own instead of a run
	cancel     bool // while the first case runs
	children   []string
	want       enumspb.WorkflowExecutionStatus
}

func shapes() []shape {
	const (
		completed = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
		canceled  = enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED
		success   = models.StatusSuccess
		failure   = models.StatusFailure
	)
	one, two := pipeline("ABC-0001", 2), pipeline("ABC-0002", 1)
	branches := pipeline("ABC-0001", 5)
	branches.Rules[0].Retries = 1
	branches.Rules[1].When, branches.Rules[2].When, branches.Rules[3].When = rules.Passed, rules.Failed, rules.Passed
	branches.Rules[3].Parent = 2
	branches.Rules[4].ExpectFail = true
	bad := pipeline("ABC-0003", 1)
	bad.Problem = "line 4: case 00000001 was deleted"
	many := []activities.PipelinePlan{}
	for i := range 12 {
		many = append(many, pipeline(models.PipelineKey("ABC", int64(i+1)), 1))
	}
	return []shape{
		{name: "run-success", plan: plan(one, two), deliveries: 2, want: completed},
		{name: "run-without-webhook", plan: plan(two), want: completed},
		{
			name: "run-failure-branches", plan: plan(branches), deliveries: 1, want: completed,
			plays: map[int][]models.Status{0: {failure, failure}, 2: {success}, 4: {models.StatusFailedAsExpected}},
		},
		{name: "run-flaky", plan: plan(branches), plays: map[int][]models.Status{0: {failure, success}}, want: completed},
		{name: "run-error", plan: plan(one, bad), faulty: map[int]bool{1: true}, deliveries: 1, want: completed},
		{name: "run-problem", plan: activities.RunPlan{Problem: "no pipelines in plan"}, deliveries: 1, want: completed},
		{name: "run-finished-before", plan: activities.RunPlan{Finished: true, Status: failure}, deliveries: 1, want: completed},
		{name: "run-cancelled-before", plan: activities.RunPlan{Cancelled: true, Pipelines: plan(one).Pipelines}, deliveries: 1, want: completed},
		{name: "run-cancelled", plan: plan(one), cancel: true, deliveries: 1, want: canceled},
		{name: "run-window", plan: plan(many...), want: completed},
		{name: "run-outage", plan: plan(two), finishBad: 2, deliveries: 1, postponed: 1, want: completed},
		{name: "run-children", plan: plan(one, two), maxInline: 1, deliveries: 1, want: completed, children: []string{one.ExecutionKey, two.ExecutionKey}},
		{name: "run-children-cancelled", plan: plan(one), maxInline: 1, cancel: true, want: canceled, children: []string{one.ExecutionKey}},
		{name: "delivery", delivery: true, want: completed},
		{name: "delivery-retried", delivery: true, postponed: 3, want: completed},
	}
}

func plan(pipelines ...activities.PipelinePlan) activities.RunPlan {
	return activities.RunPlan{Pipelines: pipelines}
}

// pipeline is a plan of n cases that do not depend on each other.
func pipeline(key string, n int) activities.PipelinePlan {
	p := activities.PipelinePlan{ExecutionKey: models.ExecutionKey(key, 1), PipelineKey: key, PipelineName: "pipeline " + key}
	for i := range n {
		p.Rules = append(p.Rules, activities.RulePlan{
			CaseKey: models.CaseKey(int64(i + 1)), CaseName: fmt.Sprintf("case %d", i+1), TimeoutSeconds: 120,
		})
	}
	return p
}
