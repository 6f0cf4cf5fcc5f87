package runnertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/runner/runnertest"
	"github.com/bellwether/bellwether/models"
)

// Both runners can stand in for each other.
var _ = []interface {
	Run(ctx context.Context, job models.CaseJob) runner.Outcome
}{(*runner.Runner)(nil), (*runnertest.Runner)(nil)}

func job(name string) models.CaseJob { return models.CaseJob{Case: models.Case{Name: name}} }

func TestCasesPassUnlessScripted(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	r := runnertest.New(func() time.Time { return at })
	o := r.Run(t.Context(), job("a"))
	require.Equal(t, models.StatusSuccess, o.Status)
	require.Equal(t, at, o.StartedAt)
	require.Equal(t, 1, r.Calls("a"))
	require.Zero(t, r.Calls("b"))
}

func TestStepsFollowEachOtherAndTheLastRepeats(t *testing.T) {
	t.Parallel()
	r := runnertest.New(nil).Script("flaky",
		runnertest.Step{Status: models.StatusFailure, Message: "no"},
		runnertest.Step{Status: models.StatusSuccess})
	var got []models.Status
	for range 3 {
		got = append(got, r.Run(t.Context(), job("flaky")).Status)
	}
	require.Equal(t, []models.Status{models.StatusFailure, models.StatusSuccess, models.StatusSuccess}, got)
	require.Len(t, r.Jobs(), 3)
}

func TestBlockedCasesWaitForReleaseOrCancellation(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := runnertest.New(nil).Script("slow", runnertest.Step{Status: models.StatusFailure, Message: "no", Block: release})
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := make(chan runner.Outcome)
	go func() { outcomes <- r.Run(ctx, job("slow")) }()
	require.Equal(t, "slow", <-r.Started())
	cancel()
	require.Equal(t, models.StatusCancelled, (<-outcomes).Status)

	go func() { outcomes <- r.Run(context.Background(), job("slow")) }()
	require.Equal(t, "slow", <-r.Started())
	close(release)
	require.Equal(t, models.StatusFailure, (<-outcomes).Status)
}
