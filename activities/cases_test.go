package activities_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

type runnerFunc func(ctx context.Context, job models.CaseJob) runner.Outcome

func (f runnerFunc) Run(ctx context.Context, job models.CaseJob) runner.Outcome { return f(ctx, job) }

// comes is a runner that comes to a status at once.
func comes(status models.Status, message string) runnerFunc {
	return func(context.Context, models.CaseJob) runner.Outcome {
		return runner.Outcome{
			Status: status, Message: message, AssertionsTotal: 3, AssertionsBad: 1,
			Report:    models.ReportDocument{Status: status, Message: message, DurationMS: 250},
			StartedAt: noon, FinishedAt: noon.Add(250 * time.Millisecond),
		}
	}
}

// blocks is a runner that goes on until its context ends, and tells when it has begun.
func blocks(begun chan<- struct{}) runnerFunc {
	return func(ctx context.Context, _ models.CaseJob) runner.Outcome {
		close(begun)
		<-ctx.Done()
		return runner.Outcome{
			Status: models.StatusFailure, Message: "interrupted", StartedAt: noon, FinishedAt: noon,
			Report: models.ReportDocument{Exchanges: []models.Exchange{{Method: "GET"}}},
		}
	}
}

func newCaseStore() *caseStore {
	return &caseStore{job: models.CaseJob{
		Run:    models.Run{ID: "r1"},
		Result: models.CaseResult{ID: "res1", RunID: "r1", ExecutionKey: "ABC-0001-00001", Position: 2, CaseKey: "00000001", Status: models.StatusQueued},
		Case:   models.Case{Key: "00000001", TimeoutSeconds: 60},
	}}
}

// bench executes one activity with a context that the test can end.
type bench struct {
	store   *caseStore
	run     activities.CaseRunner
	options activities.CasesOptions
	ctx     context.Context
	stopped chan struct{} // closed when the worker stops
	beat    func()        // called for each heartbeat
}

func (b bench) execute(t *testing.T, in activities.CaseInput) (activities.CaseOutput, error) {
	t.Helper()
	in.ExecutionKey, in.Position = "ABC-0001-00001", 2
	if in.Attempt == 0 {
		in.Attempt = 1
	}
	env := environment()
	if b.ctx != nil {
		env.SetWorkerOptions(worker.Options{BackgroundActivityContext: b.ctx})
	}
	if b.stopped != nil {
		env.SetWorkerStopChannel(b.stopped)
	}
	if b.beat != nil {
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { b.beat() })
	}
	b.options.Now = clock
	cases := activities.NewCases(b.store, b.run, b.options)
	env.RegisterActivity(cases)
	value, err := env.ExecuteActivity(cases.Execute, in)
	var out activities.CaseOutput
	if err == nil {
		require.NoError(t, value.Get(&out))
	}
	return out, err
}

func TestExecuteSavesResultAndReport(t *testing.T) {
	t.Parallel()
	s := newCaseStore()

	out, err := bench{store: s, run: comes(models.StatusFailure, "status was 500")}.execute(t, activities.CaseInput{})

	require.NoError(t, err)
	require.Equal(t, activities.CaseOutput{Status: models.StatusFailure, Message: "status was 500", DurationMS: 250}, out)
	require.Equal(t, []string{"res1"}, s.started)
	require.Len(t, s.saved, 1)
	from, to := noon, noon.Add(250*time.Millisecond)
	want := newCaseStore().job.Result
	want.Status, want.Message, want.Attempt = models.StatusFailure, "status was 500", 1
	want.AssertionsTotal, want.AssertionsBad = 3, 1
	want.StartedAt, want.FinishedAt, want.DurationMS = &from, &to, 250
	require.Equal(t, want, s.saved[0])
	require.Equal(t, models.Report{
		ResultID: "res1", Attempt: 1, CreatedAt: noon.Truncate(time.Microsecond),
		Document: models.ReportDocument{Status: models.StatusFailure, Message: "status was 500", DurationMS: 250},
	}, s.reports[0])
}

func TestExecuteJudgesByTheExpectation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw     models.Status
		want    models.Status
		message string
	}{
		"failure is wanted":  {models.StatusFailure, models.StatusFailedAsExpected, "why"},
		"success is not":     {models.StatusSuccess, models.StatusFailure, "passed, but was expected to fail"},
		"an error stays one": {models.StatusError, models.StatusError, "why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaseStore()
			out, err := bench{store: s, run: comes(tc.raw, "why")}.execute(t, activities.CaseInput{ExpectFail: true})
			require.NoError(t, err)
			require.Equal(t, tc.want, out.Status)
			require.Equal(t, tc.message, out.Message)
			require.Equal(t, tc.want, s.saved[0].Status, "the row has the judged status")
			require.Equal(t, tc.raw, s.reports[0].Document.Status, "the report says what happened")
		})
	}
}

func TestExecuteMarksACaseThatPassedAtAnotherTryAsFlaky(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		attempt int
		status  models.Status
		want    bool
	}{{1, models.StatusSuccess, false}, {2, models.StatusSuccess, true}, {3, models.StatusFailure, false}} {
		s := newCaseStore()
		_, err := bench{store: s, run: comes(tc.status, "")}.execute(t, activities.CaseInput{Attempt: tc.attempt})
		require.NoError(t, err)
		require.Equal(t, tc.want, s.saved[0].Flaky, "%+v", tc)
		require.Equal(t, tc.attempt, s.saved[0].Attempt)
		require.Equal(t, tc.attempt, s.reports[0].Attempt)
	}
}

func TestExecuteAnswersAStoredResultWithoutExecutingAgain(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	s.job.Result.Status, s.job.Result.Attempt, s.job.Result.Message, s.job.Result.DurationMS = models.StatusFailedAsExpected, 2, "as before", 77
	never := runnerFunc(func(context.Context, models.CaseJob) runner.Outcome { panic("executed") })

	out, err := bench{store: s, run: never}.execute(t, activities.CaseInput{Attempt: 2})

	require.NoError(t, err)
	require.Equal(t, activities.CaseOutput{Status: models.StatusFailedAsExpected, Message: "as before", DurationMS: 77}, out)
	require.Empty(t, s.saved)
	require.Empty(t, s.started)
}

func TestExecuteTriesAgainAfterAnEarlierTryOrALostWorker(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]models.CaseResult{
		"earlier try": {Status: models.StatusFailure, Attempt: 1},
		"lost worker": {Status: models.StatusRunning, Attempt: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaseStore()
			s.job.Result.Status, s.job.Result.Attempt = row.Status, row.Attempt
			out, err := bench{store: s, run: comes(models.StatusSuccess, "")}.execute(t, activities.CaseInput{Attempt: 2})
			require.NoError(t, err)
			require.Equal(t, models.StatusSuccess, out.Status)
			require.Len(t, s.saved, 1)
		})
	}
}

func TestExecuteOfADeletedCaseIsAnErrorThatIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*caseStore){
		"case deleted":               func(s *caseStore) { s.jobErr = models.ErrNotFound },
		"result deleted at its turn": func(s *caseStore) { s.startErr = models.ErrNotFound },
		"run ended at its turn":      func(s *caseStore) { s.startErr = models.ErrFinished },
		"run ended meanwhile":        func(s *caseStore) { s.saveErrs = []error{models.ErrFinished} },
		"result deleted meanwhile":   func(s *caseStore) { s.saveErrs = []error{models.ErrNotFound} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaseStore()
			change(s)
			out, err := bench{store: s, run: comes(models.StatusSuccess, "")}.execute(t, activities.CaseInput{})
			require.NoError(t, err)
			require.Equal(t, models.StatusError, out.Status)
			require.True(t, out.Gone)
			require.Contains(t, out.Message, "deleted or ended while the run was going on")
		})
	}
}

func TestExecuteReportsAnUnreachableStoreAsRetryable(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*caseStore){
		"load":  func(s *caseStore) { s.jobErr = errAway },
		"start": func(s *caseStore) { s.startErr = errAway },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaseStore()
			change(s)
			_, err := bench{store: s, run: comes(models.StatusSuccess, "")}.execute(t, activities.CaseInput{})
			require.False(t, application(t, err, activities.TypeStore).NonRetryable())
		})
	}
}

func TestExecuteTellsSecretsWithoutKeyFromAnUnreachableStore(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	s.jobErr = fmt.Errorf("load case: %w", models.ErrSealed)
	_, err := bench{store: s, run: comes(models.StatusSuccess, "")}.execute(t, activities.CaseInput{})
	require.False(t, application(t, err, activities.TypeSealed).NonRetryable(), "another worker may have the key")
}

func TestExecuteAnswersWhatAnotherWorkerSavedForTheSameTry(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	s.saveErrs = []error{models.ErrDuplicate}
	s.onLoad = func(s *caseStore) {
		s.job.Result.Status, s.job.Result.Attempt, s.job.Result.Message = models.StatusSuccess, 1, "first"
	}
	out, err := bench{store: s, run: comes(models.StatusFailure, "second")}.execute(t, activities.CaseInput{Attempt: 1})
	require.NoError(t, err)
	require.Equal(t, models.StatusSuccess, out.Status)
	require.Equal(t, "first", out.Message)
}

func TestExecuteBridgesAShortOutageWhileSaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCaseStore()
		s.saveErrs = []error{errAway, errAway}
		executed := 0
		run := runnerFunc(func(ctx context.Context, job models.CaseJob) runner.Outcome {
			executed++
			return comes(models.StatusSuccess, "")(ctx, job)
		})
		out, err := bench{store: s, run: run}.execute(t, activities.CaseInput{})
		require.NoError(t, err)
		require.Equal(t, models.StatusSuccess, out.Status)
		require.Equal(t, 1, executed, "the request is not sent a second time")
		require.Len(t, s.saved, 1)
	})
}

func TestExecuteGivesUpSavingWhenTheStoreStaysAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCaseStore()
		s.saveErrs = slices.Repeat([]error{errAway}, 1000)
		began := time.Now()
		_, err := bench{store: s, run: comes(models.StatusSuccess, "")}.execute(t, activities.CaseInput{})
		require.False(t, application(t, err, activities.TypeStore).NonRetryable())
		require.Less(t, time.Since(began), 10*time.Second, "before the engine misses the heartbeat")
	})
}

func TestExecuteTurnsAPanicIntoAnErrorOfTheCase(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	run := runnerFunc(func(context.Context, models.CaseJob) runner.Outcome { panic("index out of range: secret") })
	out, err := bench{store: s, run: run}.execute(t, activities.CaseInput{})
	require.NoError(t, err)
	require.Equal(t, models.StatusError, out.Status)
	require.Equal(t, "an internal fault stopped the case; the worker's log has the details", out.Message)
	require.Equal(t, models.StatusError, s.saved[0].Status)
	require.Equal(t, models.StatusError, s.reports[0].Document.Status)
}

func TestExecuteShortensMessages(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	out, err := bench{store: s, run: comes(models.StatusFailure, strings.Repeat("ü", 5000))}.execute(t, activities.CaseInput{})
	require.NoError(t, err)
	require.LessOrEqual(t, len(out.Message), 1000)
	require.LessOrEqual(t, len(s.saved[0].Message), 1000)
	require.True(t, strings.HasSuffix(out.Message, "…"))
}

func TestExecuteHeartbeatsWhileTheCaseRuns(t *testing.T) {
	t.Parallel()
	beats := make(chan struct{}, 100)
	run := runnerFunc(func(ctx context.Context, job models.CaseJob) runner.Outcome {
		<-beats
		return comes(models.StatusSuccess, "")(ctx, job)
	})
	_, err := bench{
		store: newCaseStore(), run: run, options: activities.CasesOptions{Heartbeat: time.Millisecond},
		beat: func() { beats <- struct{}{} },
	}.execute(t, activities.CaseInput{})
	require.NoError(t, err)
}

// interrupt executes a case whose activity is interrupted with a cause as soon as it has begun.
func interrupt(t *testing.T, s *caseStore, cause error) (activities.CaseOutput, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	begun := make(chan struct{})
	go func() {
		<-begun
		cancel(cause)
	}()
	return bench{store: s, run: blocks(begun), ctx: ctx}.execute(t, activities.CaseInput{ExpectFail: true})
}

func TestExecuteSavesACancelledCaseAsCancelled(t *testing.T) {
	t.Parallel()
	s := newCaseStore()

	out, err := interrupt(t, s, temporal.NewCanceledError())

	require.NoError(t, err)
	require.Equal(t, models.StatusCancelled, out.Status)
	require.Len(t, s.saved, 1, "it is saved although the activity's context has ended")
	require.Equal(t, models.StatusCancelled, s.saved[0].Status)
	require.Equal(t, "cancelled", s.saved[0].Message)
	require.Equal(t, models.StatusCancelled, s.reports[0].Document.Status)
	require.Len(t, s.reports[0].Document.Exchanges, 1, "the report keeps what happened until then")
}

func TestExecuteGivesTheCaseBackWhenTheWorkerCannotGoOn(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{
		"worker stopped":  worker.ErrWorkerShutdown,
		"activity paused": activity.ErrActivityPaused,
		"activity reset":  activity.ErrActivityReset,
		"run terminated":  serviceerror.NewNotFound("workflow execution already completed"),
		"no namespace":    serviceerror.NewNamespaceNotFound("default"),
		"out of time":     context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaseStore()
			_, err := interrupt(t, s, cause)
			require.False(t, application(t, err, activities.TypeGivenBack).NonRetryable())
			require.Empty(t, s.saved, "another worker starts it anew")
		})
	}
}

func TestExecuteGoesOnWhenTheEngineMissesAHeartbeat(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	run := runnerFunc(func(caseCtx context.Context, job models.CaseJob) runner.Outcome {
		cancel(serviceerror.NewUnavailable("engine is busy"))
		require.NoError(t, caseCtx.Err())
		return comes(models.StatusSuccess, "")(caseCtx, job)
	})
	s := newCaseStore()

	_, err := bench{store: s, run: run, ctx: ctx}.execute(t, activities.CaseInput{})

	require.NoError(t, err)
	require.Len(t, s.saved, 1)
	require.Equal(t, models.StatusSuccess, s.saved[0].Status)
}

func TestExecuteLeavesTheResultOfAnotherWorkerAlone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	run := runnerFunc(func(caseCtx context.Context, job models.CaseJob) runner.Outcome {
		cancel(serviceerror.NewUnavailable("engine is away"))
		return comes(models.StatusFailure, "too late")(caseCtx, job)
	})
	s := newCaseStore()
	s.onLoad = func(s *caseStore) { s.job.Result.Status, s.job.Result.Attempt = models.StatusSuccess, 1 }

	out, err := bench{store: s, run: run, ctx: ctx}.execute(t, activities.CaseInput{})

	require.NoError(t, err)
	require.Equal(t, models.StatusSuccess, out.Status, "the other worker's result stands")
	require.Empty(t, s.saved)
}

func TestExecuteDrainsWhenTheWorkerStops(t *testing.T) {
	t.Parallel()
	t.Run("a case that ends in time counts", func(t *testing.T) {
		t.Parallel()
		s, stopped := newCaseStore(), make(chan struct{})
		run := runnerFunc(func(ctx context.Context, job models.CaseJob) runner.Outcome {
			close(stopped)
			return comes(models.StatusSuccess, "")(ctx, job)
		})
		out, err := bench{store: s, run: run, stopped: stopped}.execute(t, activities.CaseInput{})
		require.NoError(t, err)
		require.Equal(t, models.StatusSuccess, out.Status)
	})
	t.Run("a longer one is given back", func(t *testing.T) {
		t.Parallel()
		s, stopped, begun := newCaseStore(), make(chan struct{}), make(chan struct{})
		go func() {
			<-begun
			close(stopped)
		}()
		_, err := bench{
			store: s, run: blocks(begun), stopped: stopped, options: activities.CasesOptions{Drain: 10 * time.Millisecond},
		}.execute(t, activities.CaseInput{})
		require.Contains(t, application(t, err, activities.TypeGivenBack).Message(), "the worker is stopping")
		require.Empty(t, s.saved)
	})
}

func TestExecuteFailsACaseThatIgnoresItsTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCaseStore()
		release := make(chan struct{})
		run := runnerFunc(func(context.Context, models.CaseJob) runner.Outcome {
			<-release
			return runner.Outcome{}
		})
		began := time.Now()
		out, err := bench{store: s, run: run}.execute(t, activities.CaseInput{})
		require.NoError(t, err)
		require.Equal(t, models.StatusFailure, out.Status)
		require.Equal(t, "took longer than its time limit of 1m0s", out.Message)
		require.Less(t, time.Since(began), 75*time.Second)
		close(release)
		synctest.Wait()
	})
}

func TestErrorsKeepTheirCause(t *testing.T) {
	t.Parallel()
	s := newCaseStore()
	s.jobErr = errAway
	_, err := activities.NewCases(s, comes(models.StatusSuccess, ""), activities.CasesOptions{}).
		Execute(context.Background(), activities.CaseInput{ExecutionKey: "ABC-0001-00001", Position: 2})
	require.ErrorIs(t, err, errAway)
	require.ErrorContains(t, err, "load case 2 of ABC-0001-00001")
}
