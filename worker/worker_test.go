package worker_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/internal/engine/enginetest"
	"github.com/bellwether/bellwether/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func deps() worker.Deps {
	return worker.Deps{
		Runs:       activities.NewRuns(nil, nil),
		Cases:      activities.NewCases(nil, nil, activities.CasesOptions{}),
		Deliveries: activities.NewDeliveries(activities.DeliveriesDeps{}),
	}
}

func dial(t *testing.T, f *enginetest.Frontend) *engine.Engine {
	t.Helper()
	e, err := engine.Dial(t.Context(), engine.Config{Address: f.Address}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func TestWorkerServesTheQueueUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	w, err := worker.New(dial(t, f).Client(), deps(), worker.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()

	require.Eventually(t, func() bool { return len(f.Pollers()) == 2 }, 10*time.Second, 10*time.Millisecond)
	require.ElementsMatch(t, []string{"workflow bellwether", "activity bellwether"}, f.Pollers())
	cancel()

	require.NoError(t, <-done)
}

func TestWorkerReportsAServerThatRefusesIt(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	e := dial(t, f)
	f.OnDescribeNamespace = func() error { return serviceerror.NewPermissionDenied("no workers please", "") }
	w, err := worker.New(e.Client(), deps(), worker.Options{})
	require.NoError(t, err)
	require.ErrorContains(t, w.Run(t.Context()), "start the worker")
}

func TestWorkerNeedsItsActivities(t *testing.T) {
	t.Parallel()
	d := deps()
	d.Cases = nil
	_, err := worker.New(dial(t, enginetest.Start(t)).Client(), d, worker.Options{})
	require.ErrorContains(t, err, "Runs, Cases and Deliveries are required")
}
