package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// delivery finishes a run and answers the delivery to the scene's webhook.
func (sc *scene) delivery(t *testing.T) models.Delivery {
	t.Helper()
	run := QueuedRun(t, sc.s, sc.plan)
	deliveries := Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})
	require.Len(t, deliveries, 1)
	return deliveries[0]
}

func testDeliveries(t *testing.T, newDatabase func(testing.TB) Database) {
	t.Run("are claimed by one worker at a time", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		d := sc.delivery(t)
		until := noon.Add(time.Minute)
		job, err := sc.s.ClaimDelivery(ctx, d.ID, until)
		require.NoError(t, err)
		require.Equal(t, &sc.webhook, job.Webhook, "with its secret")
		require.JSONEq(t, `{"run_id":"`+d.RunID+`"}`, string(job.Event.Data))
		require.Equal(t, until, *job.Delivery.ClaimedUntil)

		_, err = sc.s.ClaimDelivery(ctx, d.ID, until)
		require.ErrorIs(t, err, models.ErrClaimed)
		require.NoError(t, sc.s.ReleaseDelivery(ctx, d.ID))
		_, err = sc.s.ClaimDelivery(ctx, d.ID, until)
		require.NoError(t, err, "released")
		sc.clock.Advance(time.Minute)
		_, err = sc.s.ClaimDelivery(ctx, d.ID, sc.clock.Now().Add(time.Minute))
		require.NoError(t, err, "run out")
		_, err = sc.s.ClaimDelivery(ctx, "nobody", until)
		require.ErrorIs(t, err, models.ErrNotFound)
		require.ErrorIs(t, sc.s.ReleaseDelivery(ctx, "nobody"), models.ErrNotFound)
	})
	t.Run("outlive their webhook", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		d := sc.delivery(t)
		require.NoError(t, sc.s.DeleteWebhook(ctx, sc.webhook.UID))
		job, err := sc.s.ClaimDelivery(ctx, d.ID, noon.Add(time.Minute))
		require.NoError(t, err)
		require.Nil(t, job.Webhook)
		require.NoError(t, sc.s.FailDelivery(ctx, d.ID, "the webhook was deleted"))
		got, err := sc.s.Delivery(ctx, d.ID)
		require.NoError(t, err)
		require.Equal(t, models.DeliveryFailed, got.State)
		require.Equal(t, "the webhook was deleted", got.LastError)
		require.Equal(t, noon, *got.FinishedAt)
		require.Nil(t, got.ClaimedUntil)
		require.Zero(t, got.Attempts)
		require.ErrorIs(t, sc.s.FailDelivery(ctx, d.ID, "again"), models.ErrFinished)
		_, err = sc.s.ClaimDelivery(ctx, d.ID, noon.Add(time.Hour))
		require.ErrorIs(t, err, models.ErrFinished)
	})
	t.Run("count every attempt", func(t *testing.T) { t.Parallel(); testAttempts(t, newDatabase) })
	t.Run("stay as they ended when a send is recorded late", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		d := sc.delivery(t)
		record := func(number int, state models.DeliveryState) models.Delivery {
			got, err := sc.s.RecordAttempt(ctx, models.Attempt{DeliveryID: d.ID, Number: number, StartedAt: noon}, state)
			require.NoError(t, err)
			return got
		}
		require.Equal(t, models.DeliveryFailed, record(1, models.DeliveryFailed).State)
		late := record(2, models.DeliveryPending)
		require.Equal(t, models.DeliveryFailed, late.State)
		require.Equal(t, 2, late.Attempts)
		require.Equal(t, models.DeliveryDelivered, record(3, models.DeliveryDelivered).State)
		require.Equal(t, models.DeliveryDelivered, record(4, models.DeliveryFailed).State)
	})
	t.Run("are overdue when nobody works on them", func(t *testing.T) { t.Parallel(); testOverdue(t, newDatabase) })
	t.Run("are listed by every filter, newest first", func(t *testing.T) {
		t.Parallel()
		sc, ctx := setScene(t, newDatabase), t.Context()
		other := Webhook(t, sc.s, sc.workspace.Key)
		var want []models.Delivery
		for range 9 {
			run := QueuedRun(t, sc.s, sc.plan)
			want = append(want, Finish(t, sc.s, models.RunOutcome{RunID: run.ID, Status: models.StatusSuccess})...)
		}
		require.Len(t, want, 18)
		require.NoError(t, sc.s.FailDelivery(ctx, want[4].ID, "x"))
		want[4].State = models.DeliveryFailed
		for name, f := range map[string]models.DeliveryFilter{
			"all": {}, "workspace": {WorkspaceKey: sc.workspace.Key}, "webhook": {WebhookUID: other.UID},
			"run": {RunID: want[7].RunID}, "state": {State: models.DeliveryFailed},
			"workspace and state": {WorkspaceKey: sc.workspace.Key, State: models.DeliveryPending},
			"nothing":             {WorkspaceKey: "QQQ"},
		} {
			var ids []string
			for _, d := range slices.Backward(want) {
				if (f.WorkspaceKey == "" || f.WorkspaceKey == d.WorkspaceKey) && (f.WebhookUID == "" || f.WebhookUID == d.WebhookUID) &&
					(f.RunID == "" || f.RunID == d.RunID) && (f.State == "" || f.State == d.State) {
					ids = append(ids, d.ID)
				}
			}
			require.Equal(t, ids, all(t, 4, func(d models.Delivery) string { return d.ID },
				func(p models.Page) ([]models.Delivery, string, error) { return sc.s.Deliveries(ctx, f, p) }), name)
		}
	})
}

func testAttempts(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	d := sc.delivery(t)
	_, err := sc.s.ClaimDelivery(ctx, d.ID, noon.Add(time.Minute))
	require.NoError(t, err)
	next := noon.Add(5 * time.Second)
	first := models.Attempt{
		DeliveryID: d.ID, Number: 1, StartedAt: noon, DurationMS: 12, Status: 503, ErrorClass: models.ClassStatus,
		Error: "the receiver answered 503", Timings: models.Timings{DNS: 1.5, Total: 12},
		RequestHeaders: []models.NameValue{{Name: "X-A", Value: "1"}}, RequestBody: `{"a":1}`,
		ResponseHeaders: []models.NameValue{{Name: "Server", Value: "x"}}, ResponseBody: "not text: \xff\xfe",
		NextAttemptAt: &next,
	}
	got, err := sc.s.RecordAttempt(ctx, first, models.DeliveryPending)
	require.NoError(t, err)
	require.Equal(t, models.DeliveryPending, got.State)
	require.Equal(t, 1, got.Attempts)
	require.Equal(t, next, *got.NextAttemptAt)
	require.Equal(t, first.Error, got.LastError)
	require.Nil(t, got.ClaimedUntil)
	require.Nil(t, got.FinishedAt)
	stored, err := sc.s.Delivery(ctx, d.ID)
	require.NoError(t, err)
	require.Equal(t, got, stored)

	_, err = sc.s.RecordAttempt(ctx, first, models.DeliveryFailed)
	require.ErrorIs(t, err, models.ErrDuplicate)
	stored, err = sc.s.Delivery(ctx, d.ID)
	require.NoError(t, err)
	require.Equal(t, got, stored, "a duplicate changes nothing")

	sc.clock.Advance(time.Minute)
	got, err = sc.s.RecordAttempt(ctx, models.Attempt{DeliveryID: d.ID, StartedAt: noon, Status: 204}, models.DeliveryDelivered)
	require.NoError(t, err)
	require.Equal(t, models.DeliveryDelivered, got.State)
	require.Equal(t, 2, got.Attempts)
	require.Nil(t, got.NextAttemptAt)
	require.Empty(t, got.LastError)
	require.Equal(t, sc.clock.Now(), *got.FinishedAt)

	attempts, err := sc.s.Attempts(ctx, d.ID)
	require.NoError(t, err)
	require.Len(t, attempts, 2)
	require.Equal(t, 2, attempts[1].Number, "a number of 0 is the next one")
	require.Equal(t, first.Timings, attempts[0].Timings)
	require.Empty(t, attempts[0].RequestBody)
	require.Empty(t, attempts[0].ResponseBody)
	require.Empty(t, attempts[0].RequestHeaders)
	full, err := sc.s.Attempt(ctx, d.ID, 1)
	require.NoError(t, err)
	first.ResponseBody = "not text: \uFFFD"
	require.Equal(t, first, full)
	_, err = sc.s.Attempt(ctx, d.ID, 3)
	require.ErrorIs(t, err, models.ErrNotFound)
	_, err = sc.s.RecordAttempt(ctx, models.Attempt{DeliveryID: "nobody", StartedAt: noon}, models.DeliveryFailed)
	require.ErrorIs(t, err, models.ErrNotFound)
}

func testOverdue(t *testing.T, newDatabase func(testing.TB) Database) {
	sc, ctx := setScene(t, newDatabase), t.Context()
	fresh, claimed, waiting, done := sc.delivery(t), sc.delivery(t), sc.delivery(t), sc.delivery(t)
	_, err := sc.s.ClaimDelivery(ctx, claimed.ID, noon.Add(10*time.Minute))
	require.NoError(t, err)
	next := noon.Add(5 * time.Minute)
	_, err = sc.s.RecordAttempt(ctx, models.Attempt{DeliveryID: waiting.ID, StartedAt: noon, NextAttemptAt: &next}, models.DeliveryPending)
	require.NoError(t, err)
	require.NoError(t, sc.s.FailDelivery(ctx, done.ID, "x"))

	overdue := func(before time.Time, limit int) []string {
		found, err := sc.s.OverdueDeliveries(ctx, before, limit)
		require.NoError(t, err)
		var ids []string
		for _, d := range found {
			ids = append(ids, d.ID)
		}
		return ids
	}
	require.Empty(t, overdue(noon, 10))
	require.Equal(t, []string{fresh.ID}, overdue(noon.Add(time.Minute), 10))
	require.Equal(t, []string{fresh.ID, waiting.ID}, overdue(noon.Add(6*time.Minute), 10))
	require.Equal(t, []string{fresh.ID}, overdue(noon.Add(6*time.Minute), 1))
	sc.clock.Advance(10 * time.Minute)
	require.Equal(t, []string{fresh.ID, claimed.ID, waiting.ID}, overdue(noon.Add(6*time.Minute), 10), "the claim has run out")
}
