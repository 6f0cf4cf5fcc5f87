package workflows

import (
	"fmt"
	"strings"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
)

// maxDetails is how many cases the details of a run list; the engine takes 20 KB of them.
const maxDetails = 50

// details is the Markdown that the engine's Web UI shows for a run: the plan at its beginning, and
// the outcome at its end.
func details(plan activities.RunPlan, outcome *models.RunOutcome) string {
	var b strings.Builder
	if outcome != nil {
		fmt.Fprintf(&b, "**%s**", outcome.Status)
		if outcome.Reason != "" {
			fmt.Fprintf(&b, ": %s", cell(outcome.Reason))
		}
		b.WriteString("\n\n")
	}
	b.WriteString("| pipeline | case | status |\n| --- | --- | --- |\n")
	listed, left := 0, 0
	for i, p := range plan.Pipelines {
		var execution *models.ExecutionOutcome
		if outcome != nil && i < len(outcome.Executions) {
			execution = &outcome.Executions[i]
		}
		fmt.Fprintf(&b, "| %s %s | | %s |\n", p.ExecutionKey, cell(p.PipelineName), executionStatus(p, execution))
		for j, rule := range p.Rules {
			if listed == maxDetails {
				left += len(p.Rules) - j
				break
			}
			listed++
			fmt.Fprintf(&b, "| | %s %s | %s |\n", rule.CaseKey, cell(rule.CaseName), caseStatus(j, execution))
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nand %d cases more\n", left)
	}
	return b.String()
}

func executionStatus(p activities.PipelinePlan, e *models.ExecutionOutcome) string {
	switch {
	case e != nil && e.Reason != "":
		return fmt.Sprintf("%s: %s", e.Status, cell(e.Reason))
	case e != nil:
		return e.Status.String()
	case p.Problem != "":
		return cell(p.Problem)
	default:
		return models.StatusQueued.String()
	}
}

func caseStatus(position int, e *models.ExecutionOutcome) string {
	switch {
	case e == nil:
		return models.StatusQueued.String()
	case position < len(e.Cases):
		return e.Cases[position].Status.String()
	default:
		return "unknown"
	}
}

// cell makes text fit for one cell of a Markdown table.
func cell(text string) string {
	const limit = 120 // characters
	if r := []rune(text); len(r) > limit {
		text = string(r[:limit]) + "…"
	}
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ").Replace(text)
}
