package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/bellwether/bellwether/api/wire"
)

// checkTimeout bounds how long /readyz waits for a check.
const checkTimeout = 2 * time.Second

func (s *server) registerHealth() {
	handle(s, route{
		method: http.MethodGet, path: "/healthz", outside: true, need: needNothing, id: "get-health", tag: tagSystem,
		summary: "Does the process live?", description: "Asks nothing else. Needs no token.",
	}, s.getHealth)
	handle(s, route{
		method: http.MethodGet, path: "/readyz", outside: true, need: needNothing, id: "get-readiness", tag: tagSystem,
		summary:     "Can requests be served?",
		description: "Really asks the database and Temporal. 503 and the state of each if one does not answer. Needs no token.",
	}, s.getReadiness)
	ready := s.described(http.MethodGet, "/readyz").Responses
	ready["503"] = &huma.Response{
		Description: "Something does not answer",
		Content:     map[string]*huma.MediaType{wire.ProblemMediaType: ready["200"].Content["application/json"]},
	}
	if s.deps.Metrics != nil {
		s.registerMetrics()
	}
}

// registerMetrics serves a handler that huma does not know and documents it by hand.
func (s *server) registerMetrics() {
	const path = "/metrics"
	s.needs[http.MethodGet+" "+path] = needToken
	s.router.GET(path, func(c *gin.Context) {
		if _, err := s.admit(c, needToken); err != nil {
			s.refuse(c, s.problem(c.Request.Context(), err))
			return
		}
		s.deps.Metrics.ServeHTTP(c.Writer, c.Request)
	})
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: "get-metrics", Tags: []string{tagSystem},
		Summary: "Metrics for Prometheus", Description: "Any token will do.",
		Security: []map[string][]string{{"bearer": {}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}},
		},
	})
}

func (s *server) getHealth(context.Context, *struct{}) (*plain[wire.Health], error) {
	return &plain[wire.Health]{Body: wire.Health{Status: "ok"}}, nil
}

type readiness struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        wire.Readiness
}

func (s *server) getReadiness(ctx context.Context, _ *struct{}) (*readiness, error) {
	states := s.check(ctx)
	out := &readiness{Status: http.StatusOK, ContentType: "application/json"}
	out.Body = wire.Readiness{Status: http.StatusOK, Detail: "ready", Checks: states}
	for _, state := range states {
		if state != wire.CheckOK {
			k := kindOf(errUnavailable)
			out.Status, out.ContentType = k.status, wire.ProblemMediaType
			out.Body.Type, out.Body.Title, out.Body.Status, out.Body.Detail = k.urn, k.title, k.status, "not everything that is needed answers"
		}
	}
	return out, nil
}

// check asks everything at once and answers the states without the reasons, which are logged.
func (s *server) check(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	type verdict struct{ name, state string }
	verdicts := make(chan verdict, len(s.deps.Checks)) // a check that ignores its context must not block
	states := make(map[string]string, len(s.deps.Checks))
	for name, ask := range s.deps.Checks {
		states[name] = wire.CheckTimeout
		go func() { verdicts <- verdict{name, s.ask(ctx, name, ask)} }()
	}
	for range s.deps.Checks {
		select {
		case v := <-verdicts:
			states[v.name] = v.state
		case <-ctx.Done():
			return states
		}
	}
	return states
}

func (s *server) ask(ctx context.Context, name string, ask func(context.Context) error) string {
	err := ask(ctx)
	if err == nil {
		return wire.CheckOK
	}
	s.log.WarnContext(ctx, "api: readiness check failed", "check", name, "error", err)
	if errors.Is(err, context.DeadlineExceeded) {
		return wire.CheckTimeout
	}
	return wire.CheckFailing
}
