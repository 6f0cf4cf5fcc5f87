package wire

import (
	"time"

	"github.com/bellwether/bellwether/models"
)

// TriggerCreate makes a plan or a gatekeeper.
type TriggerCreate struct {
	WorkspaceKey   string               `json:"workspace_key" example:"ABC"`
	Method         models.TriggerMethod `json:"method" enum:"plan,gatekeeper" doc:"plan: started by a schedule; gatekeeper: started by a call"`
	Name           string               `json:"name" example:"every five minutes"`
	Description    string               `json:"description,omitempty"`
	Enabled        *bool                `json:"enabled,omitempty" doc:"Default true"`
	Owners         []string             `json:"owners,omitempty" doc:"E-mail addresses" example:"jane@example.com"`
	Labels         []string             `json:"labels,omitempty"`
	PipelineKeys   []string             `json:"pipeline_keys,omitempty" doc:"What a run runs; a trigger without pipelines cannot be run" example:"ABC-0001"`
	EnvironmentUID string               `json:"environment_uid,omitempty" doc:"Overrides the environment of every case"`
	Parameters     map[string]string    `json:"parameters,omitempty" doc:"Run variables"`

	Cron                 string         `json:"cron,omitempty" doc:"Plans only, required: five fields, or @every 5m, @hourly, @daily, @weekly, @monthly, @yearly" example:"*/5 * * * *"`
	Timezone             string         `json:"timezone,omitempty" doc:"Plans only: IANA name; default UTC" example:"Europe/Berlin"`
	JitterSeconds        int            `json:"jitter_seconds,omitempty" doc:"Plans only: each tick starts up to that much later, always by the same amount"`
	Overlap              models.Overlap `json:"overlap,omitempty" enum:"skip,queue,allow" doc:"Plans only: a tick while an earlier run goes on; default skip"`
	CatchUp              models.CatchUp `json:"catch_up,omitempty" enum:"last,all,none" doc:"Plans only: ticks that nothing could run when they were due; default last"`
	CatchUpWindowSeconds int            `json:"catch_up_window_seconds,omitempty" doc:"Plans only: how far catch_up looks back; default 3600"`
}

// TriggerPatch changes the fields of a trigger that it holds.
type TriggerPatch struct {
	Name                 *string            `json:"name,omitempty"`
	Description          *string            `json:"description,omitempty"`
	Enabled              *bool              `json:"enabled,omitempty"`
	Owners               *[]string          `json:"owners,omitempty"`
	Labels               *[]string          `json:"labels,omitempty"`
	PipelineKeys         *[]string          `json:"pipeline_keys,omitempty"`
	EnvironmentUID       *string            `json:"environment_uid,omitempty" doc:"Empty: no override"`
	Parameters           *map[string]string `json:"parameters,omitempty" doc:"Replaces all parameters"`
	Cron                 *string            `json:"cron,omitempty"`
	Timezone             *string            `json:"timezone,omitempty"`
	JitterSeconds        *int               `json:"jitter_seconds,omitempty"`
	Overlap              *models.Overlap    `json:"overlap,omitempty" enum:"skip,queue,allow"`
	CatchUp              *models.CatchUp    `json:"catch_up,omitempty" enum:"last,all,none"`
	CatchUpWindowSeconds *int               `json:"catch_up_window_seconds,omitempty"`
}

// Fire is one future start of a plan.
type Fire struct {
	ScheduledFor time.Time `json:"scheduled_for" doc:"The time that the cron expression names, in UTC"`
	StartsAt     time.Time `json:"starts_at" doc:"scheduled_for plus the plan's jitter"`
	Local        string    `json:"local" doc:"scheduled_for on the clock of the plan's time zone"`
	Note         string    `json:"note,omitempty" doc:"Present when a change of daylight saving time matters"`
}
