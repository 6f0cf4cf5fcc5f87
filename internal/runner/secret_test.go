package runner_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// The secrets of these tests have characters that every encoding writes in its own way.
const (
	envSecret      = `env/s3cr3t "<&>" ü+=%`
	caseSecret     = `case\s3cr3t 'x' ;?#`
	password       = `pass:w0rd/ä "q"`
	token          = `tok-s3cr3t-77/=+`
	captured       = `captured "s3cr3t" /y`
	parameter      = `override s3cr3t/9`
	overridden     = `overridden-s3cr3t`
	nestedPart     = `nested-s3cr3t`
	sessionCookie  = `cookie-s3cr3t`
	headerPassword = `x-api-s3cr3t`
)

var allSecrets = []string{envSecret, caseSecret, password, token, captured, parameter, overridden, nestedPart, sessionCookie, headerPassword}

// secretJob has every kind of secret; each is used in the URL, a header and the body.
func secretJob(target string) models.CaseJob {
	all := "{{ENV}}|{{CASE}}|{{OVER}}|{{NESTED}}"
	j := job(models.HTTPSpec{
		Method:  "POST",
		URL:     target + "/echo/{{CASE_PATH}}?raw={{CASE_QUERY}}",
		Query:   []models.NameValue{{Name: "{{ENV}}", Value: all}},
		Headers: []models.NameValue{{Name: "X-Tokens", Value: all}, {Name: "X-Api-Key", Value: headerPassword}, {Name: "Cookie", Value: "sid=" + sessionCookie}},
		Auth:    &models.HTTPAuth{Type: models.AuthBasic, Username: "user", Password: "{{PASSWORD}}"},
		Body:    &models.HTTPBody{Mode: models.BodyJSON, JSON: json.RawMessage(`{"all":"` + all + `"}`)},
		Captures: []models.Capture{
			{Name: "HIDDEN", Source: "json", Expr: "$.issued", Secret: true},
			{Name: "COOKIE", Source: "header", Expr: "Set-Cookie"},
			{Name: "OPEN", Source: "json", Expr: "$.plain"},
		},
	})
	j.Case.Variables = []models.CaseVariable{
		{Name: "CASE", Type: models.VariableSecret, Value: caseSecret},
		{Name: "OVER", Type: models.VariableSecret, Value: overridden},
		{Name: "NESTED", Value: "prefix {{INNER}} suffix"},
		{Name: "INNER", Type: models.VariableSecret, Value: nestedPart},
		{Name: "TOKEN", Type: models.VariableSecret, Value: token},
		{Name: "CASE_PATH", Value: "{{CASE}}"},
		{Name: "CASE_QUERY", Value: "{{CASE}}"},
		{Name: "PASSWORD", Value: password}, // not marked: the field makes it a secret
	}
	j.Environment = &models.Environment{Values: []models.EnvValue{{Key: "ENV", Value: envSecret, Type: models.ValueSecret}}}
	j.Run.Parameters = map[string]string{"OVER": parameter}
	return j
}

// echo answers all that it was sent, in every encoding, and issues a secret of its own.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var lines []string
	for name, values := range r.Header {
		lines = append(lines, name+"="+strings.Join(values, ","))
	}
	lines = append(lines, r.URL.String(), r.URL.Path, string(body))
	for _, s := range allSecrets {
		quoted, _ := json.Marshal(s)
		lines = append(lines, s, url.QueryEscape(s), url.PathEscape(s), strings.ToLower(url.PathEscape(s)), html.EscapeString(s),
			string(quoted), strings.ReplaceAll(string(quoted), "/", `\/`), strings.ReplaceAll(string(quoted), "ü", `\u00fc`), strconv.Quote(s), strconv.QuoteToASCII(s),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)))
	}
	for _, line := range lines {
		w.Header().Add("X-Echo", strings.NewReplacer("\r", "", "\n", "").Replace(line))
	}
	w.Header().Set("Set-Cookie", "sid="+sessionCookie)
	document, _ := json.Marshal(map[string]any{"issued": captured, "plain": "open value with " + envSecret, "lines": lines})
	_, _ = w.Write(document)
}

// requireNoSecret searches everything that an outcome holds.
func requireNoSecret(t *testing.T, o runner.Outcome) {
	t.Helper()
	quoted, err := json.Marshal(o)
	require.NoError(t, err)
	var walk func(v any)
	texts := []string{string(quoted)}
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for key, item := range v {
				texts = append(texts, key)
				walk(item)
			}
		}
	}
	var decoded any
	require.NoError(t, json.Unmarshal(quoted, &decoded))
	walk(decoded)
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + password))
	forbidden := []string{"s3cr3t", "w0rd", strings.TrimRight(basic, "=")}
	for _, s := range allSecrets {
		forbidden = append(forbidden, s, url.QueryEscape(s), url.PathEscape(s), base64.RawStdEncoding.EncodeToString([]byte(s)))
	}
	for _, text := range texts {
		for _, part := range forbidden {
			if before, after, found := strings.Cut(text, part); found {
				require.Fail(t, "a secret leaks", "%s >>>%s<<< %s", before[max(0, len(before)-60):], part, after[:min(60, len(after))])
			}
		}
	}
}

func TestNoSecretLeavesTheRunner(t *testing.T) {
	t.Parallel()
	s := serve(t, echo)
	t.Run("success", func(t *testing.T) {
		t.Parallel()
		o := runJob(t, options(), secretJob(s.URL))
		require.Equal(t, models.StatusSuccess, o.Status, o.Message)
		requireNoSecret(t, o)
		require.Equal(t, map[string]string{"HIDDEN": models.Mask, "COOKIE": models.Mask, "OPEN": "open value with " + models.Mask}, o.Report.Outputs)
		x := o.Report.Exchanges[0]
		for _, name := range []string{"Authorization", "Cookie", "X-Api-Key"} {
			require.Contains(t, x.RequestHeaders, models.NameValue{Name: name, Value: models.Mask})
		}
		require.Contains(t, x.RequestHeaders, models.NameValue{Name: "X-Tokens", Value: "******|******|******|prefix ****** suffix"})
		require.Contains(t, x.ResponseHeaders, models.NameValue{Name: "Set-Cookie", Value: models.Mask})
		require.Equal(t, `{"all":"******|******|******|prefix ****** suffix"}`, x.RequestBody.Text)
		require.Contains(t, x.ResponseBody.Text, models.Mask)
	})
	t.Run("failed assertions", func(t *testing.T) {
		t.Parallel()
		j := secretJob(s.URL)
		all := `"{{ENV}}{{CASE}}{{OVER}}{{NESTED}}{{PASSWORD}}"`
		for _, a := range []models.Assertion{
			assertion("status", "", "in", `[1, `+all+`]`),
			assertion("header", "X-Echo", "", all),
			assertion("header", "X-Echo", "absent", ""),
			assertion("header", "Set-Cookie", "", `"sid"`),
			assertion("header", "Set-Cookie", "", `"sid=`+sessionCookie+`x"`),
			assertion("body", "", "", all),
			assertion("body", "", "contains", all),
			assertion("json", "$.issued", "", all),
			assertion("json", "$.lines", "", all),
			assertion("json", "$.lines[*]", "", all),
			assertion("json", "$.plain", "matches", `"^{{INNER}}$"`),
			assertion("schema", "", "", `{"properties":{"issued":{"const":`+all+`},"plain":{"enum":[`+all+`]},"lines":{"items":{"maxLength":3,"pattern":"^{{INNER}}$"}}}}`),
		} {
			one := j
			spec := *j.Case.HTTP
			spec.Assertions = []models.Assertion{a}
			one.Case.HTTP = &spec
			o := runner.New(options()).Run(t.Context(), one)
			checkOutcome(t, o)
			require.Equal(t, models.StatusFailure, o.Status, "%s %s", a.Source, a.Op)
			requireNoSecret(t, o)
		}
	})
	t.Run("redirects", func(t *testing.T) {
		t.Parallel()
		from := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "sid="+sessionCookie)
			http.Redirect(w, r, s.URL+"/"+url.PathEscape(envSecret)+"?q="+url.QueryEscape(caseSecret), http.StatusTemporaryRedirect)
		})
		o := runJob(t, options(), secretJob(from.URL))
		require.Equal(t, models.StatusSuccess, o.Status, o.Message)
		require.Len(t, o.Report.Exchanges, 2)
		requireNoSecret(t, o)
	})
	t.Run("bad redirect", func(t *testing.T) {
		t.Parallel()
		from := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "ftp://x/"+envSecret+token)
			w.WriteHeader(http.StatusFound)
		})
		j := secretJob(from.URL)
		j.Case.HTTP.Auth = &models.HTTPAuth{Type: models.AuthBearer, Token: token}
		o := runJob(t, options(), j)
		require.Equal(t, models.StatusFailure, o.Status)
		requireNoSecret(t, o)
	})
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		o := runJob(t, options(), secretJob("http://127.0.0.1:1"))
		require.Equal(t, models.StatusFailure, o.Status)
		requireNoSecret(t, o)
		o = runJob(t, options(), secretJob("http://{{INNER}}.invalid"))
		require.Equal(t, models.StatusFailure, o.Status)
		requireNoSecret(t, o)
	})
	t.Run("refused by policy", func(t *testing.T) {
		t.Parallel()
		opts := options()
		opts.Control = func(string, string, syscall.RawConn) error { return errors.New("no " + nestedPart) }
		requireNoSecret(t, runJob(t, opts, secretJob(s.URL)))
	})
	t.Run("errors of the definition", func(t *testing.T) {
		t.Parallel()
		for i, breakIt := range []func(*models.HTTPSpec){
			func(h *models.HTTPSpec) { h.URL = "{{ENV}}" },
			func(h *models.HTTPSpec) { h.URL = "http://{{CASE}} {{OVER}}/" },
			func(h *models.HTTPSpec) { h.URL = "http://h:{{INNER}}/" },
			func(h *models.HTTPSpec) { h.Headers = []models.NameValue{{Name: "{{ENV}}"}} },
			func(h *models.HTTPSpec) { h.Headers = []models.NameValue{{Name: "Host", Value: "{{PASSWORD}}/"}} },
			func(h *models.HTTPSpec) {
				h.Assertions = []models.Assertion{assertion("body", "", "matches", `"({{INNER}}"`)}
			},
			func(h *models.HTTPSpec) {
				h.Assertions = []models.Assertion{assertion("status", "", "", `"{{CASE}}"`), assertion("latency", "", "", `"{{ENV}}"`)}
			},
			func(h *models.HTTPSpec) {
				h.Assertions = []models.Assertion{assertion("schema", "", "", `{"$ref":"http://x/{{INNER}}"}`)}
			},
		} {
			j := secretJob(s.URL)
			breakIt(j.Case.HTTP)
			o := runner.New(options()).Run(t.Context(), j)
			checkOutcome(t, o)
			require.Equal(t, models.StatusError, o.Status, i)
			requireNoSecret(t, o)
		}
	})
}

func TestSecretsAtTheEdgeOfTheReportAreHidden(t *testing.T) {
	t.Parallel()
	secret := "s3cr3t-s3cr3t-s3cr3t"
	for shift := range 2 * len(secret) {
		s := serve(t, respond(200, strings.Repeat("x", shift)+strings.Repeat(secret, 5)+"tail"))
		j := job(models.HTTPSpec{URL: s.URL})
		j.Case.Variables = []models.CaseVariable{{Name: "S", Type: models.VariableSecret, Value: secret}}
		o := runJob(t, runner.Options{ReportBody: 40}, j)
		text := o.Report.Exchanges[0].ResponseBody.Text
		require.NotContains(t, text, "s3c", "shift %d: %s", shift, text)
		require.LessOrEqual(t, len(text), 40)
		require.True(t, o.Report.Exchanges[0].ResponseBody.Truncated)
	}
}

func TestLongerSecretsAreHiddenAsAWhole(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, "a=abcd b=abcdefgh c=bcde"))
	j := job(models.HTTPSpec{URL: s.URL})
	j.Case.Variables = []models.CaseVariable{
		{Name: "A", Type: models.VariableSecret, Value: "abcd"},
		{Name: "B", Type: models.VariableSecret, Value: "abcdefgh"},
		{Name: "C", Type: models.VariableSecret, Value: "bcde"},
	}
	o := runJob(t, options(), j)
	require.Equal(t, "a=****** b=****** c=******", o.Report.Exchanges[0].ResponseBody.Text)
}

func TestVeryShortSecretsAreNotSearchedFor(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, "a cat sat on a mat"))
	j := job(models.HTTPSpec{URL: s.URL, Headers: []models.NameValue{{Name: "Authorization", Value: "{{S}}"}}})
	j.Case.Variables = []models.CaseVariable{{Name: "S", Type: models.VariableSecret, Value: "cat"}, {Name: "E", Type: models.VariableSecret}}
	o := runJob(t, options(), j)
	require.Equal(t, "a cat sat on a mat", o.Report.Exchanges[0].ResponseBody.Text)
	require.Contains(t, o.Report.Exchanges[0].RequestHeaders, models.NameValue{Name: "Authorization", Value: models.Mask})
}

func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range 300 {
			w.Header().Set(fmt.Sprintf("X-%03d", i), "v")
		}
		w.Header().Set("A-Long", strings.Repeat("y", 100_000))
		w.Header().Set("A-Middle", strings.Repeat("z", 5000))
		if r.URL.Path == "/start" {
			w.Header().Set("Location", "/end")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		_, _ = io.WriteString(w, strings.Repeat("z", 200_000))
	})
	o := run(t, models.HTTPSpec{
		Method: "POST", URL: s.URL + "/start", Body: &models.HTTPBody{Mode: "raw", Raw: strings.Repeat("r", 100_000)},
		Captures: []models.Capture{{Name: "X", Source: "header", Expr: "A-Middle"}},
	})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	first, last := o.Report.Exchanges[0], o.Report.Exchanges[1]
	require.Len(t, first.RequestBody.Text, 64<<10)
	require.Equal(t, int64(100_000), first.RequestBody.Size)
	require.True(t, first.RequestBody.Truncated)
	require.Len(t, first.ResponseBody.Text, 4<<10, "bodies in between are kept short")
	require.Len(t, last.RequestBody.Text, 4<<10)
	require.Len(t, last.ResponseBody.Text, 64<<10)
	require.Equal(t, int64(200_000), last.ResponseBody.Size)
	require.Len(t, last.ResponseHeaders, 200)
	require.Equal(t, strings.Repeat("y", 4<<10)+"…", last.ResponseHeaders[0].Value)
	require.Equal(t, strings.Repeat("z", 4<<10)+"…", o.Report.Outputs["X"])
}
