package notify

import (
	"net/url"
	"strings"
	"time"

	"github.com/bellwether/bellwether/models"
)

// schemaVersion is the version of the JSON Schemas that the data of this format follows. Additions do
// not change it; it changes when a field's meaning would.
const schemaVersion = 1

// bellwether is our own format: the envelope of Standard Webhooks around the event's data, with links.
type bellwether struct {
	baseURL     string
	temporalURL func(runID string) string
	// events makes the data of each event that the format has a body for.
	events map[string]func(models.Event) (any, error)
}

// envelope is what every body of this format looks like. Timestamp is when the event happened, not
// when it is sent.
type envelope struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

type runFinishedData struct {
	SchemaVersion int `json:"schema_version"`
	models.RunFinished
	Links runLinks `json:"links"`
}

// runLinks are where to read on.
type runLinks struct {
	Run      string `json:"run"`
	Temporal string `json:"temporal,omitempty"`
}

func newBellwether(opts Options) bellwether {
	b := bellwether{baseURL: strings.TrimRight(opts.BaseURL, "/"), temporalURL: opts.TemporalURL}
	b.events = map[string]func(models.Event) (any, error){
		models.EventRunFinished: b.runFinished,
	}
	return b
}

func (bellwether) format() models.Format { return models.FormatBellwether }

func (b bellwether) render(event models.Event) (Message, error) {
	dataOf, ok := b.events[event.Type]
	if !ok {
		return Message{}, &UnsupportedError{Format: b.format(), Event: event.Type, Known: known(b.events)}
	}
	data, err := dataOf(event)
	if err != nil {
		return Message{}, err
	}
	return encode(envelope{Type: event.Type, Timestamp: utc(event.CreatedAt), Data: data})
}

func (b bellwether) runFinished(event models.Event) (any, error) {
	doc, err := readRunFinished(event)
	if err != nil {
		return nil, err
	}
	links := runLinks{Run: b.baseURL + "/api/v1/runs/" + url.PathEscape(doc.RunID)}
	if b.temporalURL != nil {
		links.Temporal = b.temporalURL(doc.RunID)
	}
	return runFinishedData{SchemaVersion: schemaVersion, RunFinished: doc, Links: links}, nil
}
