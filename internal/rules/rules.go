// Package rules reads the rule YAML of a pipeline and says what it means: which case comes when, and
// what the statuses of cases add up to.
//
// The package is pure: no clock, no I/O, no state. Workflows may call it.
//
// The accepted language is Testany's rule/v1.2:
//
//	kind: rule/v1.2
//	spec:
//	  rules:
//	    - run: '04E41DDE'
//	    - run: 'FAFC249A'
//	      whenPassed: '04E41DDE'
//	      expect: fail
//	    - run: '8FF75E7F'
//	      whenFailed: '04E41DDE'
//
// Rules run one at a time in the order of the list. A rule has at most one parent, which stands
// earlier in the list.
package rules

import (
	"strings"

	"github.com/bellwether/bellwether/models"
)

// KindV12 is the first line's value of the definitions that Parse accepts.
const KindV12 = "rule/v1.2"

// MaxRules is how many rules a pipeline may have.
const MaxRules = 2000

// When says how a rule depends on its parent.
type When int

// The conditions of a rule.
const (
	Always When = iota // the rule has no parent
	Passed             // the parent passed, or failed as expected
	Failed             // the parent failed, or could not be judged
)

// String returns the condition as the YAML writes it.
func (w When) String() string {
	switch w {
	case Passed:
		return "whenPassed"
	case Failed:
		return "whenFailed"
	default:
		return "always"
	}
}

// Rule is one case of a pipeline.
type Rule struct {
	Case       string // the key of the case
	Parent     int    // index of the rule that decides about this one; -1: none
	When       When
	ExpectFail bool
	Line       int // where the rule stands in the definition, from 1
}

// Due reports whether the rule runs, given the final status of its parent. A rule without a parent
// always does. A rule that is not due is skipped.
func (r Rule) Due(parent models.Status) bool {
	switch r.When {
	case Passed:
		return parent.Passed()
	case Failed:
		return parent == models.StatusFailure || parent == models.StatusError
	default:
		return true
	}
}

// unexpectedPass is the message of a case that was to fail and did not.
const unexpectedPass = "passed, but was expected to fail"

// Judge holds a case's own status against what the rule expects of it. Only success and failure
// are turned around: what could not be judged, was cancelled or was skipped stays what it is.
func (r Rule) Judge(raw models.Status, message string) (models.Status, string) {
	switch {
	case r.ExpectFail && raw == models.StatusFailure:
		return models.StatusFailedAsExpected, message
	case r.ExpectFail && raw == models.StatusSuccess:
		return models.StatusFailure, unexpectedPass
	default:
		return raw, message
	}
}

// Plan is a definition that has been understood. Its rules stand in the order of execution, so each
// parent's index is smaller than its own.
type Plan struct {
	Version string // KindV12
	Rules   []Rule
}

// CaseKeys lists the cases in the order of the rules. No key occurs twice.
func (p Plan) CaseKeys() []string {
	keys := make([]string, len(p.Rules))
	for i, r := range p.Rules {
		keys[i] = r.Case
	}
	return keys
}

// Sequential writes the definition that runs the cases one after the other, whatever their results.
// The keys are not checked: Parse does that.
func Sequential(caseKeys []string) string {
	var b strings.Builder
	b.WriteString("kind: " + KindV12 + "\nspec:\n")
	if len(caseKeys) == 0 {
		b.WriteString("  rules: []\n")
		return b.String()
	}
	b.WriteString("  rules:\n")
	for _, key := range caseKeys {
		b.WriteString("    - run: '" + strings.ReplaceAll(key, "'", "''") + "'\n")
	}
	return b.String()
}

// Pipeline is the status of an execution whose cases ended like this. Cancelled beats failure beats
// error; otherwise it is a success, for branches that were not taken do not count. Nothing at all,
// or a case that has not ended, is an error: success must have been shown.
func Pipeline(cases []models.Status) models.Status { return worst(cases) }

// Run is the status of a run whose pipelines ended like this, by the same rules as Pipeline.
func Run(pipelines []models.Status) models.Status { return worst(pipelines) }

func worst(statuses []models.Status) models.Status {
	if len(statuses) == 0 {
		return models.StatusError
	}
	seen := map[models.Status]bool{}
	for _, s := range statuses {
		switch {
		case s == models.StatusSkipped || s.Passed():
		case s == models.StatusCancelled || s == models.StatusFailure:
			seen[s] = true
		default:
			seen[models.StatusError] = true
		}
	}
	for _, s := range []models.Status{models.StatusCancelled, models.StatusFailure, models.StatusError} {
		if seen[s] {
			return s
		}
	}
	return models.StatusSuccess
}
