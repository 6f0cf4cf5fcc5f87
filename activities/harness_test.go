package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("dial tcp 127.0.0.1:3306: connection refused")

// noon is the time of every clock in these tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

func clock() time.Time { return noon }

func environment() *testsuite.TestActivityEnvironment {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return suite.NewTestActivityEnvironment()
}

// application asserts that err is an application error of a type and answers it.
func application(t *testing.T, err error, kind string) *temporal.ApplicationError {
	t.Helper()
	var out *temporal.ApplicationError
	require.ErrorAs(t, err, &out)
	require.Equal(t, kind, out.Type(), "%v", err)
	return out
}

// runStore keeps one run.
type runStore struct {
	def        models.RunDefinition
	defErr     error
	beginErr   error
	begun      []models.ExecutionStart
	begins     int
	finished   models.RunOutcome
	deliveries []models.Delivery
	finishErr  error
	event      models.Event
}

func (s *runStore) RunDefinition(_ context.Context, id string) (models.RunDefinition, error) {
	if s.defErr == nil && id != s.def.Run.ID {
		return models.RunDefinition{}, models.ErrNotFound
	}
	return s.def, s.defErr
}

func (s *runStore) BeginRun(_ context.Context, _ string, executions []models.ExecutionStart) error {
	s.begins++
	for i := range executions {
		executions[i].Execution.Key = models.ExecutionKey(executions[i].Execution.PipelineKey, int64(i+1))
	}
	s.begun = executions
	return s.beginErr
}

func (s *runStore) FinishRun(_ context.Context, o models.RunOutcome, build activities.EventFunc) ([]models.Delivery, error) {
	s.finished = o
	if s.finishErr != nil {
		return nil, s.finishErr
	}
	event, err := build(models.Run{ID: o.RunID, Status: o.Status}, nil, nil)
	s.event = event
	return s.deliveries, err
}

// caseStore keeps one case with its result row.
type caseStore struct {
	mu       sync.Mutex
	job      models.CaseJob
	jobErr   error
	startErr error
	saveErrs []error // of the next saves, in their order
	saved    []models.CaseResult
	reports  []models.Report
	started  []string
	loads    int
	// onLoad is called before each load but the first.
	onLoad func(*caseStore)
}

func (s *caseStore) CaseJob(context.Context, string, int) (models.CaseJob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loads++; s.loads > 1 && s.onLoad != nil {
		s.onLoad(s)
	}
	return s.job, s.jobErr
}

func (s *caseStore) StartResult(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = append(s.started, id)
	return s.startErr
}

func (s *caseStore) SaveResult(ctx context.Context, r models.CaseResult, report models.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(s.saveErrs) > 0 {
		err := s.saveErrs[0]
		s.saveErrs = s.saveErrs[1:]
		return err
	}
	s.saved, s.reports = append(s.saved, r), append(s.reports, report)
	s.job.Result = r
	return nil
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}
