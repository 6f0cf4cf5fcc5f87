package activities

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

// MaxCases is how many cases a run may have. The plan of that many stays well below the engine's
// payload limit of 2 MiB.
const MaxCases = 5000

// maxPlanName is how many bytes of a name the plan keeps. Names are shown in the engine's Web UI
// only; the rows have them in full.
const maxPlanName = 100

// RunPlan is what a run is to do, compact and without secrets, as of the moment it began.
type RunPlan struct {
	// Finished runs have nothing left to do but to send the deliveries that are still pending.
	Finished bool          `json:"finished,omitempty"`
	Status   models.Status `json:"status,omitempty"` // of a finished run
	// Cancelled runs were cancelled before they began: their cases are not executed.
	Cancelled bool `json:"cancelled,omitempty"`
	// Problem says why the run cannot do anything at all; it ends as error.
	Problem   string         `json:"problem,omitempty"`
	Pipelines []PipelinePlan `json:"pipelines,omitempty"`
}

// PipelinePlan is one execution of a run.
type PipelinePlan struct {
	ExecutionKey string `json:"execution_key"`
	PipelineKey  string `json:"pipeline_key"`
	PipelineName string `json:"pipeline_name,omitempty"`
	// Problem says why none of its cases can be executed; the execution ends as error.
	Problem string     `json:"problem,omitempty"`
	Rules   []RulePlan `json:"rules,omitempty"`
}

// RulePlan is one rule of a pipeline. Its position is its index in the plan.
type RulePlan struct {
	CaseKey        string     `json:"case_key"`
	CaseName       string     `json:"case_name,omitempty"`
	Parent         int        `json:"parent,omitempty"` // position of the rule that decides about this one; counts unless When is always
	When           rules.When `json:"when,omitempty"`
	ExpectFail     bool       `json:"expect_fail,omitempty"`
	TimeoutSeconds int        `json:"timeout_seconds"`
	Retries        int        `json:"retries,omitempty"`
	// TaskQueue is where the runtime's workers listen; empty: the workers of the core.
	TaskQueue string `json:"task_queue,omitempty"`
}

// RuntimeQueue is the task queue that the workers of a runtime poll.
func RuntimeQueue(uuid string) string { return "runtime/" + uuid }

// planner turns a run's definition into the rows and the plan of its executions.
type planner struct{ def models.RunDefinition }

// problem says why the run can do nothing at all; empty when it can.
func (p planner) problem() string {
	switch t := p.def.Trigger; {
	case t == nil:
		return "the trigger was deleted"
	case len(t.PipelineKeys) == 0:
		return fmt.Sprintf("no pipelines in %s", t.Method)
	default:
		return ""
	}
}

// executions plans every pipeline of the trigger, in its order. Both lists have the same length; the
// keys of the executions are still to be filled in.
func (p planner) executions() ([]models.ExecutionStart, []PipelinePlan) {
	keys := p.def.Trigger.PipelineKeys
	starts := make([]models.ExecutionStart, len(keys))
	plans := make([]PipelinePlan, len(keys))
	for i, key := range keys {
		starts[i], plans[i] = p.execution(i, key)
	}
	return starts, plans
}

func (p planner) execution(position int, key string) (models.ExecutionStart, PipelinePlan) {
	start := models.ExecutionStart{Execution: models.Execution{
		Position: position, PipelineKey: key, PipelineName: key, Owners: []string{}, Status: models.StatusQueued,
	}}
	plan := PipelinePlan{PipelineKey: key}
	pipeline, ok := p.def.Pipelines[key]
	if !ok {
		plan.Problem = fmt.Sprintf("pipeline %s was deleted; remove it from the trigger", key)
		return start, plan
	}
	start.Execution.PipelineName, start.Execution.Owners = pipeline.Name, owners(pipeline.Owners)
	plan.PipelineName = cut(pipeline.Name, maxPlanName)
	parsed, err := rules.Parse(pipeline.Definition)
	if err != nil {
		plan.Problem = "the rules are not valid any more: " + parseProblem(err)
		return start, plan
	}
	if len(parsed.Rules) == 0 {
		plan.Problem = fmt.Sprintf("no cases in pipeline %s", key)
		return start, plan
	}
	var problems []string
	for i, rule := range parsed.Rules {
		result, planned, problem := p.rule(i, rule)
		start.Results = append(start.Results, result)
		plan.Rules = append(plan.Rules, planned)
		if problem != "" {
			problems = append(problems, fmt.Sprintf("line %d: %s", rule.Line, problem))
		}
	}
	plan.Problem = shorten(strings.Join(problems, "; "))
	return start, plan
}

// rule plans one rule. What is missing for it is said in problem.
func (p planner) rule(position int, rule rules.Rule) (_ models.CaseResult, _ RulePlan, problem string) {
	result := models.CaseResult{
		Position: position, CaseKey: rule.Case, CaseName: rule.Case, Owners: []string{}, Status: models.StatusQueued,
	}
	plan := RulePlan{CaseKey: rule.Case, Parent: max(rule.Parent, 0), When: rule.When, ExpectFail: rule.ExpectFail}
	c, ok := p.def.Cases[rule.Case]
	if !ok {
		return result, plan, fmt.Sprintf("case %s was deleted; remove its rule from the pipeline", rule.Case)
	}
	result.CaseName, result.Owners = c.Name, owners(c.Owners)
	plan.CaseName = cut(c.Name, maxPlanName)
	plan.TimeoutSeconds, plan.Retries = int(c.Timeout().Seconds()), c.Retries

	if uid := p.environment(c); uid != "" {
		if result.EnvironmentName, ok = p.def.Environments[uid]; !ok {
			problem = fmt.Sprintf("environment %s of case %s was deleted", uid, rule.Case)
		}
	}
	result.RuntimeName = c.RuntimeName
	if result.RuntimeName == "" {
		result.RuntimeName = models.DefaultRuntime
	}
	result.RuntimeUUID, ok = p.def.Runtimes[result.RuntimeName]
	if result.RuntimeName != models.DefaultRuntime {
		plan.TaskQueue = RuntimeQueue(result.RuntimeUUID)
		if !ok {
			problem = fmt.Sprintf("runtime %q of case %s does not exist", result.RuntimeName, rule.Case)
		}
	}
	return result, plan, problem
}

// environment is the uid of the environment of a case: the run's before the trigger's before its own.
func (p planner) environment(c models.Case) string {
	for _, uid := range []string{p.def.Run.EnvironmentUID, p.def.Trigger.EnvironmentUID, c.EnvironmentUID} {
		if uid != "" {
			return uid
		}
	}
	return ""
}

// parseProblem names the lines that package rules complains about.
func parseProblem(err error) string {
	var invalid *models.Invalid
	if !errors.As(err, &invalid) {
		return shorten(err.Error())
	}
	lines := make([]string, len(invalid.Fields))
	for i, f := range invalid.Fields {
		lines[i] = f.Message
	}
	return shorten(strings.Join(lines, "; "))
}

func owners(list []string) []string { return append([]string{}, list...) }

// countCases is how many cases the plans have in all.
func countCases(plans []PipelinePlan) int {
	n := 0
	for _, p := range plans {
		n += len(p.Rules)
	}
	return n
}
