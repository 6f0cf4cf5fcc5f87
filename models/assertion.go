package models

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// What an assertion looks at.
const (
	AssertStatus  = "status"        // the status code
	AssertHeader  = "header"        // the first value of the header Name
	AssertBody    = "body"          // the body as text
	AssertJSON    = "json"          // the values that the JSONPath Name selects in the body
	AssertSchema  = "schema"        // the body against the JSON Schema in Value
	AssertLatency = "latency"       // milliseconds from the start of the request to the end of the body
	AssertTLSDays = "tls_days_left" // whole days until the server's certificate expires
)

// How an assertion compares.
const (
	OpEquals      = "equals"
	OpNotEquals   = "not_equals"
	OpContains    = "contains"
	OpNotContains = "not_contains"
	OpMatches     = "matches" // regular expression, RE2 syntax
	OpExists      = "exists"
	OpAbsent      = "absent"
	OpLess        = "less_than"
	OpGreater     = "greater_than"
	OpIn          = "in"       // Value is a list
	OpConforms    = "conforms" // JSON Schema
)

// operatorsOf lists which operators each source of an assertion takes.
var operatorsOf = map[string][]string{
	AssertStatus:  {OpEquals, OpNotEquals, OpLess, OpGreater, OpIn},
	AssertHeader:  {OpEquals, OpNotEquals, OpContains, OpNotContains, OpMatches, OpExists, OpAbsent, OpIn},
	AssertBody:    {OpEquals, OpNotEquals, OpContains, OpNotContains, OpMatches},
	AssertJSON:    {OpEquals, OpNotEquals, OpContains, OpNotContains, OpMatches, OpExists, OpAbsent, OpLess, OpGreater, OpIn},
	AssertSchema:  {OpConforms},
	AssertLatency: {OpLess},
	AssertTLSDays: {OpGreater},
}

// Assertion is one expectation on the response.
type Assertion struct {
	Source string          `json:"source" enum:"status,header,body,json,schema,latency,tls_days_left"`
	Name   string          `json:"name,omitempty" doc:"The header's name, or the JSONPath (RFC 9535 style, starting with $)"`
	Op     string          `json:"op,omitempty" enum:"equals,not_equals,contains,not_contains,matches,exists,absent,less_than,greater_than,in,conforms" doc:"Default: equals; conforms for schema, less_than for latency, greater_than for tls_days_left"`
	Value  json.RawMessage `json:"value,omitempty" doc:"What to compare with; a schema for source schema, milliseconds for latency, days for tls_days_left"`
}

// Operator is Op or the default of the source.
func (a Assertion) Operator() string {
	if a.Op != "" {
		return a.Op
	}
	switch a.Source {
	case AssertSchema, AssertLatency, AssertTLSDays:
		return operatorsOf[a.Source][0]
	default:
		return OpEquals
	}
}

// Capture takes a value out of the response and makes it an output of the case.
type Capture struct {
	Name   string `json:"name" doc:"The output's name"`
	Source string `json:"source" enum:"status,header,body,json"`
	Expr   string `json:"expr,omitempty" doc:"The header's name, a JSONPath, or a regular expression whose first group (or whole match) is taken"`
	Secret bool   `json:"secret,omitempty" doc:"Hide the value in reports"`
}

func (a *Assertion) validate() error {
	var c Check
	ops, known := operatorsOf[a.Source]
	if !known {
		c.Addf("source", "must be status, header, body, json, schema, latency or tls_days_left")
		return c.Err()
	}
	op := a.Operator()
	c.Require(slices.Contains(ops, op), "op", "%q does not go with source %s; use %s", op, a.Source, strings.Join(ops, ", "))
	c.Require(a.Source != AssertHeader || httpguts.ValidHeaderFieldName(a.Name), "name", "must be the header's name")
	c.Require(a.Source != AssertJSON || strings.HasPrefix(a.Name, "$"), "name", "must be a JSONPath starting with $")
	if op == OpExists || op == OpAbsent {
		return c.Err()
	}
	a.checkValue(&c, op)
	return c.Err()
}

func (a *Assertion) checkValue(c *Check, op string) {
	var value any
	if len(a.Value) == 0 || json.Unmarshal(a.Value, &value) != nil {
		c.Addf("value", "is required for %s", op)
		return
	}
	text, isText := value.(string)
	number, isNumber := value.(float64)
	list, isList := value.([]any)
	template := isText && strings.Contains(text, "{{")
	switch op {
	case OpLess, OpGreater:
		c.Require(isNumber || template, "value", "must be a number for %s", op)
		c.Require(a.Source != AssertLatency || !isNumber || number > 0, "value", "must be more than 0 milliseconds")
	case OpIn:
		c.Require(len(list) > 0, "value", "must be a list for in, with at least one entry")
	case OpMatches:
		c.Require(isText, "value", "must be a regular expression in quotes")
		if isText && !template {
			_, err := regexp.Compile(text)
			c.Require(err == nil, "value", "is not a regular expression of the RE2 syntax")
		}
	case OpConforms:
		_, isObject := value.(map[string]any)
		_, isBool := value.(bool)
		c.Require(isObject || isBool, "value", "must be a JSON Schema")
	}
	if a.Source == AssertStatus {
		if !isList {
			list = []any{value}
		}
		for _, code := range list {
			c.Require(maybeStatusCode(code), "value", "must be a status code such as 200: a whole number from 100 to 999")
		}
	}
}

// maybeStatusCode accepts what a response can have as its status, and text with a variable, of which
// nobody knows yet.
func maybeStatusCode(value any) bool {
	if text, ok := value.(string); ok {
		return strings.Contains(text, "{{")
	}
	n, ok := value.(float64)
	return ok && n >= 100 && n <= 999 && n == math.Trunc(n)
}

func (cp *Capture) validate() error {
	var c Check
	c.Require(caseVariableRE.MatchString(cp.Name), "name", "must be upper-case letters, digits and '_', starting with a letter")
	switch cp.Source {
	case "status":
	case "header":
		c.Require(httpguts.ValidHeaderFieldName(cp.Expr), "expr", "must be the header's name")
	case "json":
		c.Require(strings.HasPrefix(cp.Expr, "$"), "expr", "must be a JSONPath starting with $")
	case "body":
		_, err := regexp.Compile(cp.Expr)
		c.Require(err == nil && cp.Expr != "", "expr", "must be a regular expression of the RE2 syntax")
	default:
		c.Addf("source", "must be status, header, body or json")
	}
	return c.Err()
}
