package client

import (
	"net/url"
	"strconv"
	"time"

	"github.com/bellwether/bellwether/models"
)

// Query narrows a list of definitions; zero fields do not. A list refuses what it has no use for.
type Query struct {
	Workspace string
	Name      string // part of the name, ignoring case
	Label     string
	Method    models.TriggerMethod // triggers only
	Limit     int                  // of a page; 0: the server's default
	After     string               // cursor: Next of the page before
}

func (q Query) values() url.Values {
	v := url.Values{}
	put(v, "workspace", q.Workspace)
	put(v, "name", q.Name)
	put(v, "label", q.Label)
	put(v, "method", string(q.Method))
	putPage(v, q.Limit, q.After)
	return v
}

// RunQuery narrows a list of runs; zero fields do not.
type RunQuery struct {
	Workspace    string
	Trigger      string
	Statuses     []models.Status
	Source       models.RunSource
	Since, Until time.Time // by creation: since inclusive, until exclusive
	Limit        int
	After        string
}

func (q RunQuery) values() url.Values {
	v := url.Values{}
	put(v, "workspace", q.Workspace)
	put(v, "trigger", q.Trigger)
	put(v, "source", string(q.Source))
	for _, status := range q.Statuses {
		v.Add("status", strconv.Itoa(int(status)))
	}
	putTime(v, "since", q.Since)
	putTime(v, "until", q.Until)
	putPage(v, q.Limit, q.After)
	return v
}

// DeliveryQuery narrows a list of deliveries; zero fields do not.
type DeliveryQuery struct {
	Workspace string
	Webhook   string
	Run       string
	State     models.DeliveryState
	Limit     int
	After     string
}

func (q DeliveryQuery) values() url.Values {
	v := url.Values{}
	put(v, "workspace", q.Workspace)
	put(v, "webhook", q.Webhook)
	put(v, "run", q.Run)
	put(v, "state", string(q.State))
	putPage(v, q.Limit, q.After)
	return v
}

func put(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func putTime(v url.Values, name string, at time.Time) {
	if !at.IsZero() {
		v.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
}

func putPage(v url.Values, limit int, after string) {
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	put(v, "after", after)
}
