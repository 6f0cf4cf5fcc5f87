// Package api serves Bellwether's REST API: a Gin router with huma on top, which validates requests
// and writes the OpenAPI document from the same Go types.
//
// There is one file per resource; routes are registered through handle, which asks of each what a
// caller must be allowed to do, so that no route can forget it. The database, the engine and
// everything that understands definitions are injected.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// prefix is the path below which all resources lie.
const prefix = "/api/v1"

// MaxBody is the size limit of a request's body in bytes.
const MaxBody = 2 << 20

// Engine starts and cancels the workflows of runs. Both calls may fail while the engine is away: the
// run's row is the truth, and the sweeper follows it.
type Engine interface {
	StartRun(ctx context.Context, run models.Run) error
	CancelRun(ctx context.Context, id string) error
}

// Observer counts what was served.
type Observer interface {
	ObserveHTTP(route, method string, status int, elapsed time.Duration)
}

// Deps is everything that the API needs from the rest of the program.
type Deps struct {
	Store  Store
	Engine Engine

	// Rules reads a pipeline's YAML; an error is an *models.Invalid that names field and line.
	Rules func(definition string) ([]wire.Rule, error)
	// Sequential writes the YAML that runs the cases one after the other.
	Sequential func(caseKeys []string) string
	// CheckCase checks what models.Case.Validate does not: JSONPath, JSON Schema, {{}} syntax.
	CheckCase func(models.Case) error
	// CheckCron checks a schedule; an error is an *models.Invalid of field cron or timezone.
	CheckCron func(expr, timezone string) error
	// Fires tells the next n starts of a plan.
	Fires func(trigger models.Trigger, after time.Time, n int) ([]wire.Fire, error)

	// Checks are asked by /readyz, by the name that is shown.
	Checks map[string]func(context.Context) error
	// Metrics answers /metrics; nil: the route does not exist.
	Metrics http.Handler
	// Observer may be nil.
	Observer Observer
	// Stopping, when closed, ends the requests that wait for a run. May be nil.
	Stopping <-chan struct{}

	Now      func() time.Time // nil: time.Now
	NewID    func() string    // nil: UUIDv7
	NewToken TokenFunc        // nil: RandomToken
	Logger   *slog.Logger     // nil: nothing is logged
	Version  string           // of the program; shown in the OpenAPI document
}

// complete fills the optional fields and refuses to go on without the others.
func (d *Deps) complete() error {
	required := map[string]bool{
		"Store": d.Store == nil, "Engine": d.Engine == nil, "Rules": d.Rules == nil, "Sequential": d.Sequential == nil,
		"CheckCase": d.CheckCase == nil, "CheckCron": d.CheckCron == nil, "Fires": d.Fires == nil,
	}
	for name, missing := range required {
		if missing {
			return fmt.Errorf("api: Deps.%s is missing", name)
		}
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.NewID == nil {
		d.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if d.NewToken == nil {
		d.NewToken = RandomToken
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Version == "" {
		d.Version = "dev"
	}
	return nil
}

// server holds what all handlers share.
type server struct {
	deps    Deps
	store   Store
	log     *slog.Logger
	router  *gin.Engine
	api     huma.API
	callers *callerCache
	needs   map[string]need // by "METHOD path" as the router has it
}

// New builds the handler of the whole API. The caller owns the http.Server with its time limits; a
// request that waits for a run lifts them for itself.
func New(deps Deps) (http.Handler, error) {
	s, err := newServer(deps)
	if err != nil {
		return nil, err
	}
	return headAsGet(s.router), nil
}

func newServer(deps Deps) (*server, error) {
	if err := deps.complete(); err != nil {
		return nil, err
	}
	s := &server{
		deps: deps, store: deps.Store, log: deps.Logger,
		callers: newCallerCache(deps.Now), needs: map[string]need{},
	}
	s.router = s.newRouter()
	s.api = humagin.New(s.router, s.config())
	s.register()
	if err := s.serveDocs(); err != nil {
		return nil, err
	}
	return s, s.checkNeeds()
}

// checkNeeds refuses to serve a route of which nobody said what its callers need.
func (s *server) checkNeeds() error {
	for _, r := range s.router.Routes() {
		if s.needs[r.Method+" "+r.Path] == needUnset {
			return errors.New("api: nobody said what a caller of " + r.Method + " " + r.Path + " needs")
		}
	}
	return nil
}

// register lists every resource.
func (s *server) register() {
	s.registerHealth()
	s.registerMe()
	s.registerUsers()
	s.registerTokens()
	s.registerWorkspaces()
	s.registerMembers()
	s.registerEnvironments()
	s.registerCases()
	s.registerPipelines()
	s.registerTriggers()
	s.registerWebhooks()
	s.registerRuns()
	s.registerResults()
	s.registerDeliveries()
	s.registerEvents()
	s.registerRuntimes()
}

// now is the current time as it is stored and shown: UTC, whole microseconds.
func (s *server) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }
