package models_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// fields returns the names of the fields that an error complains about.
func fields(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var inv *models.Invalid
	require.ErrorAs(t, err, &inv)
	var names []string
	for _, f := range inv.Fields {
		require.NotEmpty(t, f.Message, "what is wrong with %s", f.Field)
		names = append(names, f.Field)
	}
	return names
}

func validCase() models.Case {
	return models.Case{
		Name: "health", Kind: models.KindHTTP, TimeoutSeconds: 10, Owners: []string{"jane@example.com"},
		Variables: []models.CaseVariable{{Name: "TOKEN", Type: models.VariableSecret, Value: "s3cret"}},
		HTTP: &models.HTTPSpec{
			URL:        "{{BASE_URL}}/health",
			Headers:    []models.NameValue{{Name: "X-Trace", Value: "{{TRACE}}"}},
			Auth:       &models.HTTPAuth{Type: models.AuthBearer, Token: "abcdef"},
			Assertions: []models.Assertion{{Source: models.AssertStatus, Value: json.RawMessage(`200`)}},
			Captures:   []models.Capture{{Name: "ID", Source: "json", Expr: "$.id"}},
		},
	}
}

func TestCaseValidationNamesTheField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*models.Case)
		want  []string
	}{
		"as it should be":  {func(*models.Case) {}, nil},
		"no name":          {func(c *models.Case) { c.Name = " " }, []string{"name"}},
		"long name":        {func(c *models.Case) { c.Name = strings.Repeat("ä", models.MaxName+1) }, []string{"name"}},
		"two lines":        {func(c *models.Case) { c.Name = "a\nb" }, []string{"name"}},
		"escape sequence":  {func(c *models.Case) { c.Name = "a\x1b[31mb" }, []string{"name"}},
		"line separator":   {func(c *models.Case) { c.Name = "a\u2028b" }, []string{"name"}},
		"turned writing":   {func(c *models.Case) { c.Name = "a\u202eb" }, []string{"name"}},
		"other scripts":    {func(c *models.Case) { c.Name = "Zürich 東京 👩‍🔬 ليل" }, nil},
		"described":        {func(c *models.Case) { c.Description = "two\r\n\tlines" }, nil},
		"described in NUL": {func(c *models.Case) { c.Description = "a\x00b" }, []string{"description"}},
		"long owner":       {func(c *models.Case) { c.Owners = []string{"a@" + strings.Repeat("b", 260) + ".de"} }, []string{"owners[0]"}},
		"url port":         {func(c *models.Case) { c.HTTP.URL = "http://example.com:70000/" }, []string{"http.url"}},
		"captured twice":   {func(c *models.Case) { c.HTTP.Captures = append(c.HTTP.Captures, c.HTTP.Captures[0]) }, []string{"http.captures[1].name"}},
		"status too large": {func(c *models.Case) { c.HTTP.Assertions[0].Value = json.RawMessage(`99999`) }, []string{"http.assertions[0].value"}},
		"broken status":    {func(c *models.Case) { c.HTTP.Assertions[0].Value = json.RawMessage(`200.5`) }, []string{"http.assertions[0].value"}},
		"status in nothing": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertStatus, Op: models.OpIn, Value: json.RawMessage(`[]`)}
		}, []string{"http.assertions[0].value"}},
		"status in words": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertStatus, Op: models.OpIn, Value: json.RawMessage(`[200, "OK"]`)}
		}, []string{"http.assertions[0].value"}},
		"status in a list": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertStatus, Op: models.OpIn, Value: json.RawMessage(`[200, "{{OK}}"]`)}
		}, nil},
		"latency below zero": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertLatency, Value: json.RawMessage(`-5`)}
		}, []string{"http.assertions[0].value"}},
		"owner":            {func(c *models.Case) { c.Owners = []string{"a@b.c", "Jane <a@b.c>"} }, []string{"owners[1]"}},
		"kind":             {func(c *models.Case) { c.Kind = "ftp" }, []string{"kind"}},
		"no spec":          {func(c *models.Case) { c.HTTP = nil }, []string{"http"}},
		"timeout":          {func(c *models.Case) { c.TimeoutSeconds = 3601 }, []string{"timeout_seconds"}},
		"no timeout":       {func(c *models.Case) { c.TimeoutSeconds = 0 }, []string{"timeout_seconds"}},
		"retries":          {func(c *models.Case) { c.Retries = 6 }, []string{"retries"}},
		"variable name":    {func(c *models.Case) { c.Variables[0].Name = "lower" }, []string{"variables[0].name"}},
		"variable twice":   {func(c *models.Case) { c.Variables = append(c.Variables, c.Variables[0]) }, []string{"variables[1].name"}},
		"url scheme":       {func(c *models.Case) { c.HTTP.URL = "ftp://example.com" }, []string{"http.url"}},
		"url without host": {func(c *models.Case) { c.HTTP.URL = "http:///x" }, []string{"http.url"}},
		"url with user":    {func(c *models.Case) { c.HTTP.URL = "http://u:p@example.com" }, []string{"http.url"}},
		"method":           {func(c *models.Case) { c.HTTP.Method = "GE T" }, []string{"http.method"}},
		"header name":      {func(c *models.Case) { c.HTTP.Headers[0].Name = "a b" }, []string{"http.headers[0].name"}},
		"header value":     {func(c *models.Case) { c.HTTP.Headers[0].Value = "a\r\nb: c" }, []string{"http.headers[0].value"}},
		"auth":             {func(c *models.Case) { c.HTTP.Auth.Token = "" }, []string{"http.auth.token"}},
		"body mode":        {func(c *models.Case) { c.HTTP.Body = &models.HTTPBody{Mode: "xml"} }, []string{"http.body.mode"}},
		"body of another mode": {func(c *models.Case) {
			c.HTTP.Body = &models.HTTPBody{Mode: "raw", Form: []models.NameValue{{Name: "a"}}}
		}, []string{"http.body.form"}},
		"assertion source":   {func(c *models.Case) { c.HTTP.Assertions[0].Source = "colour" }, []string{"http.assertions[0].source"}},
		"assertion operator": {func(c *models.Case) { c.HTTP.Assertions[0].Op = "matches" }, []string{"http.assertions[0].op", "http.assertions[0].value"}},
		"assertion value":    {func(c *models.Case) { c.HTTP.Assertions[0].Value = nil }, []string{"http.assertions[0].value"}},
		"status as text":     {func(c *models.Case) { c.HTTP.Assertions[0].Value = json.RawMessage(`"ok"`) }, []string{"http.assertions[0].value"}},
		"regular expression": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertBody, Op: models.OpMatches, Value: json.RawMessage(`"("`)}
		}, []string{"http.assertions[0].value"}},
		"jsonpath": {func(c *models.Case) {
			c.HTTP.Assertions[0] = models.Assertion{Source: models.AssertJSON, Name: "id", Op: models.OpExists}
		}, []string{"http.assertions[0].name"}},
		"capture name": {func(c *models.Case) { c.HTTP.Captures[0].Name = "id" }, []string{"http.captures[0].name"}},
		"two at once":  {func(c *models.Case) { c.Name, c.Retries = "", -1 }, []string{"name", "retries"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validCase()
			test.spoil(&c)
			require.Equal(t, test.want, fields(t, c.Validate()))
		})
	}
}

func TestDefaultsOfAssertionsGoWithTheirSource(t *testing.T) {
	t.Parallel()
	for source, value := range map[string]string{
		models.AssertStatus: `200`, models.AssertSchema: `{}`, models.AssertLatency: `300`, models.AssertTLSDays: `14`, models.AssertBody: `"x"`,
	} {
		c := validCase()
		c.HTTP.Assertions = []models.Assertion{{Source: source, Value: json.RawMessage(value)}}
		require.NoError(t, c.Validate(), source)
	}
}

func validPlan() models.Trigger {
	t := models.Trigger{Method: models.MethodPlan, Name: "nightly", Cron: "0 3 * * *", PipelineKeys: []string{"ABC-0001"}}
	t.Default()
	return t
}

func TestTriggerValidationNamesTheField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*models.Trigger)
		want  []string
	}{
		"as it should be": {func(*models.Trigger) {}, nil},
		"no cron":         {func(p *models.Trigger) { p.Cron = "" }, []string{"cron"}},
		"jitter":          {func(p *models.Trigger) { p.JitterSeconds = -1 }, []string{"jitter_seconds"}},
		"overlap":         {func(p *models.Trigger) { p.Overlap = "wait" }, []string{"overlap"}},
		"catch-up":        {func(p *models.Trigger) { p.CatchUp = "some" }, []string{"catch_up"}},
		"window":          {func(p *models.Trigger) { p.CatchUpWindowSeconds = models.MaxCatchUpWindow + 1 }, []string{"catch_up_window_seconds"}},
		"pipeline key":    {func(p *models.Trigger) { p.PipelineKeys = []string{"x"} }, []string{"pipeline_keys[0]"}},
		"parameter":       {func(p *models.Trigger) { p.Parameters = map[string]string{"a b": ""} }, []string{"parameters.a b"}},
		"gatekeeper's cron": {func(p *models.Trigger) {
			*p = models.Trigger{Method: models.MethodGatekeeper, Name: "g", Cron: "* * * * *"}
		}, []string{"cron"}},
		"method": {func(p *models.Trigger) { p.Method = models.MethodMonitor }, []string{"method"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := validPlan()
			test.spoil(&p)
			require.Equal(t, test.want, fields(t, p.Validate()))
		})
	}
}

func TestPlanDefaultsAreSpelledOut(t *testing.T) {
	t.Parallel()
	p := validPlan()
	require.Equal(t, "UTC", p.Timezone)
	require.Equal(t, models.OverlapSkip, p.Overlap)
	require.Equal(t, models.CatchUpLast, p.CatchUp)
	require.Equal(t, 3600, p.CatchUpWindowSeconds)
	g := models.Trigger{Method: models.MethodGatekeeper, Name: "gate"}
	g.Default()
	require.NoError(t, g.Validate(), "a gatekeeper gets no schedule by default")
}

func TestWebhookValidationAndSubscription(t *testing.T) {
	t.Parallel()
	w := models.Webhook{Name: "w", URL: "https://example.com/h", Format: models.FormatTestany, Events: []string{models.EventRunFinished}, Enabled: true}
	require.NoError(t, w.Validate())
	require.True(t, w.Wants(models.EventRunFinished, "P-ABC-0001"))
	require.False(t, w.Wants("run.started", "P-ABC-0001"))
	w.TriggerKeys = []string{"P-ABC-0002"}
	require.False(t, w.Wants(models.EventRunFinished, "P-ABC-0001"))
	w.TriggerKeys, w.Enabled = nil, false
	require.False(t, w.Wants(models.EventRunFinished, "P-ABC-0001"))

	w = models.Webhook{Name: "w", URL: "https://example.com/#x", Format: "xml", Events: []string{"x"}, TriggerKeys: []string{"y"}, Secret: "short"}
	require.Equal(t, []string{"url", "format", "events[0]", "trigger_keys[0]", "secret"}, fields(t, w.Validate()))
}

func TestWebhookSecretsOfStandardWebhooksAreBase64(t *testing.T) {
	t.Parallel()
	w := models.Webhook{Name: "w", URL: "https://example.com/h", Format: models.FormatTestany, Events: []string{models.EventRunFinished}}
	for _, secret := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any text of 16 or more", ""} {
		w.Secret = secret
		require.NoError(t, w.Validate(), secret)
	}
	for _, secret := range []string{"whsec_this is not base64", "whsec_MfKQ9r8GKYqrTwjU="} {
		w.Secret = secret
		require.Equal(t, []string{"secret"}, fields(t, w.Validate()), secret)
	}
}

func TestOtherDefinitionsNameTheField(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"key", "name"}, fields(t, (&models.Workspace{Key: "ab"}).Validate()))
	require.Equal(t, []string{"email", "name"}, fields(t, (&models.User{Email: "x"}).Validate()))
	require.Equal(t, []string{"role"}, fields(t, (&models.Member{Role: "boss"}).Validate()))
	require.Equal(t, []string{"name"}, fields(t, (&models.Token{}).Validate()))
	require.Equal(t, []string{"definition"}, fields(t, (&models.Pipeline{Name: "p", Definition: strings.Repeat("x", models.MaxDefinition+1)}).Validate()))
	off := false
	e := models.Environment{Name: "e", Values: []models.EnvValue{{Key: "A"}, {Key: "A", Enabled: &off}, {Key: "A"}, {Key: "b c"}, {Key: "D", Type: "x"}}}
	require.Equal(t, []string{"values[2].key", "values[3].key", "values[4].type"}, fields(t, e.Validate()))
}

func TestMaskedSecretsComeBackUnchanged(t *testing.T) {
	t.Parallel()
	old := validCase()
	shown := old.Masked()
	require.Equal(t, models.Mask, shown.Variables[0].Value)
	require.Equal(t, models.Mask, shown.HTTP.Auth.Token)
	require.Equal(t, "abcdef", old.HTTP.Auth.Token, "the original is untouched")
	shown.Unmask(old)
	require.Equal(t, old.Variables, shown.Variables)
	require.Equal(t, old.HTTP.Auth, shown.HTTP.Auth)

	old.HTTP.Auth.Token = "{{TOKEN}}"
	require.Equal(t, "{{TOKEN}}", old.Masked().HTTP.Auth.Token, "a reference is no secret")

	env := models.Environment{Values: []models.EnvValue{{Key: "A", Value: "x", Type: models.ValueSecret}, {Key: "B", Value: "y"}}}
	masked := env.Masked()
	require.Equal(t, models.Mask, masked.Values[0].Value)
	require.Equal(t, "y", masked.Values[1].Value)
	masked.Unmask(env.Values)
	require.Equal(t, env.Values, masked.Values)
}

func TestRolesIncludeLesserOnes(t *testing.T) {
	t.Parallel()
	require.True(t, models.RoleAdmin.Allows(models.RoleViewer))
	require.True(t, models.RoleEditor.Allows(models.RoleEditor))
	require.False(t, models.RoleViewer.Allows(models.RoleEditor))
	require.False(t, models.Role("").Allows(models.RoleViewer))
	require.False(t, models.RoleAdmin.Allows(""))
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.True(t, (&models.Token{ExpiresAt: &at}).Expired(at))
	require.False(t, (&models.Token{ExpiresAt: &at}).Expired(at.Add(-time.Second)))
	require.False(t, (&models.Token{}).Expired(at))
}

func TestCheckJoinsPaths(t *testing.T) {
	t.Parallel()
	var inner, outer models.Check
	inner.Addf("[2].name", "bad")
	inner.Addf("", "bad as a whole")
	outer.Join("values", inner.Err())
	outer.Join("other", errors.New("plain"))
	outer.Join("fine", nil)
	require.Equal(t, []string{"values[2].name", "values", "other"}, fields(t, outer.Err()))
}

func TestPageSizeStaysWithinBounds(t *testing.T) {
	t.Parallel()
	require.Equal(t, models.DefaultPageSize, models.Page{}.Size())
	require.Equal(t, models.DefaultPageSize, models.Page{Limit: -3}.Size())
	require.Equal(t, 7, models.Page{Limit: 7}.Size())
	require.Equal(t, models.MaxPageSize, models.Page{Limit: 1 << 20}.Size())
}
