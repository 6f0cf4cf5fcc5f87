package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

func text(id int64) string { return strconv.FormatInt(id, 10) }

func TestEveryErrorHasOneProblem(t *testing.T) {
	t.Parallel()
	s := newAPITest(t).server
	for _, tc := range []struct {
		err    error
		status int
		kind   string
	}{
		{models.ErrNotFound, 404, wire.ProblemNotFound},
		{models.ErrDuplicate, 409, wire.ProblemDuplicate},
		{models.ErrStale, 409, wire.ProblemStale},
		{models.ErrInUse, 409, wire.ProblemInUse},
		{models.ErrFinished, 409, wire.ProblemFinished},
		{&models.Invalid{Fields: []models.FieldError{{Field: "name", Message: "must not be empty"}}}, 422, wire.ProblemInvalid},
		{errPrecondition, 412, wire.ProblemPrecondition},
		{errForbidden, 403, wire.ProblemForbidden},
		{context.DeadlineExceeded, 503, wire.ProblemUnavailable},
		{context.Canceled, 503, wire.ProblemUnavailable},
		{errors.New("dial tcp 10.0.0.1:3306: connection refused"), 500, wire.ProblemInternal},
	} {
		p := s.problem(t.Context(), fmt.Errorf("load case 00000001: %w", tc.err))
		require.Equal(t, tc.status, p.Status, "%v", tc.err)
		require.Equal(t, tc.kind, p.Type, "%v", tc.err)
		require.NotEmpty(t, p.Title)
		require.NotEmpty(t, p.Detail)
		require.NotContains(t, p.Error(), "load case", "the operation is for the log")
		require.NotContains(t, p.Error(), "10.0.0.1")
	}
}

func TestProblemNamesFieldsOfModels(t *testing.T) {
	t.Parallel()
	s := newAPITest(t).server
	var c models.Check
	c.Addf("http.url", "must not be empty")
	c.Addf("", "is bad")
	c.Addf("[2]", "is worse")
	p := s.problem(t.Context(), c.Err())
	require.Equal(t, []wire.FieldError{
		{Location: "body.http.url", Message: "must not be empty"},
		{Location: "body", Message: "is bad"},
		{Location: "body[2]", Message: "is worse"},
	}, p.Errors)
	require.Equal(t, "body.http.url: must not be empty (and 2 more: see errors)", p.Detail)
}

func TestMalformedBodiesAreLocated(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for _, tc := range []struct{ name, body, want string }{
		{"cut off", "{\n  \"key\": \"ABC\",\n  \"name\"", "line 3, column 8"},
		{"stray comma", "{\"key\": \"ABC\",}", "line 1, column 15"},
		{"trailing data", "{}\n[]", "line 2, column 1"},
		{"not JSON at all", "key=ABC", "line 1, column 1"},
	} {
		p := a.post("/workspaces", tc.body).problem(http.StatusBadRequest, wire.ProblemBadRequest)
		require.Contains(t, p.Detail, tc.want, tc.name)
		require.Contains(t, p.Detail, "is not JSON", tc.name)
	}
	a.post("/workspaces", "").problem(http.StatusBadRequest, wire.ProblemBadRequest)
}

func TestWrongTypesAndNullNameTheField(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	messages := a.post("/workspaces", object{"key": 3, "name": nil, "description": []string{}}).
		refused("body.key", "body.name", "body.description")
	require.Equal(t, "must be a string", messages["body.key"])
	require.Equal(t, "must not be null; leave the field out to say nothing about it", messages["body.name"])
	require.Equal(t, "must be a string", messages["body.description"])

	require.Equal(t, "must be an object", a.post("/workspaces", "[]").refused("body")["body"])
	a.post("/workspaces", "null").refused("body")
	require.Equal(t, "is required", a.post("/workspaces", object{"key": "ABC"}).refused("body.name")["body.name"])

	w := a.world()
	a.patch("/cases/"+w.testCase.Key, object{"retries": "1"}).refused("body.retries")
	a.patch("/cases/"+w.testCase.Key, object{"retries": 1.5}).refused("body.retries")
	a.patch("/cases/"+w.testCase.Key, object{"name": nil}).refused("body.name")
	p := a.patch("/cases/"+w.testCase.Key, `{"retries": 1e300}`)
	require.Equal(t, http.StatusUnprocessableEntity, p.status)
	require.Contains(t, string(p.raw), "retries")
	require.NotContains(t, string(p.raw), "Go ")
}

func TestUnknownFieldsAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	for _, tc := range []struct {
		method, path string
		body         object
	}{
		{http.MethodPost, "/workspaces", object{"key": "QQQ", "name": "n"}},
		{http.MethodPatch, "/workspaces/" + w.workspace, object{}},
		{http.MethodPut, "/workspaces/" + w.workspace + "/members/1", object{"role": "viewer"}},
		{http.MethodPost, "/users", object{"email": "x@example.com", "name": "n"}},
		{http.MethodPatch, "/users/1", object{}},
		{http.MethodPost, "/tokens", object{"name": "n"}},
		{http.MethodPost, "/environments", object{"workspace_key": w.workspace, "name": "n"}},
		{http.MethodPatch, "/environments/" + w.env.UID, object{}},
		{http.MethodPost, "/cases", object{"workspace_key": w.workspace, "name": "n", "kind": "http", "http": object{"url": "https://example.com"}}},
		{http.MethodPatch, "/cases/" + w.testCase.Key, object{}},
		{http.MethodPost, "/pipelines", object{"workspace_key": w.workspace, "name": "n", "case_keys": []string{w.testCase.Key}}},
		{http.MethodPost, "/pipelines/verify", object{"workspace_key": w.workspace, "case_keys": []string{w.testCase.Key}}},
		{http.MethodPatch, "/pipelines/" + w.pipeline.Key, object{}},
		{http.MethodPost, "/triggers", object{"workspace_key": w.workspace, "name": "n", "method": "gatekeeper"}},
		{http.MethodPatch, "/triggers/" + w.plan.Key, object{}},
		{http.MethodPost, "/triggers/" + w.gate.Key + "/runs", object{}},
		{http.MethodPost, "/webhooks", object{"workspace_key": w.workspace, "name": "n", "url": "https://example.com"}},
		{http.MethodPatch, "/webhooks/" + w.webhook.UID, object{}},
	} {
		tc.body["colour"] = "red"
		res := a.send(tc.method, tc.path, tc.body)
		messages := res.refused("body.colour")
		require.Contains(t, messages["body.colour"], "is not a known field")
		delete(tc.body, "colour")
		require.Less(t, a.send(tc.method, tc.path, tc.body).status, 300, "%s %s is fine without it", tc.method, tc.path)
	}
	a.post("/cases", object{
		"workspace_key": w.workspace, "name": "n", "kind": "http",
		"http": object{"url": "https://example.com", "assertions": []object{{"source": "status", "vaule": 200}}},
	}).refused("body.http.assertions[0].vaule")
}

func TestUnknownQueryParametersAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.get("/runs?statuss=failure").refused("query.statuss")
	a.get("/cases?limit=0").refused("query.limit")
	a.get("/cases?limit=501").refused("query.limit")
	require.Equal(t, "must be an integer", a.get("/cases?limit=many").refused("query.limit")["query.limit"])
	require.Contains(t, a.get("/runs?since=yesterday").refused("query.since")["query.since"], "RFC 3339")
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	body := func(size int) string {
		const frame = `{"key":"ABC","name":"n","description":""}`
		return `{"key":"ABC","name":"n","description":"` + strings.Repeat("x", size-len(frame)) + `"}`
	}
	a.post("/workspaces", body(MaxBody)).refused("body.description")
	a.post("/workspaces", body(MaxBody+1)).problem(http.StatusRequestEntityTooLarge, wire.ProblemTooLarge)
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	a.post("/workspaces", body(MaxBody+1), chunked).problem(http.StatusRequestEntityTooLarge, wire.ProblemTooLarge)
	a.post("/workspaces", body(MaxBody+1), bearer("")).problem(http.StatusUnauthorized, wire.ProblemUnauthenticated)
}

func TestOnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	p := a.post("/workspaces", "key=ABC", header("Content-Type", "application/x-www-form-urlencoded")).
		problem(http.StatusUnsupportedMediaType, wire.ProblemMediaTypeWrong)
	require.Contains(t, p.Detail, "Content-Type: application/json")
	a.post("/workspaces", `{"key":"ABC","name":"n"}`, header("Content-Type", "application/json; charset=utf-8")).is(http.StatusCreated)
	a.post("/workspaces", `{"key":"ABD","name":"n"}`, header("Content-Type", "application/merge-patch+json")).is(http.StatusCreated)
}

func TestUnknownRoutesAndMethodsAreProblems(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	a.get("/nothing").problem(http.StatusNotFound, wire.ProblemNotFound)
	a.get("/cases/").problem(http.StatusNotFound, wire.ProblemNotFound)
	res := a.send(http.MethodPut, "/cases/00000001", object{})
	p := res.problem(http.StatusMethodNotAllowed, wire.ProblemMethod)
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
		require.Contains(t, res.header.Get("Allow"), method)
		require.Contains(t, p.Detail, method)
	}
}

func TestProblemsNeverRepeatWhatWasSent(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	const secret = "a-very-secret-value"
	for _, body := range []any{
		object{"workspace_key": w.workspace, "name": 1, "url": "https://example.com", "secret": secret},
		object{"workspace_key": w.workspace, "name": "n", "url": "https://example.com", "secret": []string{secret}},
		object{"workspace_key": w.workspace, "name": "n", "url": "bad", "secret": secret},
		object{"workspace_key": w.workspace, "name": "n", "url": "https://example.com", "secret": secret, secret + "x": 1, "format": 7},
		`{"secret": "` + secret + `", `,
	} {
		res := a.post("/webhooks", body)
		require.GreaterOrEqual(t, res.status, 400)
		require.NotContains(t, strings.ReplaceAll(string(res.raw), "body."+secret, ""), secret)
	}
	require.NotContains(t, a.log.String(), secret)
}

// brokenStore fails or panics where it is told to.
type brokenStore struct {
	Store
	fail func()
}

func (b brokenStore) Case(ctx context.Context, key string) (models.Case, error) {
	b.fail()
	return models.Case{}, errors.New("dial tcp 10.0.0.1:3306: connection refused")
}

func breaking(fail func()) func(*Deps) {
	return func(d *Deps) { d.Store = brokenStore{Store: d.Store, fail: fail} }
}

func TestInternalErrorsShowNothingButAnID(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, breaking(func() {}))
	res := a.get("/cases/00000001", header("X-Request-Id", "my-request"))
	p := res.problem(http.StatusInternalServerError, wire.ProblemInternal)
	require.Equal(t, "urn:bellwether:request:my-request", p.Instance)
	require.NotContains(t, string(res.raw), "10.0.0.1")
	require.Contains(t, a.log.String(), "connection refused")
	require.Contains(t, a.log.String(), `"request_id":"my-request"`)
}

func TestPanicsAreProblems(t *testing.T) {
	t.Parallel()
	a := newAPITest(t, breaking(func() { panic("the secret of the handler") }))
	res := a.get("/cases/00000001", header("X-Request-Id", "my-request"))
	p := res.problem(http.StatusInternalServerError, wire.ProblemInternal)
	require.Equal(t, "urn:bellwether:request:my-request", p.Instance)
	require.NotContains(t, string(res.raw), "secret of the handler")
	require.Contains(t, a.log.String(), "secret of the handler")
	require.Contains(t, a.log.String(), "problem_test.go", "the log has the stack")
	a.get("/workspaces").is(http.StatusOK)
}

func TestBodyThatEndsEarlyIsTheClientsFault(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", adminToken)
	require.NoError(t, err)
	line := make([]byte, len("HTTP/1.1 400"))
	_, err = conn.Read(line)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 400", string(line))
}
