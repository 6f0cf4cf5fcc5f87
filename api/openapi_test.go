package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/internal/store/storetest"
	"github.com/bellwether/bellwether/models"
)

var update = flag.Bool("update", false, "write openapi.json anew")

const goldenFile = "openapi.json"

func openAPITest(t *testing.T) *apiTest {
	return newAPITest(t, func(d *Deps) { d.Metrics = http.NotFoundHandler() })
}

// TestOpenAPIIsTheCommittedOne compares with openapi.json; `go test ./api -run TestOpenAPI -update`
// writes it anew.
func TestOpenAPIIsTheCommittedOne(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	res := a.get("//openapi.json", bearer(""))
	require.Equal(t, http.StatusOK, res.status)
	if *update {
		require.NoError(t, os.WriteFile(goldenFile, res.raw, 0o644))
	}
	golden, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	if !bytes.Equal(golden, res.raw) {
		t.Fatalf("the API differs from %s; run `make generate` and look at the difference", goldenFile)
	}
}

// document is the served OpenAPI document.
func (a *apiTest) document() object {
	a.t.Helper()
	return a.get("//openapi.json", bearer("")).is(http.StatusOK)
}

func TestOpenAPIDescribesEveryOperation(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	doc := a.document()
	require.Equal(t, "3.1.0", doc["openapi"])
	paths := doc["paths"].(object)
	shared := doc["components"].(object)["responses"].(object)
	ids := map[string]bool{}
	for _, r := range a.server.router.Routes() {
		path := template(r.Path)
		if strings.HasPrefix(path, "/docs") || strings.HasPrefix(path, "/openapi") {
			continue
		}
		item, ok := paths[path].(object)
		require.True(t, ok, path)
		op, ok := item[strings.ToLower(r.Method)].(object)
		require.True(t, ok, "%s %s", r.Method, path)
		require.NotEmpty(t, op["summary"], path)
		require.NotEmpty(t, op["tags"], path)
		id := op["operationId"].(string)
		require.False(t, ids[id], "%s is used twice", id)
		ids[id] = true
		responses := op["responses"].(object)
		if a.server.needs[r.Method+" "+r.Path] == needNothing {
			require.NotContains(t, op, "security", path)
			continue
		}
		require.Equal(t, []any{object{"bearer": []any{}}}, op["security"], path)
		if path == "/metrics" {
			continue
		}
		for _, status := range []string{"401", "403", "422", "500"} {
			require.Contains(t, responses, status, "%s %s", r.Method, path)
			name := strings.TrimPrefix(responses[status].(object)["$ref"].(string), "#/components/responses/")
			require.Contains(t, shared[name].(object)["content"], wire.ProblemMediaType, "%s %s %s", r.Method, path, status)
		}
	}
}

func TestOpenAPIDescribesEveryParameterAndField(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	doc := a.document()
	for path, item := range doc["paths"].(object) {
		for method, op := range item.(object) {
			parameters, _ := op.(object)["parameters"].([]any)
			for _, p := range parameters {
				require.NotEmpty(t, p.(object)["description"], "%s %s: %v", method, path, p)
			}
		}
	}
	schemas := doc["components"].(object)["schemas"].(object)
	require.Contains(t, schemas, "Problem")
	require.NotContains(t, schemas, "ErrorModel")
	raw, err := json.Marshal(schemas)
	require.NoError(t, err)
	require.NotContains(t, string(raw), `"null"`, "nothing is ever null")
	for name, s := range schemas {
		require.Equal(t, false, s.(object)["additionalProperties"], "%s takes no unknown fields", name)
	}
}

func TestOpenAPIIsServedAsYAML(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	res := a.get("//openapi.yaml", bearer(""))
	require.Equal(t, http.StatusOK, res.status)
	var doc object
	require.NoError(t, yaml.Unmarshal(res.raw, &doc))
	require.Len(t, doc["paths"], len(a.document()["paths"].(object)))
}

// TestEveryReferenceOfTheOpenAPIDocumentResolves walks the whole document.
func TestEveryReferenceOfTheOpenAPIDocumentResolves(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	doc := a.document()
	components := doc["components"].(object)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case object:
			if ref, ok := v["$ref"].(string); ok {
				group, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
				require.Contains(t, components[group], name)
			}
			for _, item := range v {
				walk(item)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(doc)
}

func TestDocsWorkOffline(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	page := a.get("//docs", bearer(""))
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	policy := page.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "http")
	require.NotContains(t, string(page.raw), "//", "nothing comes from elsewhere")

	assets := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(page.raw, -1)
	require.Len(t, assets, 4)
	for _, asset := range assets {
		res := a.get("//"+string(asset[1]), bearer(""))
		require.Equal(t, http.StatusOK, res.status, "%s", asset[1])
		require.NotEmpty(t, res.raw)
	}
	script := a.get("//docs/start.js", bearer(""))
	require.Contains(t, script.header.Get("Content-Type"), "javascript")
	require.Contains(t, string(script.raw), `url: "openapi.json"`)
	require.Contains(t, string(script.raw), "persistAuthorization: true")
	bundle := a.get("//docs/swagger-ui-bundle.js", bearer(""))
	version := regexp.MustCompile(`PACKAGE_VERSION:"(\d+)\.`).FindSubmatch(bundle.raw)
	require.Len(t, version, 2)
	major, err := strconv.Atoi(string(version[1]))
	require.NoError(t, err)
	require.GreaterOrEqual(t, major, 5, "older versions cannot read OpenAPI 3.1")
	require.Equal(t, http.StatusOK, a.get("//docs/", bearer("")).status, "redirects to /docs")
	a.get("//docs/index.html", bearer("")).problem(http.StatusNotFound, wire.ProblemNotFound)
}

// TestEveryExampleIsAccepted sends the documented examples, in a workspace that has what they name.
func TestEveryExampleIsAccepted(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	storetest.Workspace(t, a.store, func(w *models.Workspace) { w.Key = "ABC" })
	var cases []string
	for range 3 {
		cases = append(cases, storetest.Case(t, a.store, "ABC").Key)
	}
	require.Equal(t, []string{"00000001", "00000002", "00000003"}, cases)
	pipeline := storetest.Pipeline(t, a.store, "ABC", cases[:1])
	gate := storetest.Gatekeeper(t, a.store, "ABC", []string{pipeline.Key})
	plan := storetest.Plan(t, a.store, "ABC", []string{pipeline.Key})
	user, _ := a.user(nil)
	paths := strings.NewReplacer(
		prefix, "", "/members/{user_id}", "/members/"+text(user.ID), "/workspaces/{key}", "/workspaces/ABC", "/cases/{key}", "/cases/00000001",
		"/pipelines/{key}", "/pipelines/ABC-0001", "/triggers/{key}/runs", "/triggers/"+gate.Key+"/runs",
		"/triggers/{key}", "/triggers/"+plan.Key, "/users/{id}", "/users/"+text(user.ID),
		"/environments/{uid}", "/environments/"+storetest.Environment(t, a.store, "ABC").UID,
		"/webhooks/{uid}", "/webhooks/"+storetest.Webhook(t, a.store, "ABC").UID,
	)
	sent := 0
	for path, item := range a.document()["paths"].(object) {
		for method, op := range item.(object) {
			body, ok := op.(object)["requestBody"].(object)
			if !ok {
				continue
			}
			example, ok := body["content"].(object)["application/json"].(object)["example"]
			require.True(t, ok, "%s %s has no example", method, path)
			if path == prefix+"/workspaces" {
				example.(object)["key"] = "ABD" // ABC is taken by this test
			}
			if path == prefix+"/triggers/{key}/runs" {
				path += "?wait=1ms"
			}
			res := a.send(strings.ToUpper(method), paths.Replace(path), example)
			require.Less(t, res.status, 300, "%s %s: %s", method, path, res.raw)
			sent++
		}
	}
	require.Greater(t, sent, 15)
}

func TestOpenAPIExplainsItsProblems(t *testing.T) {
	t.Parallel()
	a := openAPITest(t)
	responses := a.document()["components"].(object)["responses"].(object)
	require.Contains(t, responses["Conflict"].(object)["description"], wire.ProblemIdempotency)
	require.Contains(t, responses["UnprocessableEntity"].(object)["description"], wire.ProblemInvalid)
}
