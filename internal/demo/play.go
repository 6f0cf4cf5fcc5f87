package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/client"
	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
)

// runLimit bounds the wait for the end of a run.
const runLimit = 2 * time.Minute

// Play fires the gatekeeper as a CI job would and the plan by hand, and shows what comes of both. An
// error says which payload did not arrive, or was not signed.
func (d *Demo) Play(ctx context.Context) error {
	gate, err := d.fireGate(ctx)
	if err != nil {
		return err
	}
	plan, err := d.api.StartRun(ctx, d.made.plan.Key, client.Start{})
	if err != nil {
		return err
	}
	arrived := map[string]bool{} // by delivery id: payloads that came before they were waited for
	var errs []error
	for _, run := range []models.Run{gate, plan} {
		errs = append(errs, d.follow(ctx, run, arrived))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintf(d.Say, "Every payload arrived: of %s %s and of %s %s, each for %d webhooks.\n",
		d.made.gate.Method, d.made.gate.Key, d.made.plan.Method, d.made.plan.Key, len(d.made.webhooks))
	fmt.Fprintf(d.Say, "Look at them again: %s/docs (API), %s (Web UI)\n", d.URL, d.RunPage(gate.ID))
	return nil
}

// fireGate starts the gatekeeper with an idempotency key, twice, as a job does that is repeated.
func (d *Demo) fireGate(ctx context.Context) (run models.Run, err error) {
	start := client.Start{
		RunCreate:      wire.RunCreate{Parameters: map[string]string{"COMMIT": "4b825dc"}},
		IdempotencyKey: "demo-" + uuid.NewString(),
	}
	run, err = d.api.StartRun(ctx, d.made.gate.Key, start)
	if err != nil {
		return run, err
	}
	again, err := d.api.StartRun(ctx, d.made.gate.Key, start)
	if err == nil && run.ID != again.ID {
		err = fmt.Errorf("the gatekeeper started runs %s and %s for one idempotency key", run.ID, again.ID)
	}
	return run, err
}

// follow waits for the end of a run and shows its verdict, then for each of its payloads.
func (d *Demo) follow(ctx context.Context, run models.Run, arrived map[string]bool) error {
	run, err := d.awaitRun(ctx, run.ID)
	if err != nil {
		return err
	}
	executions, err := d.api.Executions(ctx, run.ID)
	if err != nil {
		return err
	}
	results, err := d.api.Results(ctx, run.ID)
	if err != nil {
		return err
	}
	d.showRun(run, executions, results)
	deliveries, err := d.api.RunDeliveries(ctx, run.ID)
	if err != nil {
		return err
	}
	want := map[string]string{} // names of webhooks by delivery id
	for _, delivery := range deliveries {
		if w, ours := d.made.webhooks[delivery.WebhookUID]; ours {
			want[delivery.ID] = w.Name
		}
	}
	if len(want) != len(d.made.webhooks) {
		return fmt.Errorf("run %s has deliveries for %d of the %d webhooks", run.ID, len(want), len(d.made.webhooks))
	}
	return d.awaitPayloads(ctx, run, want, arrived)
}

func (d *Demo) awaitRun(ctx context.Context, id string) (models.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	run, err := d.api.WaitRun(ctx, id)
	if err != nil {
		return run, fmt.Errorf("wait for run %s: %w", id, err)
	}
	return run, nil
}

// awaitPayloads looks at what arrives until every delivery of want was there.
func (d *Demo) awaitPayloads(ctx context.Context, run models.Run, want map[string]string, arrived map[string]bool) error {
	limit := time.NewTimer(d.arriveLimit)
	defer limit.Stop()
	for {
		for id := range want {
			if arrived[id] {
				delete(want, id)
			}
		}
		if len(want) == 0 {
			return nil
		}
		select {
		case p := <-d.sink.arrived:
			if err := d.take(p); err != nil {
				return err
			}
			arrived[p.Header.Get(webhook.HeaderDelivery)] = true
		case <-limit.C:
			return fmt.Errorf("run %s: %d payloads did not arrive within %s", run.ID, len(want), d.arriveLimit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take checks the signature of a payload and shows it.
func (d *Demo) take(p payload) error {
	if err := webhook.Verify(d.secret, p.Header, p.Body, p.At); err != nil {
		return fmt.Errorf("payload for webhook %s: %w", p.Hook, err)
	}
	if !json.Valid(p.Body) {
		return fmt.Errorf("payload for webhook %s is not JSON", p.Hook)
	}
	return d.showPayload(p)
}

// Watch shows what arrives until ctx ends.
func (d *Demo) Watch(ctx context.Context) {
	for {
		select {
		case p := <-d.sink.arrived:
			if err := d.note(p); err != nil {
				fmt.Fprintf(d.Say, "%v\n", err)
			}
		case <-ctx.Done():
			return
		}
	}
}
