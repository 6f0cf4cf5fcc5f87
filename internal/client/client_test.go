package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/client"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientDefinesEverythingAndReadsItBack(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	workspace, err := b.Workspaces().Create(ctx, wire.WorkspaceCreate{Key: "ABC", Name: "Payments team"})
	require.NoError(t, err)
	env, err := b.Environments().Create(ctx, wire.EnvironmentCreate{
		WorkspaceKey: "ABC", Name: "STAGING", Values: []models.EnvValue{{Key: "KEY", Value: "hidden", Type: models.ValueSecret}},
	})
	require.NoError(t, err)
	require.Equal(t, models.Mask, env.Values[0].Value)
	testCase, err := b.Cases().Create(ctx, wire.CaseCreate{
		WorkspaceKey: "ABC", Name: "home", Kind: models.KindHTTP, HTTP: &models.HTTPSpec{URL: "https://example.com"}, EnvironmentUID: env.UID,
	})
	require.NoError(t, err)
	pipeline, err := b.Pipelines().Create(ctx, wire.PipelineCreate{WorkspaceKey: "ABC", Name: "smoke", CaseKeys: []string{testCase.Key}})
	require.NoError(t, err)
	plan, err := b.Triggers().Create(ctx, wire.TriggerCreate{
		WorkspaceKey: "ABC", Method: models.MethodPlan, Name: "nightly", PipelineKeys: []string{pipeline.Key}, Cron: "0 3 * * *",
	})
	require.NoError(t, err)
	hook, err := b.Webhooks().Create(ctx, wire.WebhookCreate{WorkspaceKey: "ABC", Name: "on-call", URL: "https://example.com/hook"})
	require.NoError(t, err)

	again, err := b.Cases().Get(ctx, testCase.Key)
	require.NoError(t, err)
	require.Equal(t, testCase, again)
	hook, err = b.Webhooks().Update(ctx, hook.UID, wire.WebhookPatch{Format: new(models.FormatTestany)}, client.IfVersion(hook.Version))
	require.NoError(t, err)
	require.Equal(t, models.FormatTestany, hook.Format)
	require.Equal(t, "on-call", hook.Name)

	fires, err := b.Fires(ctx, plan.Key, 3)
	require.NoError(t, err)
	require.Len(t, fires, 3)
	understood, err := b.VerifyPipeline(ctx, wire.PipelineVerify{WorkspaceKey: "ABC", CaseKeys: []string{testCase.Key}})
	require.NoError(t, err)
	require.Equal(t, testCase.Key, understood.Rules[0].CaseKey)
	runtimes, err := b.Runtimes(ctx)
	require.NoError(t, err)
	require.Len(t, runtimes, 1)

	err = b.Cases().Delete(ctx, testCase.Key)
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, wire.ProblemInUse, p.Type)
	require.NoError(t, b.Cases().Delete(ctx, testCase.Key, client.Force()))
	_, err = b.Cases().Get(ctx, testCase.Key)
	require.True(t, client.NotFound(err))
	require.False(t, client.NotFound(errors.New("other")))
	require.Equal(t, "ABC", workspace.Key)
}

func TestClientManagesUsersTokensAndMembers(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	w := storetest.Workspace(t, b.store)
	user, err := b.Users().Create(ctx, wire.UserCreate{Email: "jane@example.com", Name: "Jane"})
	require.NoError(t, err)
	token, err := b.CreateToken(ctx, wire.TokenCreate{Name: "CI", UserID: user.ID})
	require.NoError(t, err)
	_, err = b.SetMember(ctx, w.Key, user.ID, models.RoleViewer)
	require.NoError(t, err)

	jane := b.as(t, token.Text)
	me, err := jane.Me(ctx)
	require.NoError(t, err)
	require.Equal(t, "jane@example.com", me.User.Email)
	require.Equal(t, map[string]models.Role{w.Key: models.RoleViewer}, me.Workspaces)
	members, err := jane.Members(ctx, w.Key)
	require.NoError(t, err)
	require.Len(t, members, 1)

	require.NoError(t, b.RemoveMember(ctx, w.Key, user.ID))
	tokens, err := b.Tokens(ctx, user.ID)
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	require.NoError(t, b.DeleteToken(ctx, token.ID))
	_, err = jane.Me(ctx)
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, http.StatusUnauthorized, p.Status)
}

func TestProblemCarriesEachBadField(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	w := storetest.Workspace(t, b.store)
	_, err := b.Cases().Create(ctx, wire.CaseCreate{WorkspaceKey: w.Key, Kind: models.KindHTTP, HTTP: &models.HTTPSpec{URL: "ftp://x"}, Retries: 9})
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	require.NotEmpty(t, p.Title)
	require.Contains(t, p.Detail, "and 2 more")
	var locations []string
	for _, e := range p.Errors {
		locations = append(locations, e.Location)
		require.Contains(t, err.Error(), e.Message, "the error says all in one line")
	}
	require.ElementsMatch(t, []string{"body.name", "body.http.url", "body.retries"}, locations)
	require.False(t, client.Temporary(err))
}

func TestAllReadsEveryPage(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	w := storetest.Workspace(t, b.store)
	for range 5 {
		storetest.Case(t, b.store, w.Key)
	}
	cases, err := b.Cases().All(ctx, client.Query{Workspace: w.Key, Limit: 2, Label: "smoke", Name: "health"})
	require.NoError(t, err)
	require.Len(t, cases, 5)
	page, err := b.Cases().List(ctx, client.Query{Workspace: w.Key, Limit: 2, After: cases[1].Key})
	require.NoError(t, err)
	require.Equal(t, cases[2:4], page.Items)
	require.Equal(t, cases[3].Key, page.Next)
	_, err = b.Triggers().List(ctx, client.Query{Method: "nonsense"})
	require.Error(t, err)
}

// gate makes a gatekeeper that can be run.
func (b bundle) gate(t *testing.T) models.Trigger {
	t.Helper()
	w := storetest.Workspace(t, b.store)
	c := storetest.Case(t, b.store, w.Key)
	storetest.Webhook(t, b.store, w.Key)
	return storetest.Gatekeeper(t, b.store, w.Key, []string{storetest.Pipeline(t, b.store, w.Key, []string{c.Key}).Key})
}

func (b bundle) finish(t *testing.T, id string) {
	t.Helper()
	storetest.Begin(t, b.store, id)
	storetest.Finish(t, b.store, models.RunOutcome{RunID: id, Status: models.StatusFailure})
}

func TestRunIsStartedOnceAndRead(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	gate := b.gate(t)
	start := client.Start{IdempotencyKey: "commit-1", RunCreate: wire.RunCreate{Parameters: map[string]string{"A": "b"}}}
	run, err := b.StartRun(ctx, gate.Key, start)
	require.NoError(t, err)
	require.Equal(t, "b", run.Parameters["A"])
	again, err := b.StartRun(ctx, gate.Key, start)
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID)
	start.Parameters = nil
	_, err = b.StartRun(ctx, gate.Key, start)
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, wire.ProblemIdempotency, p.Type)

	run, err = b.CancelRun(ctx, run.ID)
	require.NoError(t, err)
	require.NotNil(t, run.CancelRequestedAt)
	b.finish(t, run.ID)
	run, err = b.Run(ctx, run.ID, time.Minute)
	require.NoError(t, err)
	require.Equal(t, models.StatusFailure, run.Status)

	executions, err := b.Executions(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, executions, 1)
	results, err := b.Results(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, results, 1)
	result, err := b.Result(ctx, results[0].ID)
	require.NoError(t, err)
	require.Equal(t, results[0], result.CaseResult)
	require.Empty(t, result.Reports)

	deliveries, err := b.RunDeliveries(ctx, run.ID)
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	page, err := b.Deliveries(ctx, client.DeliveryQuery{Run: run.ID, State: models.DeliveryPending})
	require.NoError(t, err)
	require.Equal(t, deliveries, page.Items)
	delivery, err := b.Delivery(ctx, deliveries[0].ID)
	require.NoError(t, err)
	require.Equal(t, deliveries[0], delivery)
	attempts, err := b.Attempts(ctx, delivery.ID)
	require.NoError(t, err)
	require.Empty(t, attempts)
	_, err = b.Attempt(ctx, delivery.ID, 1)
	require.True(t, client.NotFound(err))
	event, err := b.Event(ctx, delivery.EventID)
	require.NoError(t, err)
	require.Equal(t, run.ID, event.RunID)
}

func TestRunsAreNarrowed(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), t.Context()
	gate := b.gate(t)
	run, err := b.StartRun(ctx, gate.Key, client.Start{})
	require.NoError(t, err)
	for want, q := range map[int][]client.RunQuery{
		1: {
			{Workspace: gate.WorkspaceKey, Trigger: gate.Key, Source: models.SourceAPI, Limit: 1},
			{Statuses: []models.Status{models.StatusQueued, models.StatusError}},
			{Since: run.CreatedAt, Until: run.CreatedAt.Add(time.Microsecond)},
		},
		0: {{Statuses: []models.Status{models.StatusError}}, {Since: run.CreatedAt.Add(time.Microsecond)}, {Until: run.CreatedAt}, {After: run.ID}},
	} {
		for _, query := range q {
			page, err := b.Runs(ctx, query)
			require.NoError(t, err)
			require.Len(t, page.Items, want, "%+v", query)
		}
	}
}

func TestStartMayWaitForTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gate := b.gate(t)
	ended := make(chan models.Run, 1)
	go func() {
		run, err := b.StartRun(context.Background(), gate.Key, client.Start{Wait: time.Minute})
		if err != nil {
			t.Errorf("start: %v", err)
		}
		ended <- run
	}()
	require.Eventually(t, func() bool { return b.engine.count() == 1 }, 10*time.Second, time.Millisecond)
	b.engine.mu.Lock()
	id := b.engine.started[0]
	b.engine.mu.Unlock()
	b.finish(t, id)
	require.Equal(t, models.StatusFailure, (<-ended).Status)
}

func TestWaitRunOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gate := b.gate(t)
	run, err := b.StartRun(t.Context(), gate.Key, client.Start{})
	require.NoError(t, err)
	b.finish(t, run.ID)
	b.front.fail(2)
	before := b.front.count()
	run, err = b.WaitRun(t.Context(), run.ID)
	require.NoError(t, err)
	require.Equal(t, models.StatusFailure, run.Status)
	require.Equal(t, before+3, b.front.count())
}

func TestWaitRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run, err := b.StartRun(t.Context(), b.gate(t).Key, client.Start{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = b.WaitRun(ctx, run.ID)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = b.WaitRun(t.Context(), "nowhere")
	require.True(t, client.NotFound(err), "what is no outage ends the wait")
}

func TestAnswersOfOthersAreNamed(t *testing.T) {
	t.Parallel()
	var status int
	var body, location string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	c, err := client.New(client.Options{BaseURL: server.URL, Token: "token"})
	require.NoError(t, err)
	defer c.Close()
	for _, tc := range []struct {
		status         int
		body, location string
		want           string
		temporary      bool
	}{
		{502, "<html>\n  Bad   Gateway\n</html>", "", "502 Bad Gateway: <html> Bad Gateway </html>", true},
		{404, "", "", "is the server's URL right?", false},
		{301, "", "https://elsewhere.example.com", "redirected to https://elsewhere.example.com, which is not followed", false},
		{500, `{"status":"broken"}`, "", `{"status":"broken"}`, false},
		{503, strings.Repeat("x", 1000), "", "503", true},
		{200, "<html>", "", "is not Bellwether's", false},
	} {
		status, body, location = tc.status, tc.body, tc.location
		_, err := c.Me(t.Context())
		require.ErrorContains(t, err, tc.want)
		require.Less(t, len(err.Error()), 400)
		require.Equal(t, tc.temporary, client.Temporary(err), tc.want)
	}
}

func TestUnreachableServerIsTemporary(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := client.New(client.Options{BaseURL: server.URL, Token: "secret-token"})
	require.NoError(t, err)
	_, err = c.Me(t.Context())
	require.ErrorContains(t, err, "ask Bellwether")
	require.True(t, client.Temporary(err))
	require.NotContains(t, err.Error(), "secret-token")
}

func TestRequestsEndInTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c, err := client.New(client.Options{BaseURL: server.URL, Token: "token", Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Me(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestRequestsSayWhoSendsThem(t *testing.T) {
	t.Parallel()
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		require.Equal(t, "/below/api/v1/me", r.URL.Path)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	c, err := client.New(client.Options{BaseURL: server.URL + "/below/", Token: "token", HTTPClient: server.Client(), UserAgent: "gate/1"})
	require.NoError(t, err)
	_, err = c.Me(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Bearer token", got.Get("Authorization"))
	require.Equal(t, "gate/1", got.Get("User-Agent"))
	require.Nil(t, server.Client().CheckRedirect, "the given client is not changed")
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, opts := range []client.Options{
		{},
		{BaseURL: "example.com", Token: "t"},
		{BaseURL: "ftp://example.com", Token: "t"},
		{BaseURL: "https://", Token: "t"},
		{BaseURL: "https://u:secret@example.com", Token: "t"},
		{BaseURL: "https://example.com?x=1", Token: "t"},
		{BaseURL: "https://example.com"},
		{BaseURL: "https://example.com", Token: "t\n"},
		{BaseURL: "https://exa mple.com", Token: "t"},
	} {
		_, err := client.New(opts)
		require.Error(t, err, "%+v", opts)
		require.NotContains(t, err.Error(), "secret")
	}
}
