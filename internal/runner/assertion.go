package runner

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bellwether/bellwether/models"
)

// assertion is one expectation with its variables filled in and its expressions compiled.
type assertion struct {
	source string
	name   string // of the header, or the JSONPath
	op     string
	want   any // nil, bool, string, filled, json.Number, []any or map[string]any
	path   *path
	re     *regexp.Regexp
	schema *jsonschema.Schema
}

// belowError is the expectation of a case that states none.
func belowError() *assertion {
	return &assertion{source: models.AssertStatus, op: models.OpLess, want: json.Number("400")}
}

// compileAssertions prepares the expectations of a case; the error is a *problem.
func compileAssertions(list []models.Assertion, s *scope) ([]*assertion, error) {
	if len(list) == 0 {
		return []*assertion{belowError()}, nil
	}
	compiled := make([]*assertion, 0, len(list))
	for i, a := range list {
		c, err := compileAssertion(fmt.Sprintf("http.assertions[%d]", i), a, s)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}

func compileAssertion(field string, a models.Assertion, s *scope) (*assertion, error) {
	c := &assertion{source: a.Source, name: a.Name, op: a.Operator()}
	var err error
	if a.Source == models.AssertJSON {
		if c.path, err = compilePath(a.Name); err != nil {
			return nil, problemf(field+".name", "%s", err)
		}
	}
	if c.op == models.OpExists || c.op == models.OpAbsent {
		return c, nil
	}
	text, err := expandJSON(a.Value, s.value)
	if err != nil {
		return nil, problemf(field+".value", "%s", err)
	}
	if err := c.compileValue(a.Value, text); err != nil {
		return nil, problemf(field+".value", "%s", err)
	}
	return c, nil
}

// compileValue reads the value, given as written and with variables filled in.
func (c *assertion) compileValue(written, text []byte) error {
	var err error
	if c.op == models.OpConforms {
		c.schema, err = compileSchema(text)
		return err
	}
	if c.want, err = jsonValue(text); err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	template, err := jsonValue(written)
	if err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	c.want = markFilled(template, c.want)
	switch c.op {
	case models.OpMatches:
		if c.re, err = regexp.Compile(wantText(c.want)); err != nil {
			return fmt.Errorf("is not a regular expression of the RE2 syntax: %w", err)
		}
	case models.OpLess, models.OpGreater:
		if _, ok := parseDecimal(wantText(c.want)); !ok {
			return fmt.Errorf("is %q, but must be a number", wantText(c.want))
		}
	}
	return nil
}

// markFilled tells strings that had variables in them from others, also as the elements of a list.
func markFilled(template, value any) any {
	switch t := template.(type) {
	case string:
		if text, ok := value.(string); ok && strings.Contains(t, "{{") {
			return filled(text)
		}
	case []any:
		list, ok := value.([]any)
		if !ok || len(list) != len(t) {
			return value
		}
		for i := range list {
			list[i] = markFilled(t[i], list[i])
		}
	}
	return value
}

// String is the assertion in words.
func (c *assertion) String() string {
	subject := c.source
	if c.name != "" {
		subject += " " + c.name
	}
	op := strings.ReplaceAll(c.op, "_", " ")
	switch c.op {
	case models.OpExists:
		return subject + " exists"
	case models.OpAbsent:
		return subject + " is absent"
	case models.OpConforms:
		return "body conforms to the schema"
	}
	want := wantText(c.want)
	switch {
	case c.source == models.AssertHeader && isDelicate(c.name):
		want = models.Mask
	case c.source != models.AssertStatus && isText(c.want):
		want = string(encodeString(want))
	}
	if c.source == models.AssertLatency {
		want += " ms"
	}
	return subject + " " + op + " " + want
}

func isText(v any) bool {
	switch v.(type) {
	case string, filled:
		return true
	default:
		return false
	}
}

// test holds one operand against the expected value.
func (c *assertion) test(o operand) bool {
	switch c.op {
	case models.OpEquals:
		return o.equals(c.want)
	case models.OpNotEquals:
		return !o.equals(c.want)
	case models.OpContains:
		return o.contains(c.want)
	case models.OpNotContains:
		return !o.contains(c.want)
	case models.OpMatches:
		return c.re.MatchString(o.text())
	case models.OpIn:
		list, _ := c.want.([]any)
		return slices.ContainsFunc(list, o.equals)
	case models.OpLess, models.OpGreater:
		found, ok := o.number()
		want, _ := parseDecimal(wantText(c.want)) // compileValue has seen to it
		if c.op == models.OpLess {
			return ok && found.compare(want) < 0
		}
		return ok && found.compare(want) > 0
	default:
		return false
	}
}
