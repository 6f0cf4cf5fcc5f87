package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/bellwether/bellwether/internal/webhook"
	"github.com/bellwether/bellwether/models"
)

// showRun prints the verdict of a run with every case.
func (d *Demo) showRun(run models.Run, executions []models.Execution, results []models.CaseResult) {
	fmt.Fprintf(d.Say, "%s %s %q: %s in %s\n", run.TriggerMethod, run.TriggerKey, run.TriggerName,
		run.Status, time.Duration(run.DurationMS)*time.Millisecond)
	fmt.Fprintf(d.Say, "  run %s\n  %s\n", run.ID, d.RunPage(run.ID))
	for _, x := range executions {
		fmt.Fprintf(d.Say, "  %s %s: %s\n", x.Key, x.PipelineName, x.Status)
		table := tabwriter.NewWriter(d.Say, 0, 0, 2, ' ', 0)
		for _, r := range results {
			if r.ExecutionKey == x.Key {
				fmt.Fprintf(table, "    %s\t%s\t%s\t%d ms\t%s\n", r.CaseKey, r.CaseName, r.Status, r.DurationMS, r.Message)
			}
		}
		_ = table.Flush() // Say is a terminal or a pipe: nobody is left to be told.
	}
	fmt.Fprintln(d.Say)
}

// showPayload prints a payload: as one line of JSON, or for people.
func (d *Demo) showPayload(p payload) error {
	if d.JSON != nil {
		return d.printLine(p)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, p.Body, "", "  "); err != nil {
		return fmt.Errorf("payload for webhook %s: %w", p.Hook, err)
	}
	_, err := fmt.Fprintf(d.Say, "webhook %s received %s (delivery %s, attempt %s, signature verified):\n%s\n\n", p.Hook,
		p.Header.Get(webhook.HeaderEvent), p.Header.Get(webhook.HeaderDelivery), p.Header.Get(webhook.HeaderAttempt), pretty.Bytes())
	return err
}

// line is what --json prints for a payload.
type line struct {
	Event   string            `json:"event"`
	Webhook string            `json:"webhook"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func (d *Demo) printLine(p payload) error {
	encoder := json.NewEncoder(d.JSON)
	encoder.SetEscapeHTML(false) // the body stays what was sent
	return encoder.Encode(line{
		Event: p.Header.Get(webhook.HeaderEvent), Webhook: p.Hook, Headers: flat(p.Header), Body: p.Body,
	})
}

// flat takes the first value of each header; the sender gives each once.
func flat(header http.Header) map[string]string {
	out := make(map[string]string, len(header))
	for name := range header {
		out[name] = header.Get(name)
	}
	return out
}

// note shows in one line a payload that came after the demo: of the plan's own ticks, usually.
func (d *Demo) note(p payload) error {
	if err := webhook.Verify(d.secret, p.Header, p.Body, p.At); err != nil {
		return fmt.Errorf("payload for webhook %s: %w", p.Hook, err)
	}
	if d.JSON != nil {
		return d.printLine(p)
	}
	_, err := fmt.Fprintf(d.Say, "%s  webhook %s received %s (%d bytes, delivery %s)\n", p.At.UTC().Format(time.TimeOnly), p.Hook,
		p.Header.Get(webhook.HeaderEvent), len(p.Body), p.Header.Get(webhook.HeaderDelivery))
	return err
}
