package models

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Limits on an HTTP case.
const (
	MaxHTTPBody     = 1 << 20
	MaxHTTPPairs    = 100
	MaxAssertions   = 100
	MaxCaptures     = 64
	MaxHTTPRedirect = 20
)

// HTTPSpec is the request of an HTTP case with its assertions and captures. {{name}} stands for a
// variable in the URL, in names and values of headers and query, in the body, in credentials and in
// the values of assertions.
type HTTPSpec struct {
	Method          string      `json:"method,omitempty" default:"GET"`
	URL             string      `json:"url" example:"{{BASE_URL}}/health"`
	Headers         []NameValue `json:"headers,omitempty"`
	Query           []NameValue `json:"query,omitempty" doc:"Added to the query of the URL"`
	Body            *HTTPBody   `json:"body,omitempty"`
	Auth            *HTTPAuth   `json:"auth,omitempty"`
	FollowRedirects *bool       `json:"follow_redirects,omitempty" doc:"Default true"`
	MaxRedirects    int         `json:"max_redirects,omitempty" doc:"Default 10"`
	VerifyTLS       *bool       `json:"verify_tls,omitempty" doc:"Default true"`
	Assertions      []Assertion `json:"assertions,omitempty" doc:"None: the status must be below 400"`
	Captures        []Capture   `json:"captures,omitempty"`
}

// NameValue is a header, a query parameter or a form field.
type NameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The modes of a request body.
const (
	BodyJSON = "json"
	BodyForm = "form"
	BodyRaw  = "raw"
)

// HTTPBody is what the request sends.
type HTTPBody struct {
	Mode        string          `json:"mode" enum:"json,form,raw"`
	JSON        json.RawMessage `json:"json,omitempty" doc:"Any JSON value, for mode json"`
	Form        []NameValue     `json:"form,omitempty" doc:"URL-encoded fields, for mode form"`
	Raw         string          `json:"raw,omitempty" doc:"Text sent as it is, for mode raw"`
	ContentType string          `json:"content_type,omitempty" doc:"Default: by mode"`
}

// The types of authentication.
const (
	AuthBasic  = "basic"
	AuthBearer = "bearer"
)

// HTTPAuth adds an Authorization header. Its password and token are secrets.
type HTTPAuth struct {
	Type     string `json:"type" enum:"basic,bearer"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty" doc:"Answered as ******"`
	Token    string `json:"token,omitempty" doc:"Answered as ******"`
}

var httpMethodRE = regexp.MustCompile(`^[A-Za-z]{1,20}$`)

// Validate checks everything that does not need variables resolved. JSONPath and JSON Schema are
// checked by the package that evaluates them.
func (s *HTTPSpec) Validate() error {
	var c Check
	c.Require(s.Method == "" || httpMethodRE.MatchString(s.Method), "method", "must be letters only, such as GET")
	c.Require(!strings.EqualFold(s.Method, http.MethodConnect), "method", "CONNECT is not supported")
	s.checkURL(&c)
	checkPairs(&c, "headers", s.Headers, true)
	checkPairs(&c, "query", s.Query, false)
	c.Require(s.MaxRedirects >= 0 && s.MaxRedirects <= MaxHTTPRedirect, "max_redirects", "must be between 0 and %d", MaxHTTPRedirect)
	if s.Body != nil {
		c.Join("body", s.Body.validate())
	}
	if s.Auth != nil {
		c.Require(s.Auth.Type == AuthBasic || s.Auth.Type == AuthBearer, "auth.type", "must be basic or bearer")
		c.Require(s.Auth.Type != AuthBearer || s.Auth.Token != "", "auth.token", "is required for bearer")
		c.Require(s.Auth.Type != AuthBasic || s.Auth.Username != "", "auth.username", "is required for basic")
	}
	c.Require(len(s.Assertions) <= MaxAssertions, "assertions", "must not have more than %d entries", MaxAssertions)
	for i, a := range s.Assertions {
		c.Join(fmt.Sprintf("assertions[%d]", i), a.validate())
	}
	c.Require(len(s.Captures) <= MaxCaptures, "captures", "must not have more than %d entries", MaxCaptures)
	captured := map[string]bool{}
	for i, cp := range s.Captures {
		at := fmt.Sprintf("captures[%d]", i)
		c.Join(at, cp.validate())
		c.Require(!captured[cp.Name], at+".name", "%q is captured twice", cp.Name)
		captured[cp.Name] = true
	}
	return c.Err()
}

// checkURL can judge only what stands outside of {{variables}}.
func (s *HTTPSpec) checkURL(c *Check) {
	if strings.Contains(s.URL, "{{") {
		c.Require(len(s.URL) <= MaxURL, "url", "must not be longer than %d bytes", MaxURL)
		c.Require(!strings.ContainsAny(s.URL, "\r\n\t\x00"), "url", "must not contain control characters")
		return
	}
	checkHTTPURL(c, "url", s.URL)
}

func checkPairs(c *Check, field string, pairs []NameValue, header bool) {
	c.Require(len(pairs) <= MaxHTTPPairs, field, "must not have more than %d entries", MaxHTTPPairs)
	for i, p := range pairs {
		at := fmt.Sprintf("%s[%d]", field, i)
		c.Require(p.Name != "", at+".name", "must not be empty")
		if header && !strings.Contains(p.Name, "{{") && p.Name != "" {
			c.Require(httpguts.ValidHeaderFieldName(p.Name), at+".name", "%q is not a header name", p.Name)
		}
		c.Require(!header || httpguts.ValidHeaderFieldValue(p.Value), at+".value", "contains characters that a header cannot carry")
		c.Require(len(p.Value) <= MaxVariableValue, at+".value", "must not be longer than %d bytes", MaxVariableValue)
	}
}

func (b *HTTPBody) validate() error {
	var c Check
	switch b.Mode {
	case BodyJSON:
		c.Require(len(b.JSON) > 0, "json", "is required for mode json")
		c.Require(len(b.Form) == 0, "form", "does not go with mode json")
		c.Require(b.Raw == "", "raw", "does not go with mode json")
	case BodyForm:
		checkPairs(&c, "form", b.Form, false)
		c.Require(len(b.JSON) == 0, "json", "does not go with mode form")
		c.Require(b.Raw == "", "raw", "does not go with mode form")
	case BodyRaw:
		c.Require(len(b.JSON) == 0, "json", "does not go with mode raw")
		c.Require(len(b.Form) == 0, "form", "does not go with mode raw")
	default:
		c.Addf("mode", "must be json, form or raw")
	}
	c.Require(len(b.JSON)+len(b.Raw) <= MaxHTTPBody, "", "must not be larger than %d bytes", MaxHTTPBody)
	c.Require(httpguts.ValidHeaderFieldValue(b.ContentType), "content_type", "contains characters that a header cannot carry")
	return c.Err()
}

func (s HTTPSpec) masked() HTTPSpec {
	if s.Auth == nil {
		return s
	}
	auth := *s.Auth
	auth.Password = maskUnlessReference(auth.Password)
	auth.Token = maskUnlessReference(auth.Token)
	s.Auth = &auth
	return s
}

func (s *HTTPSpec) unmask(old HTTPSpec) {
	if s.Auth == nil || old.Auth == nil {
		return
	}
	if s.Auth.Password == Mask {
		s.Auth.Password = old.Auth.Password
	}
	if s.Auth.Token == Mask {
		s.Auth.Token = old.Auth.Token
	}
}

var referenceRE = regexp.MustCompile(`^\{\{[^{}]+\}\}$`)

// maskUnlessReference hides a literal; a single {{variable}} is no secret and stays readable.
func maskUnlessReference(value string) string {
	if value == "" || referenceRE.MatchString(value) {
		return value
	}
	return Mask
}
