package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/rules"
	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
	"github.com/bellwether/bellwether/scheduler"
)

const adminToken = "the-admin-token-of-the-tests"

type object = map[string]any

// apiTest is a real API on a real socket over a real SQLite database, with a clock and an engine
// that the test controls.
type apiTest struct {
	t      *testing.T
	url    string
	server *server
	store  *store.Store
	engine *fakeEngine
	clock  *fakeClock
	log    *lockedBuffer
	client *http.Client
}

func newAPITest(t *testing.T, options ...func(*Deps)) *apiTest {
	t.Helper()
	return newAPITestOn(t, storetest.NewSQLite(t), options...)
}

func newAPITestOn(t *testing.T, database storetest.Database, options ...func(*Deps)) *apiTest {
	t.Helper()
	clock := &fakeClock{at: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)}
	a := &apiTest{
		t: t, clock: clock, engine: &fakeEngine{}, log: &lockedBuffer{},
		store: database.Open(t, storetest.WithClock(clock.now)),
	}
	deps := Deps{
		Store: a.store, Engine: a.engine, Rules: readRules, Sequential: rules.Sequential, CheckCase: runner.Check,
		CheckCron: func(expr, zone string) error { _, err := scheduler.ParseCron(expr, zone); return err },
		Fires:     previewFires, Now: clock.now, Version: "dev",
		Logger: slog.New(slog.NewJSONHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, option := range options {
		option(&deps)
	}
	s, err := newServer(deps)
	require.NoError(t, err)
	a.server = s
	_, created, err := EnsureAdmin(context.Background(), a.store, adminToken, RandomToken)
	require.NoError(t, err)
	require.True(t, created)
	_, err = a.store.EnsureRuntime(context.Background(), models.DefaultRuntime)
	require.NoError(t, err)
	listener := httptest.NewServer(headAsGet(s.router))
	t.Cleanup(listener.Close)
	a.url, a.client = listener.URL, listener.Client()
	return a
}

func readRules(definition string) ([]wire.Rule, error) {
	plan, err := rules.Parse(definition)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Rule, len(plan.Rules))
	for i, r := range plan.Rules {
		out[i] = wire.Rule{CaseKey: r.Case, When: r.When.String(), ExpectFail: r.ExpectFail, Line: r.Line}
		if r.Parent >= 0 {
			out[i].Parent = &r.Parent
		}
	}
	return out, nil
}

func previewFires(t models.Trigger, after time.Time, n int) ([]wire.Fire, error) {
	preview, err := scheduler.Preview(t, after, n)
	out := make([]wire.Fire, len(preview))
	for i, f := range preview {
		out[i] = wire.Fire(f)
	}
	return out, err
}

// answer is a response with its body read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
}

// header adds a header to a request.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// bearer sends the request with another token; empty: with none.
func bearer(token string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del("Authorization")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
}

// send sends a request as the administrator unless told otherwise. A string is sent as it is,
// anything else as JSON. Paths are below /api/v1 unless they start with "//".
func (a *apiTest) send(method, path string, body any, change ...func(*http.Request)) *answer {
	a.t.Helper()
	full := a.url + prefix + path
	if outside, ok := strings.CutPrefix(path, "//"); ok {
		full = a.url + "/" + outside
	}
	var payload io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		payload = strings.NewReader(body)
	default:
		raw, err := json.Marshal(body)
		require.NoError(a.t, err)
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, full, payload)
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(req)
	}
	res, err := a.client.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	return &answer{t: a.t, status: res.StatusCode, header: res.Header, raw: raw}
}

func (a *apiTest) get(path string, change ...func(*http.Request)) *answer {
	a.t.Helper()
	return a.send(http.MethodGet, path, nil, change...)
}

func (a *apiTest) post(path string, body any, change ...func(*http.Request)) *answer {
	a.t.Helper()
	return a.send(http.MethodPost, path, body, change...)
}

func (a *apiTest) patch(path string, body any, change ...func(*http.Request)) *answer {
	a.t.Helper()
	return a.send(http.MethodPatch, path, body, change...)
}

func (a *apiTest) delete(path string, change ...func(*http.Request)) *answer {
	a.t.Helper()
	return a.send(http.MethodDelete, path, nil, change...)
}

// is requires a status and answers the body.
func (r *answer) is(status int) object {
	r.t.Helper()
	require.Equal(r.t, status, r.status, "%s", r.raw)
	if len(r.raw) == 0 {
		return nil
	}
	var body object
	require.NoError(r.t, json.Unmarshal(r.raw, &body), "%s", r.raw)
	return body
}

// items requires a list and answers its items.
func (r *answer) items() []object {
	r.t.Helper()
	list, ok := r.is(http.StatusOK)["items"].([]any)
	require.True(r.t, ok, "%s", r.raw)
	items := make([]object, len(list))
	for i, item := range list {
		items[i] = item.(object)
	}
	return items
}

// problem requires a complete problem of that status and type.
func (r *answer) problem(status int, kind string) wire.Problem {
	r.t.Helper()
	require.Equal(r.t, status, r.status, "%s", r.raw)
	require.Equal(r.t, wire.ProblemMediaType, r.header.Get("Content-Type"), "%s", r.raw)
	var p wire.Problem
	decoder := json.NewDecoder(bytes.NewReader(r.raw))
	decoder.DisallowUnknownFields()
	require.NoError(r.t, decoder.Decode(&p), "%s", r.raw)
	require.Equal(r.t, status, p.Status)
	require.Equal(r.t, kind, p.Type, "%s", r.raw)
	require.NotEmpty(r.t, p.Title)
	require.NotEmpty(r.t, p.Detail)
	require.NotEmpty(r.t, p.Instance)
	return p
}

// refused requires a 422 that blames exactly these locations, and answers the messages by location.
func (r *answer) refused(locations ...string) map[string]string {
	r.t.Helper()
	p := r.problem(http.StatusUnprocessableEntity, wire.ProblemInvalid)
	messages := map[string]string{}
	var found []string
	for _, e := range p.Errors {
		messages[e.Location] = e.Message
		found = append(found, e.Location)
	}
	require.ElementsMatch(r.t, locations, found, "%s", r.raw)
	return messages
}

// world is a workspace with one of everything.
type world struct {
	workspace string
	env       models.Environment
	testCase  models.Case
	pipeline  models.Pipeline
	plan      models.Trigger
	gate      models.Trigger
	webhook   models.Webhook
}

func (a *apiTest) world() world {
	a.t.Helper()
	w := world{workspace: storetest.Workspace(a.t, a.store).Key}
	w.env = storetest.Environment(a.t, a.store, w.workspace)
	w.testCase = storetest.Case(a.t, a.store, w.workspace)
	w.pipeline = storetest.Pipeline(a.t, a.store, w.workspace, []string{w.testCase.Key})
	w.plan = storetest.Plan(a.t, a.store, w.workspace, []string{w.pipeline.Key})
	w.gate = storetest.Gatekeeper(a.t, a.store, w.workspace, []string{w.pipeline.Key})
	w.webhook = storetest.Webhook(a.t, a.store, w.workspace)
	return w
}

// finish ends a run as its workflow would.
func (a *apiTest) finish(id string, status models.Status) []models.Delivery {
	a.t.Helper()
	outcome := models.RunOutcome{RunID: id, Status: status, FinishedAt: a.clock.now()}
	for _, start := range storetest.Begin(a.t, a.store, id) {
		execution := models.ExecutionOutcome{
			Key: start.Execution.Key, Status: status, StartedAt: a.clock.now(), FinishedAt: a.clock.now(),
		}
		for _, r := range start.Results {
			execution.Cases = append(execution.Cases, models.CaseOutcome{Position: r.Position, Status: status})
		}
		outcome.Executions = append(outcome.Executions, execution)
	}
	return storetest.Finish(a.t, a.store, outcome)
}

// user makes a user with roles by workspace, and a token for it.
func (a *apiTest) user(roles map[string]models.Role, change ...func(*models.User)) (models.User, string) {
	a.t.Helper()
	u := storetest.User(a.t, a.store, change...)
	for workspace, role := range roles {
		require.NoError(a.t, a.store.SetMember(context.Background(), &models.Member{WorkspaceKey: workspace, UserID: u.ID, Role: role}))
	}
	return u, a.token(u.ID)
}

func (a *apiTest) token(userID int64, change ...func(*models.Token)) string {
	a.t.Helper()
	id, text, err := RandomToken()
	require.NoError(a.t, err)
	token := models.Token{ID: id, UserID: userID, Name: "test", Hash: HashToken(text)}
	for _, c := range change {
		c(&token)
	}
	require.NoError(a.t, a.store.CreateToken(context.Background(), &token))
	return text
}

// fakeEngine notes what it is asked to do.
type fakeEngine struct {
	mu        sync.Mutex
	err       error
	block     chan struct{} // when set, StartRun waits for it or for its context
	started   []models.Run
	cancelled []string
}

func (e *fakeEngine) StartRun(ctx context.Context, r models.Run) error {
	e.mu.Lock()
	e.started = append(e.started, r)
	err, block := e.err, e.block
	e.mu.Unlock()
	if block == nil {
		return err
	}
	select {
	case <-block:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *fakeEngine) CancelRun(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cancelled = append(e.cancelled, id)
	return e.err
}

func (e *fakeEngine) fail() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = errors.New("dial tcp 10.1.2.3:7233: connection refused")
}

func (e *fakeEngine) runs() []models.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]models.Run{}, e.started...)
}

type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
