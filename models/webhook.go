package models

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Format says how the body of a webhook looks.
type Format string

// The formats.
const (
	FormatBellwether Format = "bellwether"
	FormatTestany    Format = "testany"
)

// Formats lists every format.
var Formats = []Format{FormatBellwether, FormatTestany}

// Webhook subscribes a URL to events of a workspace.
type Webhook struct {
	UID          string    `json:"uid" gorm:"primaryKey"`
	WorkspaceKey string    `json:"workspace_key"`
	Name         string    `json:"name"`
	URL          string    `json:"url" example:"https://example.com/hook"`
	Format       Format    `json:"format" enum:"bellwether,testany"`
	Events       []string  `json:"events" gorm:"serializer:json" doc:"run.finished"`
	TriggerKeys  []string  `json:"trigger_keys" gorm:"serializer:json" doc:"Only events of these triggers; empty: all of the workspace"`
	Enabled      bool      `json:"enabled"`
	Secret       string    `json:"-" gorm:"-"`
	Sealed       []byte    `json:"-"` // Secret as the store keeps it: encrypted
	HasSecret    bool      `json:"has_secret" doc:"Whether deliveries are signed"`
	Owners       []string  `json:"owners" gorm:"serializer:json"`
	Version      int64     `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// Limits on a webhook's secret.
const (
	MinSecret = 16
	MaxSecret = 256
)

// Validate checks all fields that a user sets.
func (w *Webhook) Validate() error {
	var c Check
	checkName(&c, "name", w.Name)
	checkHTTPURL(&c, "url", w.URL)
	checkOwners(&c, "owners", w.Owners)
	c.Require(slices.Contains(Formats, w.Format), "format", "must be bellwether or testany")
	c.Require(len(w.Events) > 0, "events", "must name at least one event")
	for i, e := range w.Events {
		c.Require(e == EventRunFinished, fmt.Sprintf("events[%d]", i), "%q is not an event; known: %s", e, EventRunFinished)
	}
	for i, key := range w.TriggerKeys {
		c.Require(ValidTriggerKey(key), fmt.Sprintf("trigger_keys[%d]", i), "%q is not a trigger key such as P-ABC-0001", key)
	}
	c.Require(w.Secret == "" || (len(w.Secret) >= MinSecret && len(w.Secret) <= MaxSecret), "secret",
		"must have between %d and %d characters", MinSecret, MaxSecret)
	if encoded, standard := strings.CutPrefix(w.Secret, "whsec_"); standard {
		_, err := base64.StdEncoding.DecodeString(encoded)
		c.Require(err == nil, "secret", "starts with whsec_ and must go on in Base64, as Standard Webhooks has it; otherwise leave whsec_ out")
	}
	return c.Err()
}

// Wants reports whether the webhook subscribes to an event of a trigger.
func (w *Webhook) Wants(event, triggerKey string) bool {
	return w.Enabled && slices.Contains(w.Events, event) &&
		(len(w.TriggerKeys) == 0 || slices.Contains(w.TriggerKeys, triggerKey))
}
