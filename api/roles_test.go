package api

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// scene is a world with a finished and a queued run, and a user for each role in it.
type scene struct {
	world
	run, queued models.Run
	result      models.CaseResult
	delivery    models.Delivery
	user        models.User
	tokenID     string
	tokens      map[string]string // by role: stranger, viewer, editor, admin
}

func (a *apiTest) scene() scene {
	a.t.Helper()
	ctx := context.Background()
	s := scene{world: a.world(), tokens: map[string]string{}}
	s.run = a.finished(s.gate)
	results, err := a.store.Results(ctx, s.run.ID)
	require.NoError(a.t, err)
	s.result = results[0]
	deliveries, _, err := a.store.Deliveries(ctx, models.DeliveryFilter{RunID: s.run.ID}, models.Page{})
	require.NoError(a.t, err)
	s.delivery = deliveries[0]
	a.attempt(s.delivery.ID)
	s.queued = a.start(s.gate.Key)
	for _, role := range []models.Role{models.RoleViewer, models.RoleEditor, models.RoleAdmin} {
		_, s.tokens[string(role)] = a.user(map[string]models.Role{s.workspace: role})
	}
	_, s.tokens["stranger"] = a.user(nil)
	s.user, _ = a.user(map[string]models.Role{s.workspace: models.RoleViewer})
	tokens, _, err := a.store.Tokens(ctx, s.user.ID, models.Page{})
	require.NoError(a.t, err)
	s.tokenID = tokens[0].ID
	return s
}

// finished makes a finished run.
func (a *apiTest) finished(trigger models.Trigger) models.Run {
	a.t.Helper()
	r := a.start(trigger.Key)
	a.finish(r.ID, models.StatusFailure)
	r, err := a.store.Run(context.Background(), r.ID)
	require.NoError(a.t, err)
	return r
}

// start starts a run through the API.
func (a *apiTest) start(trigger string) models.Run {
	a.t.Helper()
	id := a.post("/triggers/"+trigger+"/runs", nil).is(http.StatusAccepted)["id"].(string)
	r, err := a.store.Run(context.Background(), id)
	require.NoError(a.t, err)
	return r
}

// attempt records a failed attempt of a delivery.
func (a *apiTest) attempt(delivery string) {
	a.t.Helper()
	ctx := context.Background()
	_, err := a.store.ClaimDelivery(ctx, delivery, a.clock.now())
	require.NoError(a.t, err)
	_, err = a.store.RecordAttempt(ctx, models.Attempt{
		DeliveryID: delivery, Number: 1, StartedAt: a.clock.now(), DurationMS: 12, Status: http.StatusInternalServerError,
		ErrorClass: models.ClassStatus, Error: "the receiver answered 500", RequestBody: "{}", ResponseBody: "oops",
		RequestHeaders: []models.NameValue{{Name: "Content-Type", Value: "application/json"}},
	}, models.DeliveryPending)
	require.NoError(a.t, err)
}

// operation is a request that succeeds in a scene, if the caller may make it.
type operation struct {
	route string // as registered, below /api/v1
	path  func(s scene) string
	body  func(s scene) any
}

func fixed(path string) func(scene) string { return func(scene) string { return path } }

func nothing(scene) any { return nil }

func sends(body object) func(scene) any { return func(scene) any { return body } }

// operations has one request for each route.
func operations() []operation {
	key := func(prefix string, of func(scene) string) func(scene) string {
		return func(s scene) string { return prefix + of(s) }
	}
	workspace := func(s scene) string { return "/workspaces/" + s.workspace }
	member := func(s scene) string { return workspace(s) + "/members/" + text(s.user.ID) }
	user := func(s scene) string { return "/users/" + text(s.user.ID) }
	env := key("/environments/", func(s scene) string { return s.env.UID })
	testCase := key("/cases/", func(s scene) string { return s.testCase.Key })
	pipeline := key("/pipelines/", func(s scene) string { return s.pipeline.Key })
	plan := key("/triggers/", func(s scene) string { return s.plan.Key })
	gate := key("/triggers/", func(s scene) string { return s.gate.Key })
	webhook := key("/webhooks/", func(s scene) string { return s.webhook.UID })
	run := key("/runs/", func(s scene) string { return s.run.ID })
	delivery := key("/deliveries/", func(s scene) string { return s.delivery.ID })
	in := func(more object) func(scene) any {
		return func(s scene) any {
			body := object{"workspace_key": s.workspace, "name": "new"}
			maps.Copy(body, more)
			return body
		}
	}
	below := func(of func(scene) string, rest string) func(scene) string {
		return func(s scene) string { return of(s) + rest }
	}
	list := func(path string) func(scene) string {
		return func(s scene) string { return path + "?workspace=" + s.workspace }
	}
	rename := sends(object{"name": "renamed"})
	return []operation{
		{"GET /me", fixed("/me"), nothing},
		{"GET /users", fixed("/users"), nothing},
		{"POST /users", fixed("/users"), sends(object{"email": "new@example.com", "name": "New"})},
		{"GET /users/{id}", user, nothing},
		{"PATCH /users/{id}", user, rename},
		{"DELETE /users/{id}", user, nothing},
		{"GET /tokens", fixed("/tokens"), nothing},
		{"POST /tokens", fixed("/tokens"), sends(object{"name": "mine"})},
		{"DELETE /tokens/{id}", func(s scene) string { return "/tokens/" + s.tokenID }, nothing},
		{"GET /workspaces", fixed("/workspaces"), nothing},
		{"POST /workspaces", fixed("/workspaces"), sends(object{"key": "NEW", "name": "New"})},
		{"GET /workspaces/{key}", workspace, nothing},
		{"PATCH /workspaces/{key}", workspace, rename},
		{"DELETE /workspaces/{key}", workspace, nothing},
		{"GET /workspaces/{key}/members", below(workspace, "/members"), nothing},
		{"PUT /workspaces/{key}/members/{user_id}", member, sends(object{"role": "viewer"})},
		{"DELETE /workspaces/{key}/members/{user_id}", member, nothing},
		{"GET /environments", list("/environments"), nothing},
		{"POST /environments", fixed("/environments"), in(nil)},
		{"GET /environments/{uid}", env, nothing},
		{"PATCH /environments/{uid}", env, rename},
		{"DELETE /environments/{uid}", env, nothing},
		{"GET /cases", list("/cases"), nothing},
		{"POST /cases", fixed("/cases"), in(object{"kind": "http", "http": object{"url": "https://example.com"}})},
		{"GET /cases/{key}", testCase, nothing},
		{"PATCH /cases/{key}", testCase, rename},
		{"DELETE /cases/{key}", below(testCase, "?force=true"), nothing},
		{"GET /pipelines", list("/pipelines"), nothing},
		{"POST /pipelines", fixed("/pipelines"), func(s scene) any {
			return object{"workspace_key": s.workspace, "name": "new", "case_keys": []string{s.testCase.Key}}
		}},
		{"POST /pipelines/verify", fixed("/pipelines/verify"), func(s scene) any {
			return object{"workspace_key": s.workspace, "case_keys": []string{s.testCase.Key}}
		}},
		{"GET /pipelines/{key}", pipeline, nothing},
		{"PATCH /pipelines/{key}", pipeline, rename},
		{"DELETE /pipelines/{key}", below(pipeline, "?force=true"), nothing},
		{"GET /triggers", list("/triggers"), nothing},
		{"POST /triggers", fixed("/triggers"), in(object{"method": "gatekeeper"})},
		{"GET /triggers/{key}", plan, nothing},
		{"PATCH /triggers/{key}", plan, rename},
		{"DELETE /triggers/{key}", plan, nothing},
		{"GET /triggers/{key}/fires", below(plan, "/fires"), nothing},
		{"POST /triggers/{key}/runs", below(gate, "/runs"), nothing},
		{"GET /webhooks", list("/webhooks"), nothing},
		{"POST /webhooks", fixed("/webhooks"), in(object{"url": "https://example.com"})},
		{"GET /webhooks/{uid}", webhook, nothing},
		{"PATCH /webhooks/{uid}", webhook, rename},
		{"DELETE /webhooks/{uid}", webhook, nothing},
		{"GET /runs", list("/runs"), nothing},
		{"GET /runs/{id}", run, nothing},
		{"POST /runs/{id}/cancel", func(s scene) string { return "/runs/" + s.queued.ID + "/cancel" }, nothing},
		{"GET /runs/{id}/executions", below(run, "/executions"), nothing},
		{"GET /runs/{id}/results", below(run, "/results"), nothing},
		{"GET /runs/{id}/deliveries", below(run, "/deliveries"), nothing},
		{"GET /results/{id}", func(s scene) string { return "/results/" + s.result.ID }, nothing},
		{"GET /deliveries", list("/deliveries"), nothing},
		{"GET /deliveries/{id}", delivery, nothing},
		{"GET /deliveries/{id}/attempts", below(delivery, "/attempts"), nothing},
		{"GET /deliveries/{id}/attempts/{number}", below(delivery, "/attempts/1"), nothing},
		{"GET /events/{id}", func(s scene) string { return "/events/" + s.delivery.EventID }, nothing},
		{"GET /runtimes", fixed("/runtimes"), nothing},
	}
}

// rights says, for each route, the status of strangers, viewers, editors and admins of the workspace.
// 0 is any success.
var rights = map[string][4]int{
	"GET /me":                                    {0, 0, 0, 0},
	"GET /users":                                 {403, 403, 403, 403},
	"POST /users":                                {403, 403, 403, 403},
	"GET /users/{id}":                            {403, 403, 403, 403},
	"PATCH /users/{id}":                          {403, 403, 403, 403},
	"DELETE /users/{id}":                         {403, 403, 403, 403},
	"GET /tokens":                                {0, 0, 0, 0},
	"POST /tokens":                               {0, 0, 0, 0},
	"DELETE /tokens/{id}":                        {404, 404, 404, 404},
	"GET /workspaces":                            {0, 0, 0, 0},
	"POST /workspaces":                           {403, 403, 403, 403},
	"GET /workspaces/{key}":                      {404, 0, 0, 0},
	"PATCH /workspaces/{key}":                    {404, 403, 403, 0},
	"DELETE /workspaces/{key}":                   {404, 403, 403, 409},
	"GET /workspaces/{key}/members":              {404, 0, 0, 0},
	"PUT /workspaces/{key}/members/{user_id}":    {404, 403, 403, 0},
	"DELETE /workspaces/{key}/members/{user_id}": {404, 403, 403, 0},
	"GET /environments":                          {404, 0, 0, 0},
	"POST /environments":                         {422, 403, 0, 0},
	"GET /environments/{uid}":                    {404, 0, 0, 0},
	"PATCH /environments/{uid}":                  {404, 403, 0, 0},
	"DELETE /environments/{uid}":                 {404, 403, 0, 404},
	"GET /cases":                                 {404, 0, 0, 0},
	"POST /cases":                                {422, 403, 0, 0},
	"GET /cases/{key}":                           {404, 0, 0, 0},
	"PATCH /cases/{key}":                         {404, 403, 0, 0},
	"DELETE /cases/{key}":                        {404, 403, 0, 404},
	"GET /pipelines":                             {404, 0, 0, 0},
	"POST /pipelines":                            {422, 403, 0, 0},
	"POST /pipelines/verify":                     {422, 0, 0, 0},
	"GET /pipelines/{key}":                       {404, 0, 0, 0},
	"PATCH /pipelines/{key}":                     {404, 403, 0, 0},
	"DELETE /pipelines/{key}":                    {404, 403, 0, 404},
	"GET /triggers":                              {404, 0, 0, 0},
	"POST /triggers":                             {422, 403, 0, 0},
	"GET /triggers/{key}":                        {404, 0, 0, 0},
	"PATCH /triggers/{key}":                      {404, 403, 0, 0},
	"DELETE /triggers/{key}":                     {404, 403, 0, 404},
	"GET /triggers/{key}/fires":                  {404, 0, 0, 0},
	"POST /triggers/{key}/runs":                  {404, 403, 0, 0},
	"GET /webhooks":                              {404, 0, 0, 0},
	"POST /webhooks":                             {422, 403, 0, 0},
	"GET /webhooks/{uid}":                        {404, 0, 0, 0},
	"PATCH /webhooks/{uid}":                      {404, 403, 0, 0},
	"DELETE /webhooks/{uid}":                     {404, 403, 0, 404},
	"GET /runs":                                  {404, 0, 0, 0},
	"GET /runs/{id}":                             {404, 0, 0, 0},
	"POST /runs/{id}/cancel":                     {404, 403, 0, 0},
	"GET /runs/{id}/executions":                  {404, 0, 0, 0},
	"GET /runs/{id}/results":                     {404, 0, 0, 0},
	"GET /runs/{id}/deliveries":                  {404, 0, 0, 0},
	"GET /results/{id}":                          {404, 0, 0, 0},
	"GET /deliveries":                            {404, 0, 0, 0},
	"GET /deliveries/{id}":                       {404, 0, 0, 0},
	"GET /deliveries/{id}/attempts":              {404, 0, 0, 0},
	"GET /deliveries/{id}/attempts/{number}":     {404, 0, 0, 0},
	"GET /events/{id}":                           {404, 0, 0, 0},
	"GET /runtimes":                              {0, 0, 0, 0},
}

// TestRoles makes each request with each role, the weakest first, in a scene of its own.
func TestRoles(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	covered := map[string]bool{}
	for _, op := range operations() {
		covered[op.route] = true
		want, ok := rights[op.route]
		require.True(t, ok, op.route)
		s := a.scene()
		method, _, _ := strings.Cut(op.route, " ")
		for i, role := range []string{"stranger", "viewer", "editor", "admin"} {
			res := a.send(method, op.path(s), op.body(s), bearer(s.tokens[role]))
			if want[i] == 0 {
				require.Less(t, res.status, 300, "%s as %s: %s", op.route, role, res.raw)
				continue
			}
			require.Equal(t, want[i], res.status, "%s as %s: %s", op.route, role, res.raw)
		}
	}
	for _, r := range a.server.router.Routes() {
		if route, ok := strings.CutPrefix(template(r.Path), prefix); ok {
			require.True(t, covered[r.Method+" "+route], "%s %s has no request here", r.Method, route)
		}
	}
}

// TestAdministratorMayDoEverything makes each request as an administrator who is no member anywhere.
func TestAdministratorMayDoEverything(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for _, op := range operations() {
		s := a.scene()
		method, _, _ := strings.Cut(op.route, " ")
		res := a.send(method, op.path(s), op.body(s))
		if op.route == "DELETE /workspaces/{key}" {
			require.Equal(t, http.StatusConflict, res.status, "it is not empty")
			continue
		}
		require.Less(t, res.status, 300, "%s: %s", op.route, res.raw)
	}
}
