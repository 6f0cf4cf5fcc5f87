package activities_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

func noEvent(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
	return models.Event{}, nil
}

// definition is a run of a plan with two pipelines and three cases.
func definition() models.RunDefinition {
	return models.RunDefinition{
		Run: models.Run{ID: "r1", Status: models.StatusQueued, WorkspaceKey: "ABC", TriggerKey: "P-ABC-0001"},
		Trigger: &models.Trigger{
			Key: "P-ABC-0001", Method: models.MethodPlan, PipelineKeys: []string{"ABC-0002", "ABC-0001"},
		},
		Pipelines: map[string]models.Pipeline{
			"ABC-0001": {Key: "ABC-0001", Name: "smoke", Owners: []string{"a@example.com"}, Definition: `kind: rule/v1.2
spec:
  rules:
    - run: '00000001'
    - run: '00000002'
      whenFailed: '00000001'
    - run: '00000003'
      whenPassed: '00000001'
      expect: fail
`},
			"ABC-0002": {Key: "ABC-0002", Name: "login", Definition: rules.Sequential([]string{"00000002"})},
		},
		Cases: map[string]models.Case{
			"00000001": {Key: "00000001", Name: "one", Owners: []string{"b@example.com"}, EnvironmentUID: "e-case", TimeoutSeconds: 30, Retries: 2},
			"00000002": {Key: "00000002", Name: "two", RuntimeName: models.DefaultRuntime},
			"00000003": {Key: "00000003", Name: "three", RuntimeName: "eu-1", TimeoutSeconds: 3600},
		},
		Environments: map[string]string{"e-case": "of case", "e-trigger": "of trigger", "e-run": "of run"},
		Runtimes:     map[string]string{models.DefaultRuntime: "uuid-default", "eu-1": "uuid-eu-1"},
	}
}

func begin(t *testing.T, s *runStore) (activities.RunPlan, error) {
	t.Helper()
	env := environment()
	runs := activities.NewRuns(s, noEvent)
	env.RegisterActivity(runs)
	value, err := env.ExecuteLocalActivity(runs.Begin, activities.BeginInput{RunID: "r1"})
	var plan activities.RunPlan
	if err == nil {
		require.NoError(t, value.Get(&plan))
	}
	return plan, err
}

func TestBeginPlansEveryPipeline(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}

	plan, err := begin(t, s)

	require.NoError(t, err)
	require.Equal(t, activities.RunPlan{Pipelines: []activities.PipelinePlan{
		{
			ExecutionKey: "ABC-0002-00001", PipelineKey: "ABC-0002", PipelineName: "login",
			Rules: []activities.RulePlan{{CaseKey: "00000002", CaseName: "two", TimeoutSeconds: 120}},
		},
		{
			ExecutionKey: "ABC-0001-00002", PipelineKey: "ABC-0001", PipelineName: "smoke",
			Rules: []activities.RulePlan{
				{CaseKey: "00000001", CaseName: "one", TimeoutSeconds: 30, Retries: 2},
				{CaseKey: "00000002", CaseName: "two", When: rules.Failed, TimeoutSeconds: 120},
				{CaseKey: "00000003", CaseName: "three", When: rules.Passed, ExpectFail: true, TimeoutSeconds: 3600, TaskQueue: "runtime/uuid-eu-1"},
			},
		},
	}}, plan)
}

func TestBeginSnapshotsNamesIntoTheRows(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}

	_, err := begin(t, s)

	require.NoError(t, err)
	require.Len(t, s.begun, 2)
	require.Equal(t, models.Execution{
		Key: "ABC-0001-00002", Position: 1, PipelineKey: "ABC-0001", PipelineName: "smoke",
		Owners: []string{"a@example.com"}, Status: models.StatusQueued,
	}, s.begun[1].Execution)
	require.Equal(t, []models.CaseResult{
		{
			Position: 0, CaseKey: "00000001", CaseName: "one", Owners: []string{"b@example.com"}, EnvironmentName: "of case",
			RuntimeName: models.DefaultRuntime, RuntimeUUID: "uuid-default", Status: models.StatusQueued,
		},
		{
			Position: 1, CaseKey: "00000002", CaseName: "two", Owners: []string{},
			RuntimeName: models.DefaultRuntime, RuntimeUUID: "uuid-default", Status: models.StatusQueued,
		},
		{
			Position: 2, CaseKey: "00000003", CaseName: "three", Owners: []string{},
			RuntimeName: "eu-1", RuntimeUUID: "uuid-eu-1", Status: models.StatusQueued,
		},
	}, s.begun[1].Results)
}

func TestEnvironmentOfACase(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		run, trigger string
		want         string
	}{
		"own":             {want: "of case"},
		"trigger's":       {trigger: "e-trigger", want: "of trigger"},
		"run's":           {run: "e-run", want: "of run"},
		"run's before it": {run: "e-run", trigger: "e-trigger", want: "of run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &runStore{def: definition()}
			s.def.Run.EnvironmentUID, s.def.Trigger.EnvironmentUID = tc.run, tc.trigger
			_, err := begin(t, s)
			require.NoError(t, err)
			require.Equal(t, tc.want, s.begun[1].Results[0].EnvironmentName)
		})
	}
}

func TestBeginSaysWhyARunCanDoNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*models.RunDefinition)
		want   string
	}{
		"trigger deleted":         {func(d *models.RunDefinition) { d.Trigger = nil }, "the trigger was deleted"},
		"plan without pipelines":  {func(d *models.RunDefinition) { d.Trigger.PipelineKeys = nil }, "no pipelines in plan"},
		"gatekeeper without them": {func(d *models.RunDefinition) { d.Trigger.PipelineKeys, d.Trigger.Method = nil, models.MethodGatekeeper }, "no pipelines in gatekeeper"},
		"too many cases": {tooManyCases, fmt.Sprintf("the run has %d cases, but a run may have %d at most; bind fewer pipelines to the trigger",
			3*rules.MaxRules, activities.MaxCases)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &runStore{def: definition()}
			tc.change(&s.def)
			plan, err := begin(t, s)
			require.NoError(t, err)
			require.Equal(t, activities.RunPlan{Problem: tc.want}, plan)
			require.Equal(t, 1, s.begins, "the run has begun nevertheless")
			require.Empty(t, s.begun)
		})
	}
}

func tooManyCases(d *models.RunDefinition) {
	var keys []string
	for i := range rules.MaxRules {
		keys = append(keys, models.CaseKey(int64(i+1)))
		d.Cases[keys[i]] = models.Case{Key: keys[i], Name: strings.Repeat("n", models.MaxName)}
	}
	d.Trigger.PipelineKeys = nil
	for i := range 3 {
		key := models.PipelineKey("ABC", int64(i+1))
		d.Pipelines[key] = models.Pipeline{Key: key, Definition: rules.Sequential(keys)}
		d.Trigger.PipelineKeys = append(d.Trigger.PipelineKeys, key)
	}
}

func TestBeginFindsWhatBecameInvalid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*models.RunDefinition)
		want   string
		rules  int
	}{
		"pipeline deleted": {
			func(d *models.RunDefinition) { delete(d.Pipelines, "ABC-0001") },
			"pipeline ABC-0001 was deleted; remove it from the trigger", 0,
		},
		"rules no longer valid": {
			func(d *models.RunDefinition) {
				d.Pipelines["ABC-0001"] = models.Pipeline{Key: "ABC-0001", Name: "smoke", Definition: "kind: rule/v9\nspec: {rules: []}\n"}
			},
			"the rules are not valid any more: line 1", 0,
		},
		"case deleted": {
			func(d *models.RunDefinition) { delete(d.Cases, "00000003") },
			"line 7: case 00000003 was deleted; remove its rule from the pipeline", 3,
		},
		"two cases deleted": {
			func(d *models.RunDefinition) { delete(d.Cases, "00000003"); delete(d.Cases, "00000001") },
			"line 4: case 00000001 was deleted; remove its rule from the pipeline; line 7: case 00000003 was deleted", 3,
		},
		"environment deleted": {
			func(d *models.RunDefinition) { delete(d.Environments, "e-case") },
			"line 4: environment e-case of case 00000001 was deleted", 3,
		},
		"runtime gone": {
			func(d *models.RunDefinition) { delete(d.Runtimes, "eu-1") },
			`line 7: runtime "eu-1" of case 00000003 does not exist`, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &runStore{def: definition()}
			tc.change(&s.def)

			plan, err := begin(t, s)

			require.NoError(t, err)
			require.Len(t, plan.Pipelines, 2)
			require.Empty(t, plan.Pipelines[0].Problem, "the other pipeline is well")
			require.True(t, strings.HasPrefix(plan.Pipelines[1].Problem, tc.want), plan.Pipelines[1].Problem)
			require.Equal(t, "ABC-0001-00002", plan.Pipelines[1].ExecutionKey, "it has a row")
			require.Len(t, s.begun[1].Results, tc.rules, "and its cases have rows that say they were not reached")
		})
	}
}

func TestBeginOfACancelledRunPlansWithoutExecuting(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}
	s.def.Run.CancelRequestedAt = &noon
	plan, err := begin(t, s)
	require.NoError(t, err)
	require.True(t, plan.Cancelled)
	require.Len(t, plan.Pipelines, 2, "the subscribers are told which cases were not reached")
	require.Len(t, s.begun, 2)
}

func TestBeginOfADisabledTriggersRunGoesOn(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}
	s.def.Trigger.Enabled = false
	plan, err := begin(t, s)
	require.NoError(t, err)
	require.Empty(t, plan.Problem)
}

func TestBeginOfAFinishedRunTouchesNothing(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}
	s.def.Run.Status = models.StatusFailure
	plan, err := begin(t, s)
	require.NoError(t, err)
	require.Equal(t, activities.RunPlan{Finished: true, Status: models.StatusFailure}, plan)
	require.Zero(t, s.begins)
}

func TestBeginErrors(t *testing.T) {
	t.Parallel()
	_, err := begin(t, &runStore{})
	require.True(t, application(t, err, activities.TypeNotFound).NonRetryable(), "a run without row never begins")

	_, err = begin(t, &runStore{defErr: errAway})
	require.False(t, application(t, err, activities.TypeStore).NonRetryable())

	_, err = begin(t, &runStore{def: definition(), beginErr: errAway})
	require.False(t, application(t, err, activities.TypeStore).NonRetryable())

	_, err = begin(t, &runStore{def: definition(), beginErr: models.ErrFinished})
	require.False(t, application(t, err, activities.TypeStore).NonRetryable(), "the retry finds the run finished")
}

func TestPlanOfTheLargestRunFitsIntoTheHistory(t *testing.T) {
	t.Parallel()
	s := &runStore{def: definition()}
	tooManyCases(&s.def)
	for key, c := range s.def.Cases {
		c.TimeoutSeconds, c.Retries, c.RuntimeName = 3600, 5, "eu-1"
		c.Name = strings.Repeat("ü", models.MaxName)
		s.def.Cases[key] = c
	}
	s.def.Trigger.PipelineKeys = s.def.Trigger.PipelineKeys[:2]
	s.def.Runtimes["eu-1"] = "0192f0aa-0000-7000-8000-000000000001"
	plan, err := begin(t, s)
	require.NoError(t, err)
	require.Len(t, plan.Pipelines[0].Rules, rules.MaxRules)
	size := len(encoded(t, plan)) * activities.MaxCases / (2 * rules.MaxRules)
	require.Less(t, size, 3<<19, "bytes of the largest plan; the engine refuses 2 MiB")
}

func TestFinishAnswersWhatIsPending(t *testing.T) {
	t.Parallel()
	s := &runStore{deliveries: []models.Delivery{
		{ID: "d1", State: models.DeliveryPending}, {ID: "d2", State: models.DeliveryDelivered}, {ID: "d3", State: models.DeliveryPending},
	}}
	build := func(r models.Run, _ []models.Execution, _ []models.CaseResult) (models.Event, error) {
		return models.Event{Type: models.EventRunFinished, RunID: r.ID}, nil
	}
	outcome := models.RunOutcome{RunID: "r1", Status: models.StatusSuccess, FinishedAt: noon}

	result, err := activities.NewRuns(s, build).Finish(context.Background(), outcome)

	require.NoError(t, err)
	require.Equal(t, []string{"d1", "d3"}, result.DeliveryIDs)
	require.Equal(t, outcome, s.finished)
	require.Equal(t, models.Event{Type: models.EventRunFinished, RunID: "r1"}, s.event)
}

func TestFinishErrors(t *testing.T) {
	t.Parallel()
	finish := func(s *runStore, build activities.EventFunc) error {
		_, err := activities.NewRuns(s, build).Finish(context.Background(), models.RunOutcome{RunID: "r1"})
		return err
	}
	require.True(t, application(t, finish(&runStore{finishErr: models.ErrNotFound}, noEvent), activities.TypeNotFound).NonRetryable())
	require.False(t, application(t, finish(&runStore{finishErr: errAway}, noEvent), activities.TypeStore).NonRetryable())
	broken := func(models.Run, []models.Execution, []models.CaseResult) (models.Event, error) {
		return models.Event{}, errors.New("no event")
	}
	require.ErrorContains(t, finish(&runStore{}, broken), "no event")
}
