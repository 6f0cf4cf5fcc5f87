package storetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/models"
)

// Workspace creates a workspace with a key that is free.
func Workspace(t testing.TB, s *store.Store, change ...func(*models.Workspace)) models.Workspace {
	t.Helper()
	for {
		w := models.Workspace{Key: rand.Text()[:3], Name: "Payments team", Description: "Checks of the payment API"}
		apply(&w, change)
		require.NoError(t, w.Validate())
		err := s.CreateWorkspace(context.Background(), &w)
		if len(change) == 0 && errors.Is(err, models.ErrDuplicate) {
			continue
		}
		require.NoError(t, err)
		return w
	}
}

// User creates a user.
func User(t testing.TB, s *store.Store, change ...func(*models.User)) models.User {
	t.Helper()
	u := models.User{Email: strings.ToLower(rand.Text()) + "@example.com", Name: "Ada"}
	apply(&u, change)
	require.NoError(t, u.Validate())
	require.NoError(t, s.CreateUser(context.Background(), &u))
	return u
}

// Environment creates an environment with one plain and one secret value.
func Environment(t testing.TB, s *store.Store, workspace string, change ...func(*models.Environment)) models.Environment {
	t.Helper()
	e := models.Environment{
		WorkspaceKey: workspace, Name: "staging",
		Values: []models.EnvValue{
			{Key: "BASE_URL", Value: "https://staging.example.com", Type: models.ValueDefault},
			{Key: "API_KEY", Value: "environment-secret", Type: models.ValueSecret},
		},
	}
	apply(&e, change)
	require.NoError(t, e.Validate())
	require.NoError(t, s.CreateEnvironment(context.Background(), &e))
	return e
}

// Case creates an HTTP case with a credential and a secret variable.
func Case(t testing.TB, s *store.Store, workspace string, change ...func(*models.Case)) models.Case {
	t.Helper()
	c := models.Case{
		WorkspaceKey: workspace, Name: "health", Kind: models.KindHTTP,
		HTTP: &models.HTTPSpec{
			URL:        "{{BASE_URL}}/health",
			Auth:       &models.HTTPAuth{Type: models.AuthBearer, Token: "case-credential"},
			Assertions: []models.Assertion{{Source: models.AssertStatus, Value: json.RawMessage("200")}},
		},
		Variables: []models.CaseVariable{
			{Name: "BASE_URL", Type: models.VariableEnv, Value: "https://example.com"},
			{Name: "PASSWORD", Type: models.VariableSecret, Value: "case-secret"},
		},
		RuntimeName: models.DefaultRuntime, Owners: []string{"owner@example.com"}, Labels: []string{"smoke"},
		TimeoutSeconds: 30,
	}
	apply(&c, change)
	require.NoError(t, c.Validate())
	require.NoError(t, s.CreateCase(context.Background(), &c))
	return c
}

// Pipeline creates a pipeline that runs cases one after the other.
func Pipeline(t testing.TB, s *store.Store, workspace string, caseKeys []string, change ...func(*models.Pipeline)) models.Pipeline {
	t.Helper()
	p := models.Pipeline{
		WorkspaceKey: workspace, Name: "checkout", Definition: rules.Sequential(caseKeys), CaseKeys: caseKeys,
		Owners: []string{"owner@example.com"}, Labels: []string{"smoke"},
	}
	apply(&p, change)
	require.NoError(t, p.Validate())
	require.NoError(t, s.CreatePipeline(context.Background(), &p))
	return p
}

// Plan creates an enabled trigger that fires every five minutes.
func Plan(t testing.TB, s *store.Store, workspace string, pipelineKeys []string, change ...func(*models.Trigger)) models.Trigger {
	t.Helper()
	return Trigger(t, s, models.Trigger{
		WorkspaceKey: workspace, Method: models.MethodPlan, Name: "every five minutes", Enabled: true,
		PipelineKeys: pipelineKeys, Cron: "*/5 * * * *",
		Owners: []string{"owner@example.com"}, Parameters: map[string]string{"REGION": "eu"},
	}, change...)
}

// Gatekeeper creates an enabled trigger that is started by a call.
func Gatekeeper(t testing.TB, s *store.Store, workspace string, pipelineKeys []string, change ...func(*models.Trigger)) models.Trigger {
	t.Helper()
	return Trigger(t, s, models.Trigger{
		WorkspaceKey: workspace, Method: models.MethodGatekeeper, Name: "before the release", Enabled: true,
		PipelineKeys: pipelineKeys, Owners: []string{"owner@example.com"},
	}, change...)
}

// Trigger creates a trigger, with the defaults of its method filled in.
func Trigger(t testing.TB, s *store.Store, trigger models.Trigger, change ...func(*models.Trigger)) models.Trigger {
	t.Helper()
	apply(&trigger, change)
	trigger.Default()
	require.NoError(t, trigger.Validate())
	require.NoError(t, s.CreateTrigger(context.Background(), &trigger))
	return trigger
}

// Webhook creates an enabled webhook with a secret that wants the results of all runs.
func Webhook(t testing.TB, s *store.Store, workspace string, change ...func(*models.Webhook)) models.Webhook {
	t.Helper()
	w := models.Webhook{
		WorkspaceKey: workspace, Name: "chat", URL: "https://example.com/hook", Format: models.FormatBellwether,
		Events: []string{models.EventRunFinished}, Enabled: true, Secret: "webhook-secret-0123",
		Owners: []string{"owner@example.com"},
	}
	apply(&w, change)
	require.NoError(t, w.Validate())
	require.NoError(t, s.CreateWebhook(context.Background(), &w))
	return w
}

// QueuedRun creates a queued run of a trigger, as the API does.
func QueuedRun(t testing.TB, s *store.Store, trigger models.Trigger, change ...func(*models.Run)) models.Run {
	t.Helper()
	r := models.Run{
		WorkspaceKey: trigger.WorkspaceKey, TriggerKey: trigger.Key, TriggerMethod: trigger.Method,
		TriggerName: trigger.Name, TriggerOwners: trigger.Owners, Source: models.SourceAPI,
		RequestedBy: "ada@example.com", Status: models.StatusQueued,
	}
	apply(&r, change)
	require.NoError(t, s.CreateRun(context.Background(), &r))
	return r
}

// Begin starts a run with one execution for each pipeline of its trigger and one result for each
// case, as the Begin activity does.
func Begin(t testing.TB, s *store.Store, runID string) []models.ExecutionStart {
	t.Helper()
	definition, err := s.RunDefinition(context.Background(), runID)
	require.NoError(t, err)
	require.NotNil(t, definition.Trigger)
	var starts []models.ExecutionStart
	for position, key := range definition.Trigger.PipelineKeys {
		p := definition.Pipelines[key]
		start := models.ExecutionStart{Execution: models.Execution{
			Position: position, PipelineKey: p.Key, PipelineName: p.Name, Owners: p.Owners,
		}}
		for i, caseKey := range p.CaseKeys {
			c := definition.Cases[caseKey]
			start.Results = append(start.Results, models.CaseResult{
				Position: i, CaseKey: caseKey, CaseName: c.Name, Owners: c.Owners, RuntimeName: c.RuntimeName,
			})
		}
		starts = append(starts, start)
	}
	require.NoError(t, s.BeginRun(context.Background(), runID, starts))
	return starts
}

// Finish ends a run as its workflow does, with an event that carries nothing but the run's id.
func Finish(t testing.TB, s *store.Store, outcome models.RunOutcome) []models.Delivery {
	t.Helper()
	deliveries, err := s.FinishRun(context.Background(), outcome, PlainEvent)
	require.NoError(t, err)
	return deliveries
}

// PlainEvent is a build function for FinishRun whose event carries nothing but the run's id.
func PlainEvent(run models.Run, _ []models.Execution, _ []models.CaseResult) (models.Event, error) {
	data, err := json.Marshal(map[string]string{"run_id": run.ID})
	return models.Event{Type: models.EventRunFinished, Data: data}, err
}

func apply[T any](row *T, changes []func(*T)) {
	for _, change := range changes {
		change(row)
	}
}
