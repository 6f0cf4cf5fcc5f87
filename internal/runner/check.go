package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bellwether/bellwether/models"
)

// Check finds what is wrong with a case that models.Case.Validate cannot know: the syntax of
// {{variables}}, JSONPaths and JSON Schemas, and headers that a case may not set. Its error is a
// *models.Invalid with fields such as "http.assertions[0].name".
func Check(c models.Case) error {
	var chk models.Check
	if c.Kind == models.KindHTTP && c.HTTP != nil {
		checkTemplates(&chk, c.HTTP)
		checkFramed(&chk, c.HTTP)
		checkExpressions(&chk, c.HTTP)
	}
	return chk.Err()
}

func checkTemplates(chk *models.Check, spec *models.HTTPSpec) {
	check := func(field, text string) {
		if wrong := checkTemplate(text); wrong != "" {
			chk.Addf(field, "%s", wrong)
		}
	}
	pairs := func(field string, list []models.NameValue) {
		for i, p := range list {
			check(fmt.Sprintf("%s[%d].name", field, i), p.Name)
			check(fmt.Sprintf("%s[%d].value", field, i), p.Value)
		}
	}
	check("http.url", spec.URL)
	pairs("http.headers", spec.Headers)
	pairs("http.query", spec.Query)
	if body := spec.Body; body != nil {
		pairs("http.body.form", body.Form)
		check("http.body.raw", body.Raw)
		check("http.body.content_type", body.ContentType)
		checkJSONTemplates(chk, "http.body.json", body.JSON)
	}
	if auth := spec.Auth; auth != nil {
		check("http.auth.username", auth.Username)
		check("http.auth.password", auth.Password)
		check("http.auth.token", auth.Token)
	}
	for i, a := range spec.Assertions {
		checkJSONTemplates(chk, fmt.Sprintf("http.assertions[%d].value", i), a.Value)
	}
}

// checkJSONTemplates looks at each string of a JSON text.
func checkJSONTemplates(chk *models.Check, field string, text json.RawMessage) {
	if len(text) == 0 {
		return
	}
	if !json.Valid(text) {
		chk.Addf(field, "is not valid JSON")
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return // the end, for the text is valid
		}
		if s, ok := token.(string); ok {
			if wrong := checkTemplate(s); wrong != "" {
				chk.Addf(field, "%s", wrong)
			}
		}
	}
}

func checkFramed(chk *models.Check, spec *models.HTTPSpec) {
	for i, h := range spec.Headers {
		if isFramed(strings.TrimSpace(h.Name)) {
			chk.Addf(fmt.Sprintf("http.headers[%d].name", i), "%s is set by itself; remove it", h.Name)
		}
	}
}

func checkExpressions(chk *models.Check, spec *models.HTTPSpec) {
	for i, a := range spec.Assertions {
		field := fmt.Sprintf("http.assertions[%d]", i)
		if a.Source == models.AssertJSON {
			checkPath(chk, field+".name", a.Name)
		}
		if a.Operator() == models.OpConforms && len(a.Value) > 0 && json.Valid(a.Value) {
			if _, err := compileSchema(a.Value); err != nil {
				chk.Addf(field+".value", "%s", err)
			}
		}
	}
	for i, c := range spec.Captures {
		if c.Source == models.AssertJSON {
			checkPath(chk, fmt.Sprintf("http.captures[%d].expr", i), c.Expr)
		}
	}
}

func checkPath(chk *models.Check, field, text string) {
	if _, err := compilePath(text); err != nil {
		chk.Addf(field, "%s", err)
	}
}
