package models

import (
	"fmt"
	"time"
)

// TriggerMethod says what starts the runs of a trigger.
type TriggerMethod string

// The methods; a monitor's collection comes with the postman case kind.
const (
	MethodPlan       TriggerMethod = "plan"
	MethodGatekeeper TriggerMethod = "gatekeeper"
	MethodMonitor    TriggerMethod = "monitor"
)

func (m TriggerMethod) letter() string {
	switch m {
	case MethodPlan:
		return "P"
	case MethodGatekeeper:
		return "G"
	default:
		return "M"
	}
}

// Overlap says what happens to a tick while an earlier run of the trigger is still going on.
type Overlap string

// The overlap policies.
const (
	OverlapSkip  Overlap = "skip"  // the tick is not run and leaves a row that says so
	OverlapQueue Overlap = "queue" // the tick runs when the earlier ones have ended
	OverlapAllow Overlap = "allow" // the tick runs at once
)

// CatchUp says what happens to ticks that came due while nothing could run them.
type CatchUp string

// The catch-up policies. Each looks back no further than the trigger's window.
const (
	CatchUpLast CatchUp = "last"
	CatchUpAll  CatchUp = "all"
	CatchUpNone CatchUp = "none"
)

// Limits and defaults of triggers.
const (
	MaxPipelinesPerTrigger = 50
	MaxJitterSeconds       = 3600
	MaxCatchUpWindow       = 7 * 24 * 3600
	DefaultCatchUpWindow   = 3600
)

// Trigger binds pipelines to what starts them.
type Trigger struct {
	Key            string            `json:"key" gorm:"primaryKey" example:"P-ABC-0001"`
	WorkspaceKey   string            `json:"workspace_key"`
	Method         TriggerMethod     `json:"method" enum:"plan,gatekeeper"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	Enabled        bool              `json:"enabled"`
	Owners         []string          `json:"owners" gorm:"serializer:json"`
	Labels         []string          `json:"labels" gorm:"serializer:json"`
	PipelineKeys   []string          `json:"pipeline_keys" gorm:"serializer:json"`
	EnvironmentUID string            `json:"environment_uid" doc:"Overrides the environment of every case; empty: no override"`
	Parameters     map[string]string `json:"parameters" gorm:"serializer:json" doc:"Run variables"`

	// The schedule of a plan; empty for a gatekeeper.
	Cron                 string  `json:"cron,omitempty" doc:"Five fields, or @every 5m, @hourly, @daily, @weekly, @monthly, @yearly" example:"*/5 * * * *"`
	Timezone             string  `json:"timezone,omitempty" doc:"IANA name; default UTC" example:"Europe/Berlin"`
	JitterSeconds        int     `json:"jitter_seconds" doc:"Each tick starts up to that much later, always by the same amount for one trigger"`
	Overlap              Overlap `json:"overlap,omitempty" enum:"skip,queue,allow"`
	CatchUp              CatchUp `json:"catch_up,omitempty" enum:"last,all,none"`
	CatchUpWindowSeconds int     `json:"catch_up_window_seconds,omitempty"`

	Version   int64     `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Scheduled reports whether a clock starts this trigger.
func (t *Trigger) Scheduled() bool { return t.Cron != "" }

// Default fills the fields that a plan may leave out.
func (t *Trigger) Default() {
	if t.Method == MethodGatekeeper {
		return
	}
	if t.Timezone == "" {
		t.Timezone = "UTC"
	}
	if t.Overlap == "" {
		t.Overlap = OverlapSkip
	}
	if t.CatchUp == "" {
		t.CatchUp = CatchUpLast
	}
	if t.CatchUpWindowSeconds == 0 {
		t.CatchUpWindowSeconds = DefaultCatchUpWindow
	}
}

// Validate checks all fields that a user sets, except cron and timezone: package scheduler parses
// those.
func (t *Trigger) Validate() error {
	var c Check
	c.Require(t.Method == MethodPlan || t.Method == MethodGatekeeper, "method", "must be plan or gatekeeper")
	checkName(&c, "name", t.Name)
	checkDescription(&c, "description", t.Description)
	checkOwners(&c, "owners", t.Owners)
	checkLabels(&c, "labels", t.Labels)
	checkParameters(&c, "parameters", t.Parameters)
	c.Require(len(t.PipelineKeys) <= MaxPipelinesPerTrigger, "pipeline_keys", "must not have more than %d entries", MaxPipelinesPerTrigger)
	for i, key := range t.PipelineKeys {
		c.Require(ValidPipelineKey(key), fmt.Sprintf("pipeline_keys[%d]", i), "%q is not a pipeline key such as ABC-0001", key)
	}
	t.checkSchedule(&c)
	return c.Err()
}

func (t *Trigger) checkSchedule(c *Check) {
	if t.Method == MethodGatekeeper {
		const why = "a gatekeeper is started by a call and has no schedule; use a plan"
		c.Require(t.Cron == "", "cron", why)
		c.Require(t.Timezone == "", "timezone", why)
		c.Require(t.JitterSeconds == 0, "jitter_seconds", why)
		c.Require(t.Overlap == "", "overlap", why)
		c.Require(t.CatchUp == "", "catch_up", why)
		c.Require(t.CatchUpWindowSeconds == 0, "catch_up_window_seconds", why)
		return
	}
	c.Require(t.Cron != "", "cron", "is required for a plan, for example */5 * * * *")
	c.Require(t.JitterSeconds >= 0 && t.JitterSeconds <= MaxJitterSeconds, "jitter_seconds", "must be between 0 and %d", MaxJitterSeconds)
	c.Require(t.Overlap == OverlapSkip || t.Overlap == OverlapQueue || t.Overlap == OverlapAllow, "overlap", "must be skip, queue or allow")
	c.Require(t.CatchUp == CatchUpLast || t.CatchUp == CatchUpAll || t.CatchUp == CatchUpNone, "catch_up", "must be last, all or none")
	c.Require(t.CatchUpWindowSeconds >= 0 && t.CatchUpWindowSeconds <= MaxCatchUpWindow, "catch_up_window_seconds",
		"must be between 0 and %d", MaxCatchUpWindow)
}

// Schedule is what the scheduler needs of a trigger. Cursor is the last instant up to which every
// tick has been decided: run, queued or recorded as not run.
type Schedule struct {
	TriggerKey    string
	Cron          string
	Timezone      string
	Jitter        time.Duration
	Overlap       Overlap
	CatchUp       CatchUp
	CatchUpWindow time.Duration
	Cursor        time.Time
}

// Tick is the scheduler's decision on one scheduled time of a trigger.
type Tick struct {
	TriggerKey   string
	ScheduledFor time.Time // the time that the cron expression names, before jitter
	Overlap      Overlap
	// NotRun, when set, is the reason why the tick is recorded without running it.
	NotRun string
}
