package activities_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/activities"
	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
)

// deliveryStore keeps one delivery and its webhook.
type deliveryStore struct {
	job        models.DeliveryJob
	claimErr   error
	claims     []time.Time
	loaded     models.Delivery
	loadErr    error
	recordErrs []error
	attempts   []models.Attempt
	states     []models.DeliveryState
	failed     []string
	failErr    error
	released   int
	releaseErr error
	webhook    models.Webhook
	updateErrs []error
	updates    int
}

func (s *deliveryStore) ClaimDelivery(_ context.Context, _ string, until time.Time) (models.DeliveryJob, error) {
	s.claims = append(s.claims, until)
	return s.job, s.claimErr
}

func (s *deliveryStore) Delivery(context.Context, string) (models.Delivery, error) {
	return s.loaded, s.loadErr
}

func (s *deliveryStore) RecordAttempt(ctx context.Context, a models.Attempt, state models.DeliveryState) (models.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return models.Delivery{}, err
	}
	if err := shift(&s.recordErrs); err != nil {
		return models.Delivery{}, err
	}
	s.attempts, s.states = append(s.attempts, a), append(s.states, state)
	return models.Delivery{ID: a.DeliveryID, State: state, Attempts: a.Number}, nil
}

func (s *deliveryStore) FailDelivery(_ context.Context, _, reason string) error {
	s.failed = append(s.failed, reason)
	return s.failErr
}

func (s *deliveryStore) ReleaseDelivery(ctx context.Context, _ string) error {
	s.released++
	return errors.Join(ctx.Err(), s.releaseErr)
}

func (s *deliveryStore) Webhook(context.Context, string) (models.Webhook, error) {
	return s.webhook, nil
}

func (s *deliveryStore) UpdateWebhook(_ context.Context, w *models.Webhook) error {
	s.updates++
	if err := shift(&s.updateErrs); err != nil {
		return err
	}
	s.webhook = *w
	return nil
}

func shift(errs *[]error) error {
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

type renderer struct{ err error }

func (r renderer) Render(f models.Format, e models.Event) (notify.Message, error) {
	return notify.Message{ContentType: "application/json", Body: []byte(`{"format":"` + string(f) + `","event":"` + e.Type + `"}`)}, r.err
}

// sender answers with one result and remembers what it was asked to send.
type sender struct {
	result   webhook.Result
	requests []webhook.Request
}

func (s *sender) Send(_ context.Context, r webhook.Request) webhook.Result {
	s.requests = append(s.requests, r)
	return s.result
}

// pauses is a schedule without jitter.
type pauses []time.Duration

func (p pauses) Next(attempt int, r webhook.Result) (time.Duration, bool) {
	if r.Outcome != webhook.Retry || attempt > len(p) {
		return 0, false
	}
	return p[attempt-1], true
}

func newDeliveryStore() *deliveryStore {
	w := models.Webhook{UID: "w1", URL: "https://example.com/hook", Format: models.FormatTestany, Secret: "hush-hush-hush-hush", Enabled: true, Version: 3}
	return &deliveryStore{
		job: models.DeliveryJob{
			Delivery: models.Delivery{ID: "d1", WebhookUID: "w1", RunID: "r1", State: models.DeliveryPending},
			Event:    models.Event{ID: "e1", Type: models.EventRunFinished},
			Webhook:  &w,
		},
		webhook: w,
	}
}

type delivering struct {
	store  *deliveryStore
	sender *sender
	render renderer
}

func (d delivering) send(t *testing.T) (activities.SendResult, error) {
	t.Helper()
	if d.sender == nil {
		d.sender = &sender{result: webhook.Result{Outcome: webhook.Delivered, Status: 204}}
	}
	env := environment()
	deliveries := activities.NewDeliveries(activities.DeliveriesDeps{
		Store: d.store, Renderer: d.render, Sender: d.sender,
		Schedule: pauses{5 * time.Second, time.Minute, 10 * time.Minute}, Now: clock,
	})
	env.RegisterActivity(deliveries)
	value, err := env.ExecuteActivity(deliveries.Send, activities.SendInput{DeliveryID: "d1"})
	var result activities.SendResult
	if err == nil {
		require.NoError(t, value.Get(&result))
	}
	return result, err
}

// retried asserts that err asks for the delivery to be sent again after pause, without alarm.
func retried(t *testing.T, err error, pause time.Duration) {
	t.Helper()
	application := application(t, err, activities.TypeDeliveryRetry)
	require.False(t, application.NonRetryable())
	require.Equal(t, pause, application.NextRetryDelay())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, application.Category())
}

func TestSendDelivers(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	out := &sender{result: webhook.Result{
		Outcome: webhook.Delivered, Status: 200, Body: "thanks", StartedAt: noon, Duration: 1500 * time.Millisecond,
		Timings:        models.Timings{Total: 1500},
		RequestHeaders: []models.NameValue{{Name: "X-Bellwether-Attempt", Value: "1"}},
		Header:         []models.NameValue{{Name: "Server", Value: "x"}},
	}}

	result, err := delivering{store: s, sender: out}.send(t)

	require.NoError(t, err)
	require.Equal(t, activities.SendResult{State: models.DeliveryDelivered, Attempts: 1}, result)
	require.Equal(t, []time.Time{noon.Add(30 * time.Second)}, s.claims)
	require.Equal(t, []webhook.Request{{
		URL: "https://example.com/hook", DeliveryID: "d1", Event: "run.finished", Secret: "hush-hush-hush-hush", Attempt: 1,
		ContentType: "application/json", Body: []byte(`{"format":"testany","event":"run.finished"}`),
	}}, out.requests)
	require.Equal(t, []models.Attempt{{
		DeliveryID: "d1", Number: 1, StartedAt: noon, DurationMS: 1500, Status: 200, Timings: models.Timings{Total: 1500},
		RequestHeaders: out.result.RequestHeaders, RequestBody: `{"format":"testany","event":"run.finished"}`,
		ResponseHeaders: out.result.Header, ResponseBody: "thanks",
	}}, s.attempts)
	require.Equal(t, []models.DeliveryState{models.DeliveryDelivered}, s.states)
}

func TestSendIsRepeatedOnItsSchedule(t *testing.T) {
	t.Parallel()
	for sent, want := range map[int]time.Duration{0: 5 * time.Second, 1: time.Minute, 2: 10 * time.Minute, 3: 0} {
		s := newDeliveryStore()
		s.job.Delivery.Attempts = sent
		out := &sender{result: webhook.Result{Outcome: webhook.Retry, Status: 503, Class: models.ClassStatus, Err: "the receiver answered 503"}}

		result, err := delivering{store: s, sender: out}.send(t)

		require.Equal(t, sent+1, out.requests[0].Attempt)
		require.Equal(t, sent+1, s.attempts[0].Number)
		require.Equal(t, models.ClassStatus, s.attempts[0].ErrorClass)
		require.Equal(t, "the receiver answered 503", s.attempts[0].Error)
		if want == 0 {
			require.NoError(t, err, "the retries are used up: that is a result")
			require.Equal(t, activities.SendResult{State: models.DeliveryFailed, Attempts: 4}, result)
			require.Equal(t, []models.DeliveryState{models.DeliveryFailed}, s.states)
			require.Nil(t, s.attempts[0].NextAttemptAt)
			continue
		}
		retried(t, err, want)
		require.Equal(t, []models.DeliveryState{models.DeliveryPending}, s.states)
		require.Equal(t, noon.Add(want).Truncate(time.Microsecond), *s.attempts[0].NextAttemptAt)
	}
}

func TestSendThatIsRefusedForGoodFails(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	out := &sender{result: webhook.Result{Outcome: webhook.GiveUp, Status: 404, Class: models.ClassStatus}}
	result, err := delivering{store: s, sender: out}.send(t)
	require.NoError(t, err)
	require.Equal(t, activities.SendResult{State: models.DeliveryFailed, Attempts: 1}, result)
	require.Zero(t, s.updates, "the webhook stays enabled")
}

func TestSendDisablesAWebhookThatIsGone(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	s.updateErrs = []error{models.ErrStale, models.ErrStale}
	out := &sender{result: webhook.Result{Outcome: webhook.Gone, Status: 410, Class: models.ClassStatus}}

	result, err := delivering{store: s, sender: out}.send(t)

	require.NoError(t, err)
	require.Equal(t, models.DeliveryFailed, result.State)
	require.Equal(t, 3, s.updates, "it is read anew after somebody else changed it")
	require.False(t, s.webhook.Enabled)
	require.Equal(t, "hush-hush-hush-hush", s.webhook.Secret)
}

func TestSendSurvivesAWebhookThatCannotBeDisabled(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	s.updateErrs = slices.Repeat([]error{models.ErrStale}, 100)
	out := &sender{result: webhook.Result{Outcome: webhook.Gone, Status: 410}}
	result, err := delivering{store: s, sender: out}.send(t)
	require.NoError(t, err)
	require.Equal(t, models.DeliveryFailed, result.State)
	require.Equal(t, 5, s.updates)
}

func TestSendGivesUpWithoutSending(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*deliveryStore)
		render error
		want   string
	}{
		"webhook deleted":  {change: func(s *deliveryStore) { s.job.Webhook = nil }, want: "the webhook was deleted"},
		"webhook disabled": {change: func(s *deliveryStore) { s.job.Webhook.Enabled = false }, want: "the webhook is disabled"},
		"no such body": {
			change: func(*deliveryStore) {}, render: errors.New("unsupported"),
			want: "the event has no body in format testany: unsupported",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := newDeliveryStore(), &sender{}
			s.job.Delivery.Attempts = 2
			tc.change(s)
			result, err := delivering{store: s, sender: out, render: renderer{err: tc.render}}.send(t)
			require.NoError(t, err)
			require.Equal(t, activities.SendResult{State: models.DeliveryFailed, Attempts: 2}, result)
			require.Equal(t, []string{tc.want}, s.failed)
			require.Empty(t, out.requests)
			require.Empty(t, s.attempts, "nothing was sent, so nothing counts as an attempt")
		})
	}
}

func TestSendOfAFinishedDeliveryAnswersItsState(t *testing.T) {
	t.Parallel()
	s, out := newDeliveryStore(), &sender{}
	s.claimErr, s.loaded = models.ErrFinished, models.Delivery{State: models.DeliveryDelivered, Attempts: 3}
	result, err := delivering{store: s, sender: out}.send(t)
	require.NoError(t, err)
	require.Equal(t, activities.SendResult{State: models.DeliveryDelivered, Attempts: 3}, result)
	require.Empty(t, out.requests)
}

func TestSendWaitsForAnotherWorkersClaim(t *testing.T) {
	t.Parallel()
	s, out := newDeliveryStore(), &sender{}
	until := noon.Add(12 * time.Second)
	s.claimErr, s.loaded = models.ErrClaimed, models.Delivery{State: models.DeliveryPending, ClaimedUntil: &until}
	_, err := delivering{store: s, sender: out}.send(t)
	retried(t, err, 12*time.Second)
	require.Empty(t, out.requests)

	s.loaded.ClaimedUntil = nil
	_, err = delivering{store: s, sender: out}.send(t)
	retried(t, err, 10*time.Second)
}

func TestSendWaitsUntilTheDeliveryIsDue(t *testing.T) {
	t.Parallel()
	s, out := newDeliveryStore(), &sender{}
	next := noon.Add(42 * time.Second)
	s.job.Delivery.NextAttemptAt = &next
	_, err := delivering{store: s, sender: out}.send(t)
	retried(t, err, 42*time.Second)
	require.Empty(t, out.requests)
	require.Equal(t, 1, s.released)

	past := noon.Add(-time.Second)
	s.job.Delivery.NextAttemptAt = &past
	_, err = delivering{store: s}.send(t)
	require.NoError(t, err)
}

func TestSendThatWasInterruptedCountsForNothing(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	_, err := delivering{store: s, sender: &sender{result: webhook.Result{Outcome: webhook.Interrupted}}}.send(t)
	require.False(t, application(t, err, activities.TypeGivenBack).NonRetryable())
	require.Empty(t, s.attempts)
	require.Equal(t, 1, s.released)
}

func TestSendBridgesAShortOutageWhileRecording(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, out := newDeliveryStore(), &sender{result: webhook.Result{Outcome: webhook.Delivered, Status: 200}}
		s.recordErrs = []error{errAway, errAway, errAway}
		result, err := delivering{store: s, sender: out}.send(t)
		require.NoError(t, err)
		require.Equal(t, models.DeliveryDelivered, result.State)
		require.Len(t, out.requests, 1, "the receiver is not asked twice")
	})
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*deliveryStore)
		kind   string
		final  bool
	}{
		"claim: store away":     {func(s *deliveryStore) { s.claimErr = errAway }, activities.TypeStore, false},
		"claim: no such row":    {func(s *deliveryStore) { s.claimErr = models.ErrNotFound }, activities.TypeNotFound, true},
		"state: store away":     {func(s *deliveryStore) { s.claimErr, s.loadErr = models.ErrFinished, errAway }, activities.TypeStore, false},
		"state: no such row":    {func(s *deliveryStore) { s.claimErr, s.loadErr = models.ErrFinished, models.ErrNotFound }, activities.TypeNotFound, true},
		"record: no such row":   {func(s *deliveryStore) { s.recordErrs = []error{models.ErrNotFound} }, activities.TypeNotFound, true},
		"record: sent by two":   {func(s *deliveryStore) { s.recordErrs = []error{models.ErrDuplicate} }, activities.TypeDeliveryRetry, false},
		"give up: store away":   {func(s *deliveryStore) { s.job.Webhook, s.failErr = nil, errAway }, activities.TypeStore, false},
		"give up: no such row":  {func(s *deliveryStore) { s.job.Webhook, s.failErr = nil, models.ErrNotFound }, activities.TypeNotFound, true},
		"record: store is away": {func(s *deliveryStore) { s.recordErrs = slices.Repeat([]error{errAway}, 1000) }, activities.TypeStore, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newDeliveryStore()
				tc.change(s)
				began := time.Now()
				_, err := delivering{store: s}.send(t)
				require.Equal(t, tc.final, application(t, err, tc.kind).NonRetryable())
				require.Less(t, time.Since(began), 10*time.Second)
			})
		})
	}
}

func TestSendOfADeliveryFinishedMeanwhileAnswersItsState(t *testing.T) {
	t.Parallel()
	s := newDeliveryStore()
	s.job.Webhook, s.failErr = nil, models.ErrFinished
	s.loaded = models.Delivery{State: models.DeliveryDelivered, Attempts: 1}
	result, err := delivering{store: s}.send(t)
	require.NoError(t, err)
	require.Equal(t, models.DeliveryDelivered, result.State)
}
