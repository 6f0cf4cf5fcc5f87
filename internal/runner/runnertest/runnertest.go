// Package runnertest has a runner that does what a script says, for tests of what runs cases.
package runnertest

import (
	"context"
	"sync"
	"time"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// Step is what one call answers.
type Step struct {
	Status  models.Status
	Message string
	// Block, if not nil, is waited for before the step answers. A cancelled context ends the wait: the
	// answer is then StatusCancelled.
	Block <-chan struct{}
}

// Runner has the Run method of runner.Runner. It may be used by many goroutines.
type Runner struct {
	now func() time.Time

	mu      sync.Mutex
	scripts map[string][]Step // by case name
	calls   map[string]int
	jobs    []models.CaseJob
	started chan string
}

// New makes a runner whose every case passes at once. Now is the clock; nil: time.Now.
func New(now func() time.Time) *Runner {
	if now == nil {
		now = time.Now
	}
	return &Runner{now: now, scripts: map[string][]Step{}, calls: map[string]int{}, started: make(chan string, 10_000)}
}

// Script sets what the calls for a case of that name answer, one step after the other; the last one
// repeats. It returns the runner.
func (r *Runner) Script(caseName string, steps ...Step) *Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scripts[caseName] = steps
	return r
}

// Run answers by the script.
func (r *Runner) Run(ctx context.Context, job models.CaseJob) runner.Outcome {
	start := r.now()
	step := r.next(job)
	select {
	case r.started <- job.Case.Name:
	default: // nobody reads
	}
	if step.Block != nil {
		select {
		case <-step.Block:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		step.Status, step.Message = models.StatusCancelled, "cancelled"
	}
	return r.outcome(step, start)
}

func (r *Runner) next(job models.CaseJob) Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.calls[job.Case.Name]
	r.calls[job.Case.Name]++
	r.jobs = append(r.jobs, job)
	steps := r.scripts[job.Case.Name]
	if len(steps) == 0 {
		return Step{Status: models.StatusSuccess}
	}
	return steps[min(n, len(steps)-1)]
}

func (r *Runner) outcome(step Step, start time.Time) runner.Outcome {
	o := runner.Outcome{
		Status:          step.Status,
		Message:         step.Message,
		AssertionsTotal: 1,
		StartedAt:       start.UTC().Truncate(time.Microsecond),
		FinishedAt:      r.now().UTC().Truncate(time.Microsecond),
	}
	passed := step.Status == models.StatusSuccess
	if !passed {
		o.AssertionsBad = 1
	}
	o.Report = models.ReportDocument{
		Status:     step.Status,
		Message:    step.Message,
		DurationMS: o.FinishedAt.Sub(o.StartedAt).Milliseconds(),
		Assertions: []models.AssertionResult{{Name: "script", Passed: passed, Message: step.Message}},
	}
	return o
}

// Started delivers the name of each case when its call begins, up to 10,000 that nobody has read.
func (r *Runner) Started() <-chan string { return r.started }

// Calls is how often the case of that name was run.
func (r *Runner) Calls(caseName string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[caseName]
}

// Jobs lists what the runner was given, in order.
func (r *Runner) Jobs() []models.CaseJob {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]models.CaseJob(nil), r.jobs...)
}
