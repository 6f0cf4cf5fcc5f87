package runner_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

func options() runner.Options { return runner.Options{Version: "1.2.3"} }

// sent runs a spec with variables and returns the request that arrived.
func sent(t *testing.T, spec models.HTTPSpec, variables map[string]string) seen {
	t.Helper()
	s := record(t, respond(200, ""))
	if variables == nil {
		variables = map[string]string{}
	}
	variables["BASE"] = s.URL
	if spec.URL == "" {
		spec.URL = "{{BASE}}/x"
	}
	j := job(spec)
	j.Run.Parameters = variables
	o := runJob(t, options(), j)
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Len(t, s.requests(), 1)
	return s.requests()[0]
}

func TestVariablesAreFilledInEverywhere(t *testing.T) {
	t.Parallel()
	v := map[string]string{"P": "path", "N": "name", "V": "a value", "Q": "1&2", "U": "user", "T": "text"}
	got := sent(t, models.HTTPSpec{
		Method:  "PUT",
		URL:     "{{BASE}}/{{ P }}?raw={{V}}&keep=%2F",
		Headers: []models.NameValue{{Name: "X-{{N}}", Value: "<{{V}}>"}},
		Query:   []models.NameValue{{Name: "{{N}}", Value: "{{Q}}"}, {Name: "b", Value: ""}},
		Auth:    &models.HTTPAuth{Type: models.AuthBasic, Username: "{{U}}", Password: "{{P}}"},
		Body:    &models.HTTPBody{Mode: models.BodyRaw, Raw: "{{T}}-{{T}}", ContentType: "text/{{T}}"},
	}, v)
	require.Equal(t, "PUT", got.method)
	require.Equal(t, "/path?raw=a%20value&keep=%2F&name=1%262&b=", got.path)
	require.Equal(t, "<a value>", got.header.Get("X-Name"))
	require.Equal(t, "Basic dXNlcjpwYXRo", got.header.Get("Authorization"))
	require.Equal(t, "text-text", got.body)
	require.Equal(t, "text/text", got.header.Get("Content-Type"))
	require.Equal(t, "Bellwether/1.2.3", got.header.Get("User-Agent"))
}

func TestBodiesByMode(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body              models.HTTPBody
		headers           []models.NameValue
		want, contentType string
	}{
		"json": {
			models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(`{"b":{"{{K}}":"{{V}}"},"n":1.50,"a":["{{V}}",1e400,"{{"]}`)},
			nil,
			`{"b":{"key":"say \"hi\"\n<b>"},"n":1.50,"a":["say \"hi\"\n<b>",1e400,"{{"]}`, "application/json",
		},
		"json scalar": {models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(`"{{N}}"`)}, nil, `"7"`, "application/json"},
		"json escapes": {
			models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(`["\u007b\u007bK}}", "\\", "a\"{{K}}"]`)},
			nil,
			`["key", "\\", "a\"key"]`, "application/json",
		},
		"form": {
			models.HTTPBody{Mode: models.BodyForm, Form: []models.NameValue{{Name: "b", Value: "{{V}}"}, {Name: "a", Value: "1 2"}, {Name: "b", Value: "é"}}},
			nil,
			"b=say+%22hi%22%0A%3Cb%3E&a=1+2&b=%C3%A9", "application/x-www-form-urlencoded",
		},
		"raw":               {models.HTTPBody{Mode: models.BodyRaw, Raw: `{"n": {{N}}}`}, nil, `{"n": 7}`, "text/plain; charset=utf-8"},
		"empty raw":         {models.HTTPBody{Mode: models.BodyRaw}, nil, "", "text/plain; charset=utf-8"},
		"content type":      {models.HTTPBody{Mode: models.BodyRaw, Raw: "x", ContentType: "application/xml"}, nil, "x", "application/xml"},
		"content type set":  {models.HTTPBody{Mode: models.BodyRaw, Raw: "x", ContentType: "application/xml"}, []models.NameValue{{Name: "content-type", Value: "text/csv"}}, "x", "text/csv"},
		"braces of its own": {models.HTTPBody{Mode: models.BodyRaw, Raw: `{"a":{"b":{{{N}}}}}`}, nil, `{"a":{"b":{7}}}`, "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sent(t, models.HTTPSpec{Method: "POST", Headers: tc.headers, Body: &tc.body},
				map[string]string{"K": "key", "V": "say \"hi\"\n<b>", "N": "7"})
			require.Equal(t, tc.want, got.body)
			require.Equal(t, tc.contentType, got.header.Get("Content-Type"))
		})
	}
}

func TestHeadersOfTheCaseWin(t *testing.T) {
	t.Parallel()
	got := sent(t, models.HTTPSpec{
		Headers: []models.NameValue{
			{Name: "user-agent", Value: "mine/1"},
			{Name: "Host", Value: "vhost.example:81"},
			{Name: "X-Many", Value: "1"},
			{Name: "x-many", Value: "2"},
			{Name: "Authorization", Value: "overridden by auth"},
		},
		Auth: &models.HTTPAuth{Type: models.AuthBearer, Token: "{{TOKEN}}"},
	}, map[string]string{"TOKEN": "abc"})
	require.Equal(t, "mine/1", got.header.Get("User-Agent"))
	require.Equal(t, "vhost.example:81", got.host)
	require.Equal(t, []string{"1", "2"}, got.header.Values("X-Many"))
	require.Equal(t, []string{"Bearer abc"}, got.header.Values("Authorization"))
}

func TestParametersBeforeEnvironmentBeforeCase(t *testing.T) {
	t.Parallel()
	off := false
	s := record(t, respond(200, ""))
	j := job(models.HTTPSpec{URL: s.URL + "/{{A}}-{{B}}-{{C}}-{{D}}"})
	j.Case.Variables = []models.CaseVariable{{Name: "A", Value: "case"}, {Name: "B", Value: "case"}, {Name: "C", Value: "case"}, {Name: "D", Value: "case"}}
	j.Environment = &models.Environment{Values: []models.EnvValue{
		{Key: "B", Value: "env"}, {Key: "C", Value: "env"}, {Key: "D", Value: "env", Enabled: &off},
	}}
	j.Run.Parameters = map[string]string{"C": "run"}
	require.Equal(t, models.StatusSuccess, runJob(t, options(), j).Status)
	require.Equal(t, "/case-env-run-case", s.requests()[0].path)
}

func TestValuesMayMentionOtherVariables(t *testing.T) {
	t.Parallel()
	got := sent(t, models.HTTPSpec{URL: "{{API}}/{{ODD}}"}, map[string]string{
		"API": "{{BASE}}/{{VERSION}}", "VERSION": "v{{N}}", "N": "2", "ODD": "{{not a name}}-{{",
	})
	require.Equal(t, "/v2/%7B%7Bnot%20a%20name%7D%7D-%7B%7B", got.path)
}

func TestCasesThatCannotBeExecutedAreErrorsThatNameTheField(t *testing.T) {
	t.Parallel()
	header := func(name, value string) []models.NameValue { return []models.NameValue{{Name: name, Value: value}} }
	huge := map[string]string{"L": strings.Repeat("x", models.MaxVariableValue)}
	for name, tc := range map[string]struct {
		spec models.HTTPSpec
		want string
	}{
		"undefined in url":      {models.HTTPSpec{URL: "{{NOPE}}/"}, "http.url: variable {{NOPE}} is not defined; define it in the environment, the case or the run's parameters"},
		"undefined in header":   {models.HTTPSpec{Headers: header("X", "{{NOPE}}")}, "http.headers[0].value: variable {{NOPE}} is not defined"},
		"undefined in name":     {models.HTTPSpec{Headers: header("X-{{NOPE}}", "")}, "http.headers[0].name: variable {{NOPE}}"},
		"undefined in query":    {models.HTTPSpec{Query: header("a", "{{NOPE}}")}, "http.query[0].value: variable {{NOPE}}"},
		"undefined in json":     {models.HTTPSpec{Body: &models.HTTPBody{Mode: "json", JSON: json.RawMessage(`"{{NOPE}}"`)}}, "http.body.json: variable {{NOPE}}"},
		"undefined in form":     {models.HTTPSpec{Body: &models.HTTPBody{Mode: "form", Form: header("{{NOPE}}", "")}}, "http.body.form[0].name: variable {{NOPE}}"},
		"undefined in raw":      {models.HTTPSpec{Body: &models.HTTPBody{Mode: "raw", Raw: "{{NOPE}}"}}, "http.body.raw: variable {{NOPE}}"},
		"undefined in type":     {models.HTTPSpec{Body: &models.HTTPBody{Mode: "raw", ContentType: "{{NOPE}}"}}, "http.body.content_type: variable {{NOPE}}"},
		"undefined in user":     {models.HTTPSpec{Auth: &models.HTTPAuth{Type: "basic", Username: "{{NOPE}}"}}, "http.auth.username: variable {{NOPE}}"},
		"undefined in password": {models.HTTPSpec{Auth: &models.HTTPAuth{Type: "basic", Username: "u", Password: "{{NOPE}}"}}, "http.auth.password: variable {{NOPE}}"},
		"undefined in token":    {models.HTTPSpec{Auth: &models.HTTPAuth{Type: "bearer", Token: "{{NOPE}}"}}, "http.auth.token: variable {{NOPE}}"},
		"undefined in value":    {models.HTTPSpec{Assertions: []models.Assertion{assertion("body", "", "", `"{{NOPE}}"`)}}, "http.assertions[0].value: variable {{NOPE}}"},
		"undefined by way of":   {models.HTTPSpec{URL: "{{OUTER}}"}, "variable {{NOPE}} is not defined (used by {{OUTER}} -> {{INNER}})"},
		"circle":                {models.HTTPSpec{URL: "{{A}}"}, "variable {{A}} refers to itself: A -> B -> A; break the circle"},
		"circle of one":         {models.HTTPSpec{URL: "{{SELF}}"}, "variable {{SELF}} refers to itself: SELF -> SELF"},
		"no URL":                {models.HTTPSpec{URL: "{{EMPTY}}"}, `http.url: "" must start with https:// or http://`},
		"other scheme":          {models.HTTPSpec{URL: "{{FTP}}"}, `http.url: "ftp://example.com" must start with https:// or http://`},
		"no host":               {models.HTTPSpec{URL: "http://{{EMPTY}}/"}, `http.url: "http:///" has no host`},
		"bad URL":               {models.HTTPSpec{URL: "http://a b{{EMPTY}}/"}, "is not a URL"},
		"port":                  {models.HTTPSpec{URL: "http://h:{{PORT}}/"}, "http.url: has the port 70000; use one between 1 and 65535"},
		"user info":             {models.HTTPSpec{URL: "http://{{USER}}@h/"}, "http.url: must not contain a user name or password; use auth"},
		"line break in header":  {models.HTTPSpec{Headers: header("X", "{{CRLF}}")}, "http.headers[0].value: contains characters that a header cannot carry"},
		"header name":           {models.HTTPSpec{Headers: header("{{FTP}}", "")}, `http.headers[0].name: "ftp://example.com" is not a header name`},
		"line break in token":   {models.HTTPSpec{Auth: &models.HTTPAuth{Type: "bearer", Token: "{{CRLF}}"}}, "http.auth.token: contains characters that a header cannot carry"},
		"line break in type":    {models.HTTPSpec{Body: &models.HTTPBody{Mode: "raw", ContentType: "{{CRLF}}"}}, "http.body.content_type: contains characters"},
		"host":                  {models.HTTPSpec{Headers: header("Host", "{{FTP}}")}, `http.headers[0].value: "ftp://example.com" is not a host`},
		"length":                {models.HTTPSpec{Headers: header("Content-Length", "5")}, "http.headers[0].name: Content-Length is set by itself; remove it"},
		"growth of a field":     {models.HTTPSpec{Body: &models.HTTPBody{Mode: "raw", Raw: strings.Repeat("{{L}}", 100)}}, "http.body.raw: grows beyond 4194304 bytes"},
		"growth of JSON":        {models.HTTPSpec{Body: &models.HTTPBody{Mode: "json", JSON: json.RawMessage(`[` + strings.Repeat(`"{{L}}",`, 100) + `1]`)}}, "http.body.json: grows beyond 4194304 bytes"},
		"not a number":          {models.HTTPSpec{Assertions: []models.Assertion{assertion("status", "", "less_than", `"{{USER}}"`)}}, `http.assertions[0].value: is "user", but must be a number`},
		"not an expression":     {models.HTTPSpec{Assertions: []models.Assertion{assertion("body", "", "matches", `"({{USER}}"`)}}, "http.assertions[0].value: is not a regular expression of the RE2 syntax"},
		"not a path":            {models.HTTPSpec{Assertions: []models.Assertion{assertion("json", "$[", "exists", "")}}, "http.assertions[0].name: is not a JSONPath"},
		"not a capture":         {models.HTTPSpec{Captures: []models.Capture{{Name: "X", Source: "json", Expr: "$["}}}, "http.captures[0].expr: is not a JSONPath"},
		"schema from outside":   {models.HTTPSpec{Assertions: []models.Assertion{assertion("schema", "", "", `{"$ref":"{{FTP}}"}`)}}, "http.assertions[0].value: refers to ftp://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
			if tc.spec.URL == "" {
				tc.spec.URL = s.URL
			}
			j := job(tc.spec)
			j.Case.Variables = []models.CaseVariable{
				{Name: "OUTER", Value: "{{INNER}}"},
				{Name: "INNER", Value: "{{NOPE}}"},
				{Name: "A", Value: "{{B}}"},
				{Name: "B", Value: "{{A}}"},
				{Name: "SELF", Value: "{{SELF}}"},
				{Name: "EMPTY"},
				{Name: "FTP", Value: "ftp://example.com"},
				{Name: "PORT", Value: "70000"},
				{Name: "USER", Value: "user"},
				{Name: "CRLF", Value: "a\r\nX-Evil: 1"},
			}
			j.Run.Parameters = huge
			o := runner.New(options()).Run(t.Context(), j)
			checkOutcome(t, o)
			require.Equal(t, models.StatusError, o.Status)
			require.Contains(t, o.Message, tc.want)
			require.Empty(t, o.Report.Exchanges)
		})
	}
}

func TestVariablesThatDoubleEachOtherAreStopped(t *testing.T) {
	t.Parallel()
	j := job(models.HTTPSpec{URL: "http://example.com/{{A0}}"})
	names := "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for i := range len(names) - 1 {
		next := "{{" + names[i+1:i+2] + "0}}"
		j.Case.Variables = append(j.Case.Variables, models.CaseVariable{Name: names[i:i+1] + "0", Type: models.VariableSecret, Value: next + next + next})
	}
	j.Case.Variables = append(j.Case.Variables, models.CaseVariable{Name: "Z0", Value: "0123456789"})
	o := runJob(t, options(), j)
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "grows beyond")
}
