package api

import (
	"context"
	"time"

	"github.com/bellwether/bellwether/models"
)

// Store is what the API needs of the database; *store.Store has it. The parts say which resource
// needs which methods.
type Store interface {
	WorkspaceStore
	MemberStore
	UserStore
	TokenStore
	EnvironmentStore
	CaseStore
	PipelineStore
	TriggerStore
	WebhookStore
	RunStore
	DeliveryStore
	Runtimes(ctx context.Context) ([]models.Runtime, error)
}

// WorkspaceStore keeps workspaces.
type WorkspaceStore interface {
	CreateWorkspace(ctx context.Context, w *models.Workspace) error
	Workspace(ctx context.Context, key string) (models.Workspace, error)
	// Workspaces lists those of only; nil means all.
	Workspaces(ctx context.Context, only []string, page models.Page) ([]models.Workspace, string, error)
	UpdateWorkspace(ctx context.Context, w *models.Workspace) error
	DeleteWorkspace(ctx context.Context, key string) error
}

// MemberStore keeps who may do what in a workspace.
type MemberStore interface {
	Members(ctx context.Context, workspace string) ([]models.Member, error)
	SetMember(ctx context.Context, m *models.Member) error
	RemoveMember(ctx context.Context, workspace string, userID int64) error
	Roles(ctx context.Context, userID int64) (map[string]models.Role, error)
}

// UserStore keeps users.
type UserStore interface {
	CreateUser(ctx context.Context, u *models.User) error
	User(ctx context.Context, id int64) (models.User, error)
	Users(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.User, string, error)
	UpdateUser(ctx context.Context, u *models.User) error
	DeleteUser(ctx context.Context, id int64) error
}

// TokenStore keeps API tokens by the hash of their text.
type TokenStore interface {
	CreateToken(ctx context.Context, t *models.Token) error
	TokenByHash(ctx context.Context, hash string) (models.Token, models.User, error)
	TouchToken(ctx context.Context, id string, at time.Time) error
	// Tokens lists those of a user; 0 means all users.
	Tokens(ctx context.Context, userID int64, page models.Page) ([]models.Token, string, error)
	DeleteToken(ctx context.Context, id string) error
}

// EnvironmentStore keeps environments.
type EnvironmentStore interface {
	CreateEnvironment(ctx context.Context, e *models.Environment) error
	Environment(ctx context.Context, uid string) (models.Environment, error)
	Environments(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.Environment, string, error)
	UpdateEnvironment(ctx context.Context, e *models.Environment) error
	DeleteEnvironment(ctx context.Context, uid string) error
}

// CaseStore keeps cases.
type CaseStore interface {
	CreateCase(ctx context.Context, c *models.Case) error
	Case(ctx context.Context, key string) (models.Case, error)
	Cases(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.Case, string, error)
	UpdateCase(ctx context.Context, c *models.Case) error
	DeleteCase(ctx context.Context, key string, force bool) error
	PipelinesUsing(ctx context.Context, caseKey string) ([]string, error)
}

// PipelineStore keeps pipelines.
type PipelineStore interface {
	CreatePipeline(ctx context.Context, p *models.Pipeline) error
	Pipeline(ctx context.Context, key string) (models.Pipeline, error)
	Pipelines(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.Pipeline, string, error)
	UpdatePipeline(ctx context.Context, p *models.Pipeline) error
	DeletePipeline(ctx context.Context, key string, force bool) error
	TriggersUsing(ctx context.Context, pipelineKey string) ([]string, error)
	MissingCases(ctx context.Context, workspace string, keys []string) ([]string, error)
}

// TriggerStore keeps triggers.
type TriggerStore interface {
	CreateTrigger(ctx context.Context, t *models.Trigger) error
	Trigger(ctx context.Context, key string) (models.Trigger, error)
	Triggers(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.Trigger, string, error)
	UpdateTrigger(ctx context.Context, t *models.Trigger) error
	DeleteTrigger(ctx context.Context, key string) error
	MissingPipelines(ctx context.Context, workspace string, keys []string) ([]string, error)
}

// WebhookStore keeps webhooks.
type WebhookStore interface {
	CreateWebhook(ctx context.Context, w *models.Webhook) error
	Webhook(ctx context.Context, uid string) (models.Webhook, error)
	Webhooks(ctx context.Context, filter models.DefinitionFilter, page models.Page) ([]models.Webhook, string, error)
	UpdateWebhook(ctx context.Context, w *models.Webhook) error
	DeleteWebhook(ctx context.Context, uid string) error
}

// RunStore keeps runs with what came of them.
type RunStore interface {
	CreateRun(ctx context.Context, r *models.Run) error
	RunByIdempotencyKey(ctx context.Context, triggerKey, key string) (models.Run, error)
	Run(ctx context.Context, id string) (models.Run, error)
	Runs(ctx context.Context, filter models.RunFilter, page models.Page) ([]models.Run, string, error)
	MarkDispatched(ctx context.Context, id string) error
	RequestCancel(ctx context.Context, id string) (models.Run, error)
	Executions(ctx context.Context, runID string) ([]models.Execution, error)
	Results(ctx context.Context, runID string) ([]models.CaseResult, error)
	Result(ctx context.Context, id string) (models.CaseResult, error)
	Reports(ctx context.Context, resultID string) ([]models.Report, error)
}

// DeliveryStore keeps what was sent to webhooks.
type DeliveryStore interface {
	Delivery(ctx context.Context, id string) (models.Delivery, error)
	Deliveries(ctx context.Context, filter models.DeliveryFilter, page models.Page) ([]models.Delivery, string, error)
	Event(ctx context.Context, id string) (models.Event, error)
	Attempts(ctx context.Context, deliveryID string) ([]models.Attempt, error)
	Attempt(ctx context.Context, deliveryID string, number int) (models.Attempt, error)
}
