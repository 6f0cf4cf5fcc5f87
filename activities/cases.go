package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// CaseStore keeps the rows of case results.
type CaseStore interface {
	CaseJob(ctx context.Context, executionKey string, position int) (models.CaseJob, error)
	StartResult(ctx context.Context, resultID string) error
	SaveResult(ctx context.Context, result models.CaseResult, report models.Report) error
}

// CaseRunner executes one try of a case, within the case's time limit. It returns soon after ctx has
// ended.
type CaseRunner interface {
	Run(ctx context.Context, job models.CaseJob) runner.Outcome
}

// Defaults of CasesOptions.
const (
	DefaultHeartbeat = 2 * time.Second
	DefaultDrain     = 20 * time.Second
	// abandonAfter is how long a runner may take to return after the case's time limit, and after its
	// context has ended. Twice that and the saving fit into what the workflow allows on top of the
	// case's time limit.
	abandonAfter = 5 * time.Second
)

// CasesOptions configure NewCases. The zero value is ready to use.
type CasesOptions struct {
	// Heartbeat is the pause between two heartbeats of a running case, and so the time that a
	// cancellation may take to reach it. 0: DefaultHeartbeat.
	Heartbeat time.Duration
	// Drain is how long a running case may go on after its worker began to stop. Cases that take
	// longer are given back, and another worker starts them anew. It must be shorter than the stop
	// timeout of the worker. 0: DefaultDrain.
	Drain  time.Duration
	Now    func() time.Time // default: time.Now
	Logger *slog.Logger     // default: none
}

// Cases executes cases.
type Cases struct {
	store     CaseStore
	runner    CaseRunner
	heartbeat time.Duration
	drain     time.Duration
	abandon   time.Duration
	now       func() time.Time
	logger    *slog.Logger
}

// NewCases returns the activity that executes cases.
func NewCases(store CaseStore, run CaseRunner, o CasesOptions) *Cases {
	c := &Cases{
		store: store, runner: run, now: o.Now, logger: o.Logger,
		heartbeat: cmp.Or(o.Heartbeat, DefaultHeartbeat),
		drain:     cmp.Or(o.Drain, DefaultDrain),
		abandon:   abandonAfter,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// CaseInput names one try of a case.
type CaseInput struct {
	ExecutionKey string `json:"execution_key"`
	Position     int    `json:"position"`
	Attempt      int    `json:"attempt"` // from 1; counts the tries of the product policy, not the engine's
	ExpectFail   bool   `json:"expect_fail,omitempty"`
}

// CaseOutput is the outcome of one try, judged by what the rule expects. The rest lies in the result
// row and its report.
type CaseOutput struct {
	Status     models.Status `json:"status"`
	Message    string        `json:"message,omitempty"`
	DurationMS int64         `json:"duration_ms"`
	// Gone says that the case was deleted or its run ended: there is nothing to try again.
	Gone bool `json:"gone,omitempty"`
}

// Execute executes one try of a case and saves its result and its report. A try whose result is
// stored already is not executed again.
//
// Cancelled by a user, the case ends as cancelled and that is its result. A case that the worker
// cannot finish, because it stops or because the engine took the work away, is an error, and
// nothing is saved.
func (c *Cases) Execute(ctx context.Context, in CaseInput) (CaseOutput, error) {
	what := fmt.Sprintf("case %d of %s", in.Position, in.ExecutionKey)
	job, err := c.store.CaseJob(ctx, in.ExecutionKey, in.Position)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return vanished(err), nil
	case err != nil:
		return CaseOutput{}, unavailable("load "+what, err)
	case stored(job.Result, in):
		return output(job.Result), nil
	}
	err = c.store.StartResult(ctx, job.Result.ID)
	switch {
	case errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrFinished):
		return vanished(err), nil
	case err != nil:
		return CaseOutput{}, unavailable("start "+what, err)
	}
	outcome, err := c.attempt(ctx, job)
	if err != nil {
		return CaseOutput{}, err
	}
	if ctx.Err() != nil {
		// The engine may have given this try to another worker meanwhile, whose result then stands.
		if now, err := c.store.CaseJob(context.WithoutCancel(ctx), in.ExecutionKey, in.Position); err == nil && stored(now.Result, in) {
			return output(now.Result), nil
		}
	}
	result := c.result(job.Result, in, outcome)
	report := models.Report{ResultID: result.ID, Attempt: in.Attempt, Document: outcome.Report, CreatedAt: c.instant()}
	err = persist(ctx, func(ctx context.Context) error { return c.store.SaveResult(ctx, result, report) })
	switch {
	case errors.Is(err, models.ErrDuplicate):
		// Another worker made the same try and was faster, or our own save went through unnoticed.
		return c.saved(ctx, in, what)
	case errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrFinished):
		return vanished(err), nil
	case err != nil:
		return CaseOutput{}, unavailable("save "+what, err)
	}
	return output(result), nil
}

// saved answers the outcome that stands in the row.
func (c *Cases) saved(ctx context.Context, in CaseInput, what string) (CaseOutput, error) {
	job, err := c.store.CaseJob(context.WithoutCancel(ctx), in.ExecutionKey, in.Position)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return vanished(err), nil
	case err != nil:
		return CaseOutput{}, unavailable("load "+what, err)
	}
	return output(job.Result), nil
}

// result is the row after a try.
func (c *Cases) result(row models.CaseResult, in CaseInput, o runner.Outcome) models.CaseResult {
	row.Status, row.Message = rules.Rule{ExpectFail: in.ExpectFail}.Judge(o.Status, shorten(o.Message))
	row.Attempt = in.Attempt
	row.Flaky = row.Status.Passed() && in.Attempt > 1
	row.AssertionsTotal, row.AssertionsBad = o.AssertionsTotal, o.AssertionsBad
	row.StartedAt, row.FinishedAt = &o.StartedAt, &o.FinishedAt
	row.DurationMS = o.FinishedAt.Sub(o.StartedAt).Milliseconds()
	return row
}

// run executes the case; a panic of the runner is the case's error, not the worker's end.
func (c *Cases) run(ctx context.Context, job models.CaseJob) (o runner.Outcome) {
	started := c.instant()
	defer func() {
		if p := recover(); p != nil {
			c.logger.ErrorContext(ctx, "case panicked", "run", job.Run.ID, "execution", job.Result.ExecutionKey,
				"case", job.Case.Key, "panic", p, "stack", string(debug.Stack()))
			o = c.outcome(models.StatusError, "an internal fault stopped the case; the worker's log has the details", started)
		}
	}()
	return c.runner.Run(ctx, job)
}

// outcome is one that the runner did not come to.
func (c *Cases) outcome(status models.Status, message string, started time.Time) runner.Outcome {
	finished := c.instant()
	return runner.Outcome{
		Status: status, Message: message, StartedAt: started, FinishedAt: finished,
		Report: models.ReportDocument{Status: status, Message: message, DurationMS: finished.Sub(started).Milliseconds()},
	}
}

func (c *Cases) instant() time.Time { return c.now().UTC().Truncate(time.Microsecond) }

// stored reports whether the row holds the result of the try that is asked for, or of a later one.
func stored(r models.CaseResult, in CaseInput) bool {
	return r.Attempt >= in.Attempt && r.Status.Final()
}

func output(r models.CaseResult) CaseOutput {
	return CaseOutput{Status: r.Status, Message: shorten(r.Message), DurationMS: r.DurationMS}
}

// vanished is the end of a case that was deleted, or whose run was ended, from under it.
func vanished(err error) CaseOutput {
	return CaseOutput{
		Status: models.StatusError, Gone: true,
		Message: shorten("deleted or ended while the run was going on: " + err.Error()),
	}
}
