package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/secret"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// counts is a meter that remembers.
type counts []string

func (c *counts) RunFinished(method models.TriggerMethod, status models.Status, _ time.Duration) {
	*c = append(*c, fmt.Sprintf("run %s %s", method, status))
}

func (c *counts) AttemptMade(class models.ErrorClass, took time.Duration) {
	*c = append(*c, fmt.Sprintf("attempt %q %s", class, took))
}

func (c *counts) DeliveryEnded(state models.DeliveryState) {
	*c = append(*c, "delivery "+string(state))
}

func (c *counts) TickDecided(outcome string) { *c = append(*c, "tick "+outcome) }

type bundle struct {
	store  meteredStore
	counts *counts
	gate   models.Trigger
}

func setup(t *testing.T) bundle {
	t.Helper()
	box, err := secret.Open(filepath.Join(t.TempDir(), "keyset.json"))
	require.NoError(t, err)
	s, err := store.Open(t.Context(), store.Config{Driver: store.DriverSQLite, DSN: filepath.Join(t.TempDir(), "b.db")},
		store.Options{Sealer: box, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.CreateWorkspace(t.Context(), &models.Workspace{Key: "ABC", Name: "a"}))
	gate := models.Trigger{WorkspaceKey: "ABC", Method: models.MethodGatekeeper, Name: "gate", Enabled: true}
	require.NoError(t, s.CreateTrigger(t.Context(), &gate))
	c := &counts{}
	return bundle{store: meteredStore{Store: s, meter: c}, counts: c, gate: gate}
}

func (b bundle) webhook(t *testing.T) {
	t.Helper()
	hook := models.Webhook{
		UID: "1-hook", WorkspaceKey: "ABC", Name: "hook", URL: "http://127.0.0.1:1/", Format: models.FormatBellwether,
		Events: []string{models.EventRunFinished}, Enabled: true,
	}
	require.NoError(t, b.store.CreateWebhook(t.Context(), &hook))
}

func (b bundle) run(t *testing.T) models.Run {
	t.Helper()
	run := models.Run{
		WorkspaceKey: "ABC", TriggerKey: b.gate.Key, TriggerMethod: b.gate.Method, TriggerName: "gate",
		Source: models.SourceAPI, Status: models.StatusQueued,
	}
	require.NoError(t, b.store.CreateRun(t.Context(), &run))
	return run
}

func TestFinishedRunsAndTheirDeliveriesAreCountedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.webhook(t)
	ctx, outcome := t.Context(), models.RunOutcome{RunID: b.run(t).ID, Status: models.StatusFailure}
	var deliveries []models.Delivery
	for range 2 {
		var err error
		deliveries, err = b.store.FinishRun(ctx, outcome, notify.RunFinishedEvent)
		require.NoError(t, err)
		require.Len(t, deliveries, 1)
	}
	id := deliveries[0].ID
	_, err := b.store.RecordAttempt(ctx, models.Attempt{DeliveryID: id, Number: 1, DurationMS: 5, ErrorClass: models.ClassConnect}, models.DeliveryPending)
	require.NoError(t, err)
	_, err = b.store.RecordAttempt(ctx, models.Attempt{DeliveryID: id, Number: 2, DurationMS: 7}, models.DeliveryDelivered)
	require.NoError(t, err)
	require.Equal(t, counts{"run gatekeeper failure", `attempt "connect" 5ms`, `attempt "" 7ms`, "delivery delivered"}, *b.counts)
}

func TestGivenUpDeliveriesAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.webhook(t)
	deliveries, err := b.store.FinishRun(t.Context(), models.RunOutcome{RunID: b.run(t).ID, Status: models.StatusSuccess}, notify.RunFinishedEvent)
	require.NoError(t, err)
	require.NoError(t, b.store.FailDelivery(t.Context(), deliveries[0].ID, "gone"))
	require.Equal(t, counts{"run gatekeeper success", "delivery failed"}, *b.counts)
}

func TestTicksAreCountedByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := models.Trigger{
		WorkspaceKey: "ABC", Method: models.MethodPlan, Name: "plan", Enabled: true, Cron: "* * * * *", Timezone: "UTC",
		Overlap: models.OverlapSkip, CatchUp: models.CatchUpLast,
	}
	require.NoError(t, b.store.CreateTrigger(t.Context(), &plan))
	tick := models.Tick{TriggerKey: plan.Key, ScheduledFor: time.Now().Add(time.Minute).UTC().Truncate(time.Minute), Overlap: models.OverlapSkip}
	for range 2 { // the same tick twice: the second time it is decided
		_, err := b.store.RecordTick(t.Context(), tick)
		require.NoError(t, err)
	}
	tick.ScheduledFor = tick.ScheduledFor.Add(time.Minute)
	_, err := b.store.RecordTick(t.Context(), tick) // the first run has not ended
	require.NoError(t, err)
	tick.ScheduledFor, tick.Overlap = tick.ScheduledFor.Add(time.Minute), models.OverlapQueue
	_, err = b.store.RecordTick(t.Context(), tick)
	require.NoError(t, err)
	require.Equal(t, counts{"tick run", "tick elsewhere", "tick skipped", "tick held"}, *b.counts)
}

// starter is an engine that notes what it was asked to start.
type starter struct {
	started []string
	err     error
}

func (s *starter) StartDelivery(_ context.Context, d models.Delivery) error {
	s.started = append(s.started, d.ID)
	return s.err
}

func TestRunsEndedByTheSweeperAreAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.webhook(t)
	engine := &starter{err: errors.New("Temporal is away")}
	f := finisher{store: b.store, engine: engine, logger: slog.New(slog.DiscardHandler)}
	outcome := models.RunOutcome{RunID: b.run(t).ID, Status: models.StatusError, Reason: "workflow gone"}
	require.NoError(t, f.FinishRun(t.Context(), outcome), "the row is written: a delivery that cannot be started now is overdue later")
	deliveries, _, err := b.store.Deliveries(t.Context(), models.DeliveryFilter{RunID: outcome.RunID}, models.Page{})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	require.Equal(t, []string{deliveries[0].ID}, engine.started)

	require.NoError(t, b.store.FailDelivery(t.Context(), deliveries[0].ID, "gone"))
	require.NoError(t, f.FinishRun(t.Context(), outcome))
	require.Len(t, engine.started, 1, "what is not pending is not started")
}
