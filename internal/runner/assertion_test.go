package runner_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

const sample = `{
  "id": 9007199254740993,
  "price": 10.00,
  "tiny": 1e-400,
  "name": "Ada \"the first\"",
  "ok": true,
  "none": null,
  "tags": ["a", "b", 3],
  "empty": [],
  "nested": {"z": 1, "a": {"deep": "x"}},
  "items": [
    {"id": 1, "name": "one", "price": 1.5, "on": true},
    {"id": 2, "name": "two", "price": 20, "on": true},
    {"id": 3, "name": "three", "on": true}
  ],
  "a.b": "dotted",
  "twice": 1, "twice": 2
}`

// checkAll runs assertions against one answer and compares each verdict.
func TestAssertionsJudgeTheAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Count", "007")
		w.Header()["X-Two"] = []string{"first", "second"}
		w.Header().Set("X-Empty", "")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, sample)
	})
	for _, tc := range []struct {
		source, name, op, value string
		want                    string // "": passed; otherwise the message
	}{
		{"status", "", "", "201", ""},
		{"status", "", "equals", "201.0", ""},
		{"status", "", "equals", "2.01e2", ""},
		{"status", "", "equals", "200", "found 201"},
		{"status", "", "equals", `"{{STATUS}}"`, ""},
		{"status", "", "not_equals", "500", ""},
		{"status", "", "not_equals", "201", "found 201"},
		{"status", "", "less_than", "300", ""},
		{"status", "", "less_than", "201", "found 201"},
		{"status", "", "greater_than", "200", ""},
		{"status", "", "greater_than", "201", "found 201"},
		{"status", "", "in", "[200, 201]", ""},
		{"status", "", "in", `["{{STATUS}}"]`, ""},
		{"status", "", "in", "[200, 204]", "found 201"},
		{"status", "", "in", "[404, 410]", "found 201"},

		{"header", "content-type", "contains", `"json"`, ""},
		{"header", "Content-Type", "equals", `"application/json; charset=utf-8"`, ""},
		{"header", "Content-Type", "equals", `"text/html"`, `found "application/json; charset=utf-8"`},
		{"header", "Content-Type", "not_contains", `"json"`, `found "application/json; charset=utf-8"`},
		{"header", "Content-Type", "matches", `"^application/"`, ""},
		{"header", "Content-Type", "in", `["text/html", "application/json; charset=utf-8"]`, ""},
		{"header", "X-Count", "equals", "7", ""},
		{"header", "X-Count", "equals", `"7"`, `found "007"`},
		{"header", "X-Two", "equals", `"first"`, ""},
		{"header", "X-Two", "exists", "", ""},
		{"header", "X-Empty", "exists", "", ""},
		{"header", "X-Missing", "exists", "", "found nothing"},
		{"header", "X-Missing", "absent", "", ""},
		{"header", "X-Two", "absent", "", `found "first"`},
		{"header", "X-Missing", "equals", `""`, "found nothing"},
		{"header", "X-Missing", "not_equals", `"x"`, "found nothing"},

		{"body", "", "contains", `"Ada"`, ""},
		{"body", "", "contains", "9007199254740993", ""},
		{"body", "", "not_contains", `"Bob"`, ""},
		{"body", "", "matches", `"(?s)^\\{.*\\}$"`, ""},
		{"body", "", "equals", sample, ""},
		{"body", "", "equals", `{}`, `found "{\n`},
		{"body", "", "not_equals", `"x"`, ""},

		{"json", "$.id", "equals", "9007199254740993", ""},
		{"json", "$.id", "equals", "9007199254740992", "found 9007199254740993"},
		{"json", "$.id", "greater_than", "9007199254740992", ""},
		{"json", "$.id", "equals", `"9007199254740993"`, "found 9007199254740993"},
		{"json", "$.id", "equals", `"{{ID}}"`, ""},
		{"json", "$.price", "equals", "10", ""},
		{"json", "$.price", "equals", "1e1", ""},
		{"json", "$.price", "in", "[1, 10]", ""},
		{"json", "$.price", "less_than", "10.000001", ""},
		{"json", "$.price", "less_than", "10", "found 10.00"},
		{"json", "$.tiny", "greater_than", "0", ""},
		{"json", "$.name", "less_than", "5", `found "Ada \"the first\""`},
		{"json", "$.name", "equals", `"Ada \"the first\""`, ""},
		{"json", "$.name", "contains", `"first"`, ""},
		{"json", "$.name", "matches", `"^Ada"`, ""},
		{"json", "$.price", "matches", `"^10\\.00$"`, ""},
		{"json", "$.ok", "equals", "true", ""},
		{"json", "$.ok", "equals", `"{{TRUE}}"`, ""},
		{"json", "$.ok", "equals", `"true"`, "found true"},
		{"json", "$.ok", "equals", "1", "found true"},
		{"json", "$.none", "equals", "null", ""},
		{"json", "$.none", "exists", "", ""},
		{"json", "$.none", "absent", "", "found null"},
		{"json", "$.missing", "equals", "null", "found nothing"},
		{"json", "$.missing", "not_equals", "1", "found nothing"},
		{"json", "$.missing", "absent", "", ""},
		{"json", "$.missing", "exists", "", "found nothing"},
		{"json", "$.tags", "equals", `["a","b",3.0]`, ""},
		{"json", "$.tags", "equals", `["b","a",3]`, `found ["a","b",3]`},
		{"json", "$.tags", "equals", `[["a","b",3]]`, `found ["a","b",3]`},
		{"json", "$.tags", "contains", `"a"`, ""},
		{"json", "$.tags", "contains", "3", ""},
		{"json", "$.tags", "not_contains", `"c"`, ""},
		{"json", "$.tags[-1]", "equals", "3", ""},
		{"json", "$.nested", "equals", `{"a":{"deep":"x"},"z":1.0}`, ""},
		{"json", "$.nested", "equals", `{"a":{"deep":"x"}}`, `found {"z":1,"a":{"deep":"x"}}`},
		{"json", "$.nested", "contains", `"z"`, ""},
		{"json", "$.nested", "contains", `"y"`, `found {"z":1,"a":{"deep":"x"}}`},
		{"json", "$..deep", "equals", `"x"`, ""},
		{"json", "$['a.b']", "equals", `"dotted"`, ""},
		{"json", "$.twice", "equals", "2", ""},
		{"json", "$", "contains", `"id"`, ""},
		{"json", "$.items[*].id", "equals", "[1,2,3]", ""},
		{"json", "$.items[*].on", "equals", "true", ""},
		{"json", "$.items[*].id", "less_than", "4", ""},
		{"json", "$.items[*].id", "less_than", "3", "found 3 values: [1,2,3]"},
		{"json", "$.items[*].id", "not_equals", "2", "found 3 values: [1,2,3]"},
		{"json", "$.items[?(@.id == 2)].name", "equals", `"two"`, ""},
		{"json", "$.items[?(@.price > 1.4 && @.price < 2)].name", "equals", `"one"`, ""},
		{"json", "$.items[?(@.price)].id", "equals", "[1,2]", ""},
		{"json", "$.items[?(@.name =~ /^t/)].id", "equals", "[2,3]", ""},
		{"json", "$.items[?(@.id == 9)]", "absent", "", ""},
		{"json", "$.empty[*]", "equals", "[]", "found nothing"},
		{"json", "$.items[0:2].name", "equals", `["one","two"]`, ""},

		{"schema", "", "", `{"type":"object","required":["id","name"],"properties":{"id":{"type":"integer"},"name":{"type":"string"}}}`, ""},
		{"schema", "", "", `{"properties":{"id":{"type":"string"},"ok":{"const":false}},"required":["gone"]}`, "at /id got number, want string; at /ok value must be false; at the root missing property 'gone'"},
		{"schema", "", "", `{"properties":{"name":{"format":"email"}}}`, "at /name 'Ada \"the first\"' is not valid email"},
		{"schema", "", "", `{"properties":{"items":{"items":{"$ref":"#/$defs/item"}}},"$defs":{"item":{"required":["price"]}}}`, "at /items/2 missing property 'price'"},
		{"schema", "", "", `{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"id":{"maximum":5,"exclusiveMaximum":true}}}`, "at /id "},
		{"schema", "", "", `{"properties":{"id":{"const":"{{ID}}"}}}`, "at /id value must be '9007199254740993'"},
		{"schema", "", "", "true", ""},
		{"schema", "", "", "false", "at the root "},

		{"latency", "", "", "60000", ""},
		{"latency", "", "", `"{{LIMIT}}"`, ""},
	} {
		t.Run(strings.Join([]string{tc.source, tc.name, tc.op, tc.value[:min(len(tc.value), 30)]}, " "), func(t *testing.T) {
			t.Parallel()
			j := job(models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion(tc.source, tc.name, tc.op, tc.value)}})
			j.Run.Parameters = map[string]string{"STATUS": "201", "ID": "9007199254740993", "TRUE": "true", "LIMIT": "60000"}
			require.NoError(t, runner.Check(j.Case))
			o := runJob(t, options(), j)
			result := o.Report.Assertions[0]
			if tc.want == "" {
				require.Equal(t, models.StatusSuccess, o.Status, o.Message)
				return
			}
			require.Equal(t, models.StatusFailure, o.Status)
			require.True(t, strings.HasPrefix(strings.ReplaceAll(result.Message, `\n`, `\n`), tc.want), result.Message)
		})
	}
}

func TestAssertionsAreNamedInWords(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, `{"a":1}`))
	for want, a := range map[string]models.Assertion{
		"status equals 200":                assertion("status", "", "", "200"),
		"status in [200,204]":              assertion("status", "", "in", "[200, 204]"),
		`header Content-Type contains "x"`: assertion("header", "Content-Type", "contains", `"x"`),
		"header X is absent":               assertion("header", "X", "absent", ""),
		`body not contains "b"`:            assertion("body", "", "not_contains", `"b"`),
		"json $.a greater than 0":          assertion("json", "$.a", "greater_than", "0"),
		"json $.a exists":                  assertion("json", "$.a", "exists", ""),
		"body conforms to the schema":      assertion("schema", "", "", "{}"),
		"latency less than 500 ms":         assertion("latency", "", "", "500"),
		"tls_days_left greater than 14":    assertion("tls_days_left", "", "", "14"),
	} {
		o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{a}})
		require.Equal(t, want, o.Report.Assertions[0].Name)
	}
}

func TestBodiesThatAreNoJSONFailJSONAssertions(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"<html>":                            "the body is not JSON: invalid character '<'",
		"":                                  "the body is not JSON: it is empty",
		" \n":                               "the body is not JSON: it is empty",
		`{"a":1} x`:                         "the body is not JSON: invalid character 'x' after top-level value",
		`{"a":`:                             "the body is not JSON: unexpected end of JSON input",
		strings.Repeat("[", 20_000_000/100): "the body is not JSON: invalid character '[' exceeded max depth",
	} {
		s := serve(t, respond(200, body))
		for _, a := range []models.Assertion{assertion("json", "$.a", "absent", ""), assertion("json", "$", "exists", "")} {
			o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{a}})
			require.Equal(t, models.StatusFailure, o.Status)
			require.Contains(t, o.Message, want)
		}
		o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("schema", "", "", "{}")}})
		require.Equal(t, models.StatusFailure, o.Status, body[:min(10, len(body))])
		require.Contains(t, o.Message, "the body is not JSON: ")
	}
}

func TestJSONWithAByteOrderMarkIsRead(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, "\ufeff{\"a\":1}"))
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{
		assertion("json", "$.a", "", "1"), assertion("schema", "", "", `{"required":["a"]}`),
	}})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
}

func TestNumbersOfAnySizeAreCompared(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, `{"big":123456789012345678901234567890,"vast":1e999999999,"neg":-0.0,"f":0.1}`))
	pass := []models.Assertion{
		assertion("json", "$.big", "", "123456789012345678901234567890"),
		assertion("json", "$.big", "", "123456789012345678901234567890.000"),
		assertion("json", "$.big", "not_equals", "123456789012345678901234567891"),
		assertion("json", "$.big", "less_than", "123456789012345678901234567891"),
		assertion("json", "$.vast", "greater_than", "1e308"),
		assertion("json", "$.neg", "", "0"),
		assertion("json", "$.f", "", "1e-1"),
		assertion("schema", "", "", `{"properties":{"big":{"type":"integer"}}}`),
	}
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: pass})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	// The library gives up on such exponents; that must be a verdict, not a panic.
	o = run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{
		assertion("schema", "", "", `{"properties":{"vast":{"type":"integer","maximum":1,"multipleOf":2}}}`),
	}})
	require.Equal(t, models.StatusFailure, o.Status)
}

func TestPathsThatWouldNotEndAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, `[`+strings.Repeat("[],", 50_000)+`[]]`))
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("json", "$..[?($..x == @.y)]", "exists", "")}})
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "too costly for a body of 50002 values")
	o = run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("json", "$[?(@.x =~ /.*:.*/ && @.y == '$..*')]", "absent", "")}})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
}

func TestCapturesBecomeOutputs(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(201, `{"token":"t-1","n":1.0,"ok":false,"none":null,"list":[1,{"b":2,"a":1}],"many":[{"v":"x"},{"v":"y"}]}`, "Location: /things/7", "Set-Cookie: sid=verysecret"))
	o := run(t, models.HTTPSpec{URL: s.URL, Captures: []models.Capture{
		{Name: "STATUS", Source: "status"},
		{Name: "LOCATION", Source: "header", Expr: "location"},
		{Name: "TOKEN", Source: "json", Expr: "$.token"},
		{Name: "N", Source: "json", Expr: "$.n"},
		{Name: "OK", Source: "json", Expr: "$.ok"},
		{Name: "NONE", Source: "json", Expr: "$.none"},
		{Name: "LIST", Source: "json", Expr: "$.list"},
		{Name: "FIRST", Source: "json", Expr: "$.many[*].v"},
		{Name: "GROUP", Source: "body", Expr: `"token":"([^"]+)"`},
		{Name: "WHOLE", Source: "body", Expr: `t-[0-9]`},
		{Name: "COOKIE", Source: "header", Expr: "set-cookie"},
	}})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Equal(t, map[string]string{
		"STATUS": "201", "LOCATION": "/things/7", "TOKEN": "t-1", "N": "1.0", "OK": "false", "NONE": "null",
		"LIST": `[1,{"b":2,"a":1}]`, "FIRST": "x", "GROUP": "t-1", "WHOLE": "t-1", "COOKIE": models.Mask,
	}, o.Report.Outputs)
}

func TestCapturesThatFindNothingFail(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, `{"long":"`+strings.Repeat("x", models.MaxVariableValue+1)+`"}`))
	for want, c := range map[string]models.Capture{
		"capture X from header Location: found nothing":                              {Source: "header", Expr: "Location"},
		"capture X from json $.gone: found nothing":                                  {Source: "json", Expr: "$.gone"},
		"capture X from body nothing: found nothing":                                 {Source: "body", Expr: "nothing"},
		"capture X from json $.long: the value is larger than 65536 bytes, the most": {Source: "json", Expr: "$.long"},
	} {
		c.Name = "X"
		o := run(t, models.HTTPSpec{URL: s.URL, Captures: []models.Capture{c}})
		require.Equal(t, models.StatusFailure, o.Status)
		require.Contains(t, o.Message, want)
		require.Empty(t, o.Report.Outputs)
	}
	plain := serve(t, respond(200, "hello"))
	o := run(t, models.HTTPSpec{URL: plain.URL, Captures: []models.Capture{{Name: "X", Source: "json", Expr: "$.x"}}})
	require.Contains(t, o.Message, "capture X from json $.x: the body is not JSON")
}

func TestCheckNamesEachBadField(t *testing.T) {
	t.Parallel()
	spec := models.HTTPSpec{
		URL:     "http://{{BASE}/x",
		Headers: []models.NameValue{{Name: "Transfer-Encoding", Value: "{{no good}}"}, {Name: "X-{{}}", Value: ""}},
		Query:   []models.NameValue{{Name: "q", Value: "{{$guid}}"}},
		Body:    &models.HTTPBody{Mode: "json", JSON: json.RawMessage(`{"{{a b}}": ["{{ok}}", "{{"]}`)},
		Auth:    &models.HTTPAuth{Type: "bearer", Token: "{{"},
		Assertions: []models.Assertion{
			assertion("json", "a.b", "exists", ""),
			assertion("json", "$.a[?(@.b ==", "exists", ""),
			assertion("json", "$.a..", "exists", ""),
			assertion("json", "$."+strings.Repeat("a", 1000), "exists", ""),
			assertion("schema", "", "", `{"type":"objekt"}`),
			assertion("schema", "", "", `{"$ref":"https://example.com/schema.json"}`),
			assertion("schema", "", "", `{"$ref":"file:///etc/passwd"}`),
			assertion("schema", "", "", `{"$ref":"#/$defs/gone"}`),
			assertion("schema", "", "", `{"$schema":"https://example.com/meta"}`),
			assertion("schema", "", "", `{"pattern":"(?=x)"}`),
			assertion("body", "", "contains", `"{{x y}}"`),
			assertion("json", "$.a[(@.length-1)]", "exists", ""),
		},
		Captures: []models.Capture{{Name: "X", Source: "json", Expr: "$x"}},
	}
	err := runner.Check(models.Case{Kind: models.KindHTTP, HTTP: &spec})
	var inv *models.Invalid
	require.ErrorAs(t, err, &inv)
	got := map[string]string{}
	for _, f := range inv.Fields {
		got[f.Field] += f.Message + "|"
	}
	for field, want := range map[string]string{
		"http.url":                  "has {{ without }}; write a variable as {{NAME}}",
		"http.headers[0].value":     "has {{no good}}, which is not a variable; use letters",
		"http.headers[0].name":      "Transfer-Encoding is set by itself; remove it",
		"http.headers[1].name":      "has {{}}, which is not a variable",
		"http.query[0].value":       "has {{$guid}}, which is not a variable",
		"http.body.json":            "has {{a b}}, which is not a variable; use letters, digits, '_', '.' and '-' in its name, starting with a letter or '_'|has {{ without }}",
		"http.auth.token":           "has {{ without }}",
		"http.assertions[0].name":   "is not a JSONPath; start with $. or $[",
		"http.assertions[1].name":   "is not a JSONPath: ",
		"http.assertions[2].name":   "ends in '..'; name what to look for after it",
		"http.assertions[3].name":   "must not be longer than 1000 bytes",
		"http.assertions[4].value":  "is not a JSON Schema: at /type got string, want array; at /type value must be one of",
		"http.assertions[5].value":  "refers to https://example.com/schema.json, but references to other documents are not followed",
		"http.assertions[6].value":  "refers to file:///etc/passwd, but references to other documents are not followed",
		"http.assertions[7].value":  "is not a JSON Schema: ",
		"http.assertions[8].value":  "refers to https://example.com/meta, but",
		"http.assertions[9].value":  "is not a JSON Schema: ",
		"http.assertions[10].value": "has {{x y}}, which is not a variable",
		"http.assertions[11].name":  "is not a JSONPath: ",
		"http.captures[0].expr":     "is not a JSONPath; start with $. or $[",
	} {
		require.Contains(t, got[field], want, field)
		delete(got, field)
	}
	require.Empty(t, got, "nothing else is wrong")
}

func TestCheckAcceptsWhatRunsAndOtherKinds(t *testing.T) {
	t.Parallel()
	require.NoError(t, runner.Check(models.Case{Kind: "postman"}))
	require.NoError(t, runner.Check(models.Case{Kind: models.KindHTTP}))
	spec := models.HTTPSpec{
		URL:  "{{BASE}}/{{a.b-c_1}}",
		Body: &models.HTTPBody{Mode: "raw", Raw: `{"a":{"b":{{N}}}} }} {{{x}}}`},
		Assertions: []models.Assertion{
			assertion("json", "$", "exists", ""),
			assertion("json", "$..book[?(@.price < 10)].title", "exists", ""),
			assertion("schema", "", "", `{"$schema":"https://json-schema.org/draft/2019-09/schema","$ref":"#/$defs/x","$defs":{"x":{}}}`),
		},
	}
	require.NoError(t, runner.Check(models.Case{Kind: models.KindHTTP, HTTP: &spec}))
}
