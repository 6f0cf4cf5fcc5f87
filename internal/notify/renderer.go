package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bellwether/bellwether/models"
)

// contentJSON is the content type of all JSON bodies.
const contentJSON = "application/json"

// Options configure a Renderer.
type Options struct {
	// BaseURL is where the REST API is reached from outside, such as https://bellwether.example.com.
	// Empty: links are paths without a host.
	BaseURL string
	// TemporalURL returns the page of a run in the Temporal Web UI. Nil: there is no such link.
	TemporalURL func(runID string) string
}

// Message is a body as it is sent.
type Message struct {
	ContentType string
	Body        []byte
}

// formatter makes the bodies of one format. A further format is one file with its formatter and one
// line in New. For an event that the format has no body for, render returns an *UnsupportedError.
type formatter interface {
	format() models.Format
	render(event models.Event) (Message, error)
}

// Renderer makes bodies in every format. It is safe for use by many goroutines.
type Renderer struct{ formatters map[models.Format]formatter }

// New returns a Renderer of all formats.
func New(opts Options) *Renderer {
	r := &Renderer{formatters: map[models.Format]formatter{}}
	for _, f := range []formatter{
		newBellwether(opts),
		testany{},
	} {
		r.formatters[f.format()] = f
	}
	return r
}

// Render makes the body of an event in a format. An unknown format, or an event that the format has
// no body for, is an *UnsupportedError.
func (r *Renderer) Render(format models.Format, event models.Event) (Message, error) {
	f, ok := r.formatters[format]
	if !ok {
		return Message{}, &UnsupportedError{Format: format, Known: known(r.formatters)}
	}
	message, err := f.render(event)
	if err != nil {
		return Message{}, fmt.Errorf("render event %s as %s: %w", event.ID, format, err)
	}
	return message, nil
}

// UnsupportedError says that there is no body for a format or for an event in a format.
type UnsupportedError struct {
	Format models.Format
	Event  string   // the event's type; empty: the format itself is unknown
	Known  []string // the formats, or the events of the format, that there are
}

// Error says what to use instead.
func (e *UnsupportedError) Error() string {
	if e.Event == "" {
		return fmt.Sprintf("format %q is unknown; known: %s", e.Format, strings.Join(e.Known, ", "))
	}
	return fmt.Sprintf("format %s has no body for event %q; it has one for: %s", e.Format, e.Event, strings.Join(e.Known, ", "))
}

// known lists what there is, sorted by name.
func known[K ~string, V any](m map[K]V) []string {
	var names []string
	for name := range m {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

// readRunFinished reads the data of a run.finished event. Data of an older version may lack lists.
func readRunFinished(event models.Event) (models.RunFinished, error) {
	var doc models.RunFinished
	if err := json.Unmarshal(event.Data, &doc); err != nil {
		return doc, fmt.Errorf("read data of %s: %w", event.Type, err)
	}
	if doc.RunID == "" {
		return doc, errors.New("read data of " + event.Type + ": it names no run")
	}
	doc.Trigger.Owners = list(doc.Trigger.Owners)
	doc.Pipelines = list(doc.Pipelines)
	for i := range doc.Pipelines {
		p := &doc.Pipelines[i]
		p.Owners, p.Cases = list(p.Owners), list(p.Cases)
		for j := range p.Cases {
			p.Cases[j].Owners = list(p.Cases[j].Owners)
		}
	}
	return doc, nil
}

// encode writes compact JSON. Names are left as they are, for nobody embeds these bodies in HTML.
func encode(body any) (Message, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return Message{}, fmt.Errorf("encode body: %w", err)
	}
	return Message{ContentType: contentJSON, Body: bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))}, nil
}
