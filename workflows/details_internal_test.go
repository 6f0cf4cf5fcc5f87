package workflows

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "make it with -update")
	require.Equal(t, string(want), got)
}

func TestDetailsShowPlanAndOutcome(t *testing.T) {
	t.Parallel()
	plan := activities.RunPlan{Pipelines: []activities.PipelinePlan{
		{
			ExecutionKey: "ABC-0001-00001", PipelineName: "checkout | smoke",
			Rules: []activities.RulePlan{{CaseKey: "0000A3F1", CaseName: "log in"}, {CaseKey: "0000A3F2", CaseName: "two\nlines"}},
		},
		{ExecutionKey: "ABC-0002-00007", PipelineName: "broken", Problem: "no cases in pipeline ABC-0002"},
	}}
	golden(t, "details-begin.md", details(plan, nil))

	golden(t, "details-end.md", details(plan, &models.RunOutcome{
		Status: models.StatusError, Reason: "pipeline ABC-0002: no cases in pipeline ABC-0002",
		Executions: []models.ExecutionOutcome{
			{Status: models.StatusSuccess, Cases: []models.CaseOutcome{{Status: models.StatusSuccess}}},
			{Status: models.StatusError, Reason: "no cases in pipeline ABC-0002"},
		},
	}))
}

func TestDetailsAreBounded(t *testing.T) {
	t.Parallel()
	var plan activities.RunPlan
	for i := range 3 {
		p := activities.PipelinePlan{ExecutionKey: fmt.Sprintf("ABC-0001-0000%d", i), PipelineName: strings.Repeat("ü", 500)}
		for range 40 {
			p.Rules = append(p.Rules, activities.RulePlan{CaseKey: "0000A3F1", CaseName: strings.Repeat("n", 500)})
		}
		plan.Pipelines = append(plan.Pipelines, p)
	}
	text := details(plan, nil)
	require.Equal(t, maxDetails, strings.Count(text, "0000A3F1"))
	require.Contains(t, text, "and 70 cases more")
	require.Less(t, len(text), 20_000)
}

func TestSummaryIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "short", Summary("short"))
	long := Summary(strings.Repeat("ü", 300) + "x")
	require.LessOrEqual(t, len(long), 200)
	require.True(t, utf8.ValidString(long))
	odd := Summary("x" + strings.Repeat("ü", 300))
	require.LessOrEqual(t, len(odd), 200)
	require.True(t, utf8.ValidString(odd))
}
