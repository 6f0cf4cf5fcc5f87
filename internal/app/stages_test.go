package app_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/internal/app"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// journal notes in which order stages start and end.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// stage waits for its end and notes it.
func (j *journal) stage(name string, started chan<- string) app.Stage {
	return app.Stage{Name: name, Run: func(ctx context.Context) error {
		started <- name
		<-ctx.Done()
		j.note(name)
		return nil
	}}
}

func TestStagesStopInOrderWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	var j journal
	started := make(chan string, 3)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- app.RunStages(ctx, discard(), j.stage("scheduler", started), j.stage("api", started), j.stage("worker", started))
	}()
	for range 3 {
		<-started
	}
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, []string{"scheduler", "api", "worker"}, j.lines)
}

func TestAFailingStageStopsTheOthersAndIsTold(t *testing.T) {
	t.Parallel()
	var j journal
	started := make(chan string, 2)
	broken := app.Stage{Name: "api", Run: func(context.Context) error {
		<-started
		<-started
		return errors.New("no listener")
	}}
	err := app.RunStages(t.Context(), discard(), j.stage("scheduler", started), broken, j.stage("worker", started))
	require.EqualError(t, err, "api: no listener")
	require.Equal(t, []string{"scheduler", "worker"}, j.lines)
}

func TestAStageThatEndsByItselfIsAFault(t *testing.T) {
	t.Parallel()
	err := app.RunStages(t.Context(), discard(),
		app.Stage{Name: "worker", Run: func(context.Context) error { return nil }},
		app.Stage{Name: "api", Run: func(ctx context.Context) error { <-ctx.Done(); return errors.New("slow to stop") }})
	require.EqualError(t, err, "worker ended by itself\napi: slow to stop")
}

func TestALaterStageWorksUntilTheEarlierHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var workerEnded time.Time
	asked := make(chan struct{})
	scheduler := app.Stage{Name: "scheduler", Run: func(own context.Context) error {
		close(asked)
		<-own.Done()
		require.True(t, workerEnded.IsZero(), "the worker still works")
		return nil
	}}
	worker := app.Stage{Name: "worker", Run: func(own context.Context) error {
		<-own.Done()
		workerEnded = time.Now()
		return nil
	}}
	go func() {
		<-asked
		cancel()
	}()
	require.NoError(t, app.RunStages(ctx, discard(), scheduler, worker))
	require.False(t, workerEnded.IsZero())
}
