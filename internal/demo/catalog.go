package demo

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// workspace is the key of the demo's workspace.
const workspace = "DEM"

const owner = "demo@example.com"

// Names by which things are found again at the next start.
const (
	environmentName = "DEMO"
	smokeName       = "smoke"
	ordersName      = "order flow"
	refundsName     = "refunds"
	planName        = "every minute"
	gateName        = "release gate"
	testanyHook     = "status-board"
	ownHook         = "on-call"
)

// The cases.
const (
	caseHealth  = "the shop is up"
	caseLogin   = "a customer can log in"
	caseList    = "orders are listed"
	casePlace   = "an order can be placed"
	caseReport  = "the report takes less than three seconds"
	caseOutage  = "the outage shows on the health page"
	caseRefund  = "a refund is given"
	caseBadPass = "a wrong password is refused"
)

// values are the variables of the environment.
func values(target string) []models.EnvValue {
	return []models.EnvValue{
		{Key: "BASE_URL", Value: target},
		{Key: "USER", Value: targetUser},
		{Key: "PASSWORD", Value: targetPassword, Type: models.ValueSecret},
		{Key: "API_KEY", Value: targetKey, Type: models.ValueSecret},
	}
}

// cases are the tests of the shop, without their environment.
func cases() []wire.CaseCreate {
	key := &models.HTTPAuth{Type: models.AuthBearer, Token: "{{API_KEY}}"}
	return []wire.CaseCreate{
		httpCase(caseHealth, http.MethodGet, "/health", nil, nil, expect(models.AssertStatus, "", "", 200),
			expect(models.AssertJSON, "$.status", "", "ok"), expect(models.AssertLatency, "", "", 2000)),
		httpCase(caseLogin, http.MethodPost, "/login", nil, `{"user": "{{USER}}", "password": "{{PASSWORD}}"}`,
			expect(models.AssertStatus, "", "", 200), expect(models.AssertJSON, "$.session", models.OpExists, nil)),
		httpCase(caseBadPass, http.MethodPost, "/login", nil, `{"user": "{{USER}}", "password": "guessed"}`,
			expect(models.AssertStatus, "", "", 401)),
		httpCase(caseList, http.MethodGet, "/orders", key, nil, expect(models.AssertStatus, "", "", 200),
			expect(models.AssertHeader, "Content-Type", models.OpContains, "json"),
			expect(models.AssertJSON, "$.orders[0].id", models.OpGreater, 1000)),
		httpCase(casePlace, http.MethodPost, "/orders", key, `{"item": "bell", "quantity": 1}`,
			expect(models.AssertStatus, "", "", 201), expect(models.AssertJSON, "$.state", "", "new")),
		httpCase(caseReport, http.MethodGet, "/report", nil, nil,
			expect(models.AssertStatus, "", "", 200), expect(models.AssertLatency, "", "", 3000)),
		httpCase(caseOutage, http.MethodGet, "/health", nil, nil, expect(models.AssertJSON, "$.status", models.OpNotEquals, "ok")),
		httpCase(caseRefund, http.MethodPost, "/refunds", key, `{"order": 1001}`, expect(models.AssertStatus, "", "", 201)),
	}
}

func httpCase(name, method, path string, auth *models.HTTPAuth, body any, assertions ...models.Assertion) wire.CaseCreate {
	spec := &models.HTTPSpec{Method: method, URL: "{{BASE_URL}}" + path, Auth: auth, Assertions: assertions}
	if text, ok := body.(string); ok {
		spec.Body = &models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(text)}
	}
	return wire.CaseCreate{
		WorkspaceKey: workspace, Name: name, Kind: models.KindHTTP, HTTP: spec,
		Owners: []string{owner}, Labels: []string{"demo"}, TimeoutSeconds: 10,
	}
}

// expect is an assertion; value nil leaves the value out.
func expect(source, name, op string, value any) models.Assertion {
	a := models.Assertion{Source: source, Name: name, Op: op}
	if value != nil {
		a.Value = json.RawMessage(fmt.Sprintf("%v", value))
		if text, ok := value.(string); ok {
			a.Value = json.RawMessage(fmt.Sprintf("%q", text))
		}
	}
	return a
}

// pipelines order the cases: one as a plain list, one with branches and an expected failure, one that
// fails because the shop's refunds are broken. keys are the cases' keys by name.
func pipelines(keys map[string]string) []wire.PipelineCreate {
	orders := "kind: rule/v1.2\nspec:\n  rules:\n" +
		rule(keys, caseHealth, "") +
		rule(keys, caseLogin, "whenPassed: "+quoted(keys[caseHealth])) +
		rule(keys, caseList, "whenPassed: "+quoted(keys[caseLogin])) +
		rule(keys, casePlace, "whenPassed: "+quoted(keys[caseList])) +
		rule(keys, caseOutage, "whenFailed: "+quoted(keys[caseHealth])) +
		rule(keys, caseRefund, "expect: fail")
	common := wire.PipelineCreate{WorkspaceKey: workspace, Owners: []string{owner}, Labels: []string{"demo"}}
	smoke, flow, refunds := common, common, common
	smoke.Name, smoke.CaseKeys = smokeName, []string{keys[caseHealth], keys[caseBadPass], keys[caseReport]}
	flow.Name, flow.Definition = ordersName, orders
	refunds.Name, refunds.CaseKeys = refundsName, []string{keys[caseRefund]}
	return []wire.PipelineCreate{smoke, flow, refunds}
}

// rule runs a case on a condition; the name is a comment.
func rule(keys map[string]string, name, condition string) string {
	text := "    - run: " + quoted(keys[name]) + " # " + name + "\n"
	if condition != "" {
		text += "      " + condition + "\n"
	}
	return text
}

func quoted(key string) string { return "'" + key + "'" }

// triggers bind the pipelines. keys are the pipelines' keys by name.
func triggers(keys map[string]string) []wire.TriggerCreate {
	return []wire.TriggerCreate{
		{
			WorkspaceKey: workspace, Method: models.MethodPlan, Name: planName, Cron: "* * * * *", Timezone: "UTC",
			PipelineKeys: []string{keys[smokeName], keys[ordersName]}, Owners: []string{owner}, CatchUp: models.CatchUpNone,
		},
		{
			WorkspaceKey: workspace, Method: models.MethodGatekeeper, Name: gateName,
			PipelineKeys: []string{keys[ordersName], keys[refundsName]}, Owners: []string{owner},
		},
	}
}

// webhooks subscribe the sink, once in each format. Their URLs and secrets are new with each start.
func webhooks(sink, secret string) []wire.WebhookCreate {
	hook := func(name string, format models.Format) wire.WebhookCreate {
		return wire.WebhookCreate{
			WorkspaceKey: workspace, Name: name, URL: sink + "/hooks/" + name, Format: format,
			Events: []string{models.EventRunFinished}, Secret: secret, Owners: []string{owner},
		}
	}
	return []wire.WebhookCreate{hook(testanyHook, models.FormatTestany), hook(ownHook, models.FormatBellwether)}
}
