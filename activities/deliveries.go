package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bellwether/bellwether/internal/notify"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
)

// claimFor is how long a delivery belongs to the worker that took it. It outlasts the longest send,
// and whoever finds the row claimed after a worker died waits no longer than this.
const claimFor = 30 * time.Second

// DeliveryStore keeps the rows of deliveries and of the webhooks that they go to.
type DeliveryStore interface {
	ClaimDelivery(ctx context.Context, id string, until time.Time) (models.DeliveryJob, error)
	Delivery(ctx context.Context, id string) (models.Delivery, error)
	RecordAttempt(ctx context.Context, attempt models.Attempt, state models.DeliveryState) (models.Delivery, error)
	FailDelivery(ctx context.Context, id, reason string) error
	ReleaseDelivery(ctx context.Context, id string) error
	Webhook(ctx context.Context, uid string) (models.Webhook, error)
	UpdateWebhook(ctx context.Context, w *models.Webhook) error
}

// Renderer makes the body of a delivery.
type Renderer interface {
	Render(format models.Format, event models.Event) (notify.Message, error)
}

// Sender sends a delivery once.
type Sender interface {
	Send(ctx context.Context, r webhook.Request) webhook.Result
}

// Schedule says when a delivery is sent again.
type Schedule interface {
	Next(attempt int, r webhook.Result) (pause time.Duration, again bool)
}

// DeliveriesDeps are what Deliveries works with. All but Now and Logger are required.
type DeliveriesDeps struct {
	Store    DeliveryStore
	Renderer Renderer
	Sender   Sender
	Schedule Schedule
	Now      func() time.Time // default: time.Now
	Logger   *slog.Logger     // default: none
}

// Deliveries sends deliveries.
type Deliveries struct{ DeliveriesDeps }

// NewDeliveries returns the activity that sends deliveries.
func NewDeliveries(d DeliveriesDeps) *Deliveries {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Deliveries{d}
}

// SendInput names the delivery to send.
type SendInput struct {
	DeliveryID string `json:"delivery_id"`
}

// SendResult is how the delivery ended.
type SendResult struct {
	State    models.DeliveryState `json:"state"`
	Attempts int                  `json:"attempts"`
}

// Send sends the delivery once and records what came of it. While the delivery is to be sent again,
// the answer is an error of type TypeDeliveryRetry with the pause until then, so that the engine
// calls again. Only sends that reached an outcome count as attempts: a dead worker or a database
// that is away never use up the receiver's retries.
func (d *Deliveries) Send(ctx context.Context, in SendInput) (SendResult, error) {
	job, err := d.Store.ClaimDelivery(ctx, in.DeliveryID, d.Now().Add(claimFor))
	switch {
	case errors.Is(err, models.ErrFinished):
		return d.finished(ctx, in.DeliveryID)
	case errors.Is(err, models.ErrClaimed):
		return SendResult{}, d.claimed(ctx, in.DeliveryID)
	case errors.Is(err, models.ErrNotFound):
		return SendResult{}, gone("claim delivery "+in.DeliveryID, err)
	case err != nil:
		return SendResult{}, unavailable("claim delivery "+in.DeliveryID, err)
	}
	if next := job.Delivery.NextAttemptAt; next != nil && next.After(d.Now()) {
		d.release(ctx, in.DeliveryID)
		return SendResult{}, later("not due yet", next.Sub(d.Now()))
	}
	message, reason := d.render(job)
	if reason != "" {
		return d.fail(ctx, job.Delivery, reason)
	}
	return d.send(ctx, job, message)
}

// render makes the body. A reason says why there is nothing to send.
func (d *Deliveries) render(job models.DeliveryJob) (message notify.Message, reason string) {
	switch {
	case job.Webhook == nil:
		return notify.Message{}, "the webhook was deleted"
	case !job.Webhook.Enabled:
		return notify.Message{}, "the webhook is disabled"
	}
	message, err := d.Renderer.Render(job.Webhook.Format, job.Event)
	if err != nil {
		return notify.Message{}, fmt.Sprintf("the event has no body in format %s: %s", job.Webhook.Format, shorten(err.Error()))
	}
	return message, ""
}

func (d *Deliveries) send(ctx context.Context, job models.DeliveryJob, message notify.Message) (SendResult, error) {
	number := job.Delivery.Attempts + 1
	result := d.Sender.Send(ctx, webhook.Request{
		URL:         job.Webhook.URL,
		DeliveryID:  job.Delivery.ID,
		Event:       job.Event.Type,
		Secret:      job.Webhook.Secret,
		Attempt:     number,
		ContentType: message.ContentType,
		Body:        message.Body,
	})
	if result.Outcome == webhook.Interrupted {
		d.release(ctx, job.Delivery.ID)
		return SendResult{}, givenBack("the send was interrupted before the receiver answered")
	}
	attempt, state, pause := d.judge(job.Delivery.ID, number, message, result)
	var saved models.Delivery
	err := persist(ctx, func(ctx context.Context) (err error) {
		saved, err = d.Store.RecordAttempt(ctx, attempt, state)
		return err
	})
	switch {
	case errors.Is(err, models.ErrDuplicate), errors.Is(err, models.ErrFinished):
		// Another worker, that had the delivery after our claim ran out, was faster.
		return SendResult{}, later("another worker sent it too", time.Second)
	case errors.Is(err, models.ErrNotFound):
		return SendResult{}, gone("record attempt of delivery "+job.Delivery.ID, err)
	case err != nil:
		return SendResult{}, unavailable("record attempt of delivery "+job.Delivery.ID, err)
	}
	d.log(ctx, job, attempt, state, result.Outcome)
	if result.Outcome == webhook.Gone {
		d.disable(ctx, job.Webhook.UID)
	}
	if state == models.DeliveryPending {
		return SendResult{}, later(fmt.Sprintf("attempt %d: %s", number, attempt.Error), pause)
	}
	return SendResult{State: saved.State, Attempts: saved.Attempts}, nil
}

// judge turns what came of a send into its row, the delivery's state and the pause before the next
// attempt.
func (d *Deliveries) judge(id string, number int, m notify.Message, r webhook.Result) (models.Attempt, models.DeliveryState, time.Duration) {
	attempt := models.Attempt{
		DeliveryID: id, Number: number, StartedAt: r.StartedAt, DurationMS: r.Duration.Milliseconds(),
		Status: r.Status, ErrorClass: r.Class, Error: r.Err, Timings: r.Timings,
		RequestHeaders: r.RequestHeaders, RequestBody: string(m.Body),
		ResponseHeaders: r.Header, ResponseBody: r.Body,
	}
	if r.Outcome == webhook.Delivered {
		return attempt, models.DeliveryDelivered, 0
	}
	pause, again := d.Schedule.Next(number, r)
	if !again {
		return attempt, models.DeliveryFailed, 0
	}
	next := d.Now().Add(pause).UTC().Truncate(time.Microsecond)
	attempt.NextAttemptAt = &next
	return attempt, models.DeliveryPending, pause
}

// log writes one line for each attempt, with everything that an operator asks for.
func (d *Deliveries) log(ctx context.Context, job models.DeliveryJob, a models.Attempt, state models.DeliveryState, o webhook.Outcome) {
	d.Logger.InfoContext(ctx, "delivery attempted", "delivery", a.DeliveryID, "webhook", job.Webhook.UID, "event", job.Event.Type,
		"run", job.Delivery.RunID, "attempt", a.Number, "outcome", o.String(), "state", string(state), "status", a.Status,
		"class", string(a.ErrorClass), "duration_ms", a.DurationMS)
}

// fail gives the delivery up without a send.
func (d *Deliveries) fail(ctx context.Context, delivery models.Delivery, reason string) (SendResult, error) {
	err := d.Store.FailDelivery(ctx, delivery.ID, reason)
	switch {
	case errors.Is(err, models.ErrFinished):
		return d.finished(ctx, delivery.ID)
	case errors.Is(err, models.ErrNotFound):
		return SendResult{}, gone("give up delivery "+delivery.ID, err)
	case err != nil:
		return SendResult{}, unavailable("give up delivery "+delivery.ID, err)
	}
	d.Logger.InfoContext(ctx, "delivery given up", "delivery", delivery.ID, "webhook", delivery.WebhookUID, "reason", reason)
	return SendResult{State: models.DeliveryFailed, Attempts: delivery.Attempts}, nil
}

func (d *Deliveries) finished(ctx context.Context, id string) (SendResult, error) {
	delivery, err := d.Store.Delivery(ctx, id)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return SendResult{}, gone("load delivery "+id, err)
	case err != nil:
		return SendResult{}, unavailable("load delivery "+id, err)
	}
	return SendResult{State: delivery.State, Attempts: delivery.Attempts}, nil
}

// claimed waits until the claim of another worker ends.
func (d *Deliveries) claimed(ctx context.Context, id string) error {
	pause := claimFor / 3
	if delivery, err := d.Store.Delivery(ctx, id); err == nil && delivery.ClaimedUntil != nil {
		pause = delivery.ClaimedUntil.Sub(d.Now())
	}
	return later("another worker is sending it", min(pause, claimFor))
}

// release lets go of a delivery that was claimed but not sent. Should it fail, the claim runs out by
// itself.
func (d *Deliveries) release(ctx context.Context, id string) {
	if err := persist(ctx, func(ctx context.Context) error { return d.Store.ReleaseDelivery(ctx, id) }); err != nil {
		d.Logger.WarnContext(ctx, "release delivery", "delivery", id, "error", err)
	}
}

// disable turns off a webhook whose receiver wants no deliveries any more. Should that fail, the
// next delivery meets the same answer and tries again.
func (d *Deliveries) disable(ctx context.Context, uid string) {
	const tries = 5
	err := models.ErrStale
	for i := 0; i < tries && errors.Is(err, models.ErrStale); i++ {
		err = persist(ctx, func(ctx context.Context) error {
			w, err := d.Store.Webhook(ctx, uid)
			if err != nil || !w.Enabled {
				return err
			}
			w.Enabled = false
			return d.Store.UpdateWebhook(ctx, &w)
		})
	}
	if err != nil {
		d.Logger.ErrorContext(ctx, "disable webhook that is gone", "webhook", uid, "error", err)
		return
	}
	d.Logger.WarnContext(ctx, "webhook disabled: its receiver answered 410 Gone", "webhook", uid)
}
