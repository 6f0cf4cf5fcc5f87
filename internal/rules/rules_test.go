package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/models"
)

const (
	success   = models.StatusSuccess
	failure   = models.StatusFailure
	skipped   = models.StatusSkipped
	expected  = models.StatusFailedAsExpected
	cancelled = models.StatusCancelled
	failed99  = models.StatusError
)

func TestRuleIsDueByTheStatusOfItsParent(t *testing.T) {
	t.Parallel()
	want := map[models.Status][3]bool{ // always, passed, failed
		success:              {true, true, false},
		expected:             {true, true, false},
		failure:              {true, false, true},
		failed99:             {true, false, true},
		skipped:              {true, false, false},
		cancelled:            {true, false, false},
		models.StatusQueued:  {true, false, false},
		models.StatusRunning: {true, false, false},
	}
	for status, due := range want {
		for when := rules.Always; when <= rules.Failed; when++ {
			require.Equal(t, due[when], rules.Rule{When: when}.Due(status), "%s, parent %s", when, status)
		}
	}
}

func TestExpectationTurnsOnlySuccessAndFailureAround(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		expectFail  bool
		raw, want   models.Status
		wantMessage string
	}{
		{false, success, success, "why"},
		{false, failure, failure, "why"},
		{true, failure, expected, "why"},
		{true, success, failure, "passed, but was expected to fail"},
		{true, failed99, failed99, "why"},
		{true, cancelled, cancelled, "why"},
		{true, skipped, skipped, "why"},
	} {
		status, message := rules.Rule{ExpectFail: tc.expectFail}.Judge(tc.raw, "why")
		require.Equal(t, tc.want, status, "%+v", tc)
		require.Equal(t, tc.wantMessage, message, "%+v", tc)
	}
}

func TestStatusesAddUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   []models.Status
		want models.Status
	}{
		"all passed":                  {[]models.Status{success, success}, success},
		"failing as expected passes":  {[]models.Status{success, expected}, success},
		"branches not taken pass":     {[]models.Status{success, skipped}, success},
		"one failure fails":           {[]models.Status{success, failure, skipped}, failure},
		"error alone is an error":     {[]models.Status{success, failed99}, failed99},
		"failure beats error":         {[]models.Status{failed99, failure, failed99}, failure},
		"cancelled beats failure":     {[]models.Status{failure, cancelled, failed99}, cancelled},
		"nothing is no success":       {nil, failed99},
		"still running is no success": {[]models.Status{success, models.StatusRunning}, failed99},
		"still queued is no success":  {[]models.Status{success, models.StatusQueued}, failed99},
	} {
		require.Equal(t, tc.want, rules.Pipeline(tc.in), name)
		require.Equal(t, tc.want, rules.Run(tc.in), name)
	}
}

func TestSequentialRulesRunEachCaseWhateverHappens(t *testing.T) {
	t.Parallel()
	keys := []string{"00000001", "1E100000", "0000A3F1"}
	text := rules.Sequential(keys)
	require.Equal(t, "kind: rule/v1.2\nspec:\n  rules:\n    - run: '00000001'\n    - run: '1E100000'\n    - run: '0000A3F1'\n", text)

	plan, err := rules.Parse(text)
	require.NoError(t, err)
	require.Equal(t, keys, plan.CaseKeys())
	for _, r := range plan.Rules {
		require.Equal(t, rules.Always, r.When)
		require.Equal(t, -1, r.Parent)
	}
}

func TestSequentialOfNothingIsRefusedByParse(t *testing.T) {
	t.Parallel()
	_, err := rules.Parse(rules.Sequential(nil))
	require.ErrorContains(t, err, "rules is empty")
}

func TestSequentialCannotBeBrokenOutOf(t *testing.T) {
	t.Parallel()
	_, err := rules.Parse(rules.Sequential([]string{"00000001' #", "00000002"}))
	require.ErrorContains(t, err, "must be a case key")
}
