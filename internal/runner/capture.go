package runner

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/bellwether/bellwether/models"
)

// capture is a models.Capture with its expression compiled.
type capture struct {
	models.Capture
	path *path
	re   *regexp.Regexp
}

// compileCaptures prepares the captures of a case; the error is a *problem. Captures have no
// variables.
func compileCaptures(list []models.Capture) ([]*capture, error) {
	compiled := make([]*capture, 0, len(list))
	for i, m := range list {
		c := &capture{Capture: m}
		var err error
		switch m.Source {
		case models.AssertJSON:
			c.path, err = compilePath(m.Expr)
		case models.AssertBody:
			if c.re, err = regexp.Compile(m.Expr); err != nil {
				err = fmt.Errorf("is not a regular expression of the RE2 syntax: %w", err)
			}
		}
		if err != nil {
			return nil, problemf(fmt.Sprintf("http.captures[%d].expr", i), "%s", err)
		}
		compiled = append(compiled, c)
	}
	return compiled, nil
}

// String is the capture in words.
func (c *capture) String() string {
	s := "capture " + c.Name + " from " + c.Source
	if c.Expr != "" {
		s += " " + c.Expr
	}
	return s
}

// hidden reports whether the value is a secret: because the case says so, or because it comes from a
// header that carries credentials.
func (c *capture) hidden() bool {
	return c.Secret || (c.Source == models.AssertHeader && isDelicate(c.Expr))
}

// take reads the value out of the answer: the first one if there are several.
func (c *capture) take(a *answer) (string, verdict) {
	if a.cut && (c.Source == models.AssertBody || c.Source == models.AssertJSON) {
		return "", a.tooLarge()
	}
	value, v := c.find(a)
	if v.passed && len(value) > models.MaxVariableValue {
		return "", verdict{found: fmt.Sprintf("the value is larger than %d bytes, the most that a variable holds", models.MaxVariableValue)}
	}
	return value, v
}

func (c *capture) find(a *answer) (string, verdict) {
	nothing := verdict{found: "found nothing"}
	switch c.Source {
	case models.AssertStatus:
		return strconv.Itoa(a.status), verdict{passed: true}
	case models.AssertHeader:
		values := a.header.Values(c.Expr)
		if len(values) == 0 {
			return "", nothing
		}
		return values[0], verdict{passed: true}
	case models.AssertBody:
		groups := c.re.FindStringSubmatch(a.body)
		switch len(groups) {
		case 0:
			return "", nothing
		case 1:
			return groups[0], verdict{passed: true}
		default:
			return groups[1], verdict{passed: true}
		}
	default:
		return c.findJSON(a)
	}
}

func (c *capture) findJSON(a *answer) (string, verdict) {
	doc, err := a.document()
	if err != nil {
		return "", verdict{found: "the body is not JSON: " + err.Error()}
	}
	found, err := c.path.find(doc)
	switch {
	case err != nil:
		return "", verdict{unknown: true, found: "cannot be judged: the path " + err.Error()}
	case len(found) == 0:
		return "", verdict{found: "found nothing"}
	default:
		return doc.text(found[0]), verdict{passed: true}
	}
}
