package runner

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// Limits on a JSONPath. A document may be as large as a body may be, and a path that compares
// everything with everything would not come to an end on it.
const (
	maxPath = 1000 // bytes
	maxWork = 1e8  // values looked at, by the estimate of path.work
)

// path is a compiled JSONPath. The dialect is that of ohler55/ojg: RFC 9535 with filters such as
// [?(@.price < 10 && @.name =~ /^a/)] and the functions length, count, match and search.
type path struct {
	text     string
	expr     jp.Expr
	single   bool // it selects one value at most, whatever the document
	exponent int  // how the work grows with the number of values
}

// compilePath reads a JSONPath; the error says what is wrong with it.
func compilePath(text string) (*path, error) {
	switch {
	case len(text) > maxPath:
		return nil, fmt.Errorf("must not be longer than %d bytes", maxPath)
	case text != "$" && !strings.HasPrefix(text, "$.") && !strings.HasPrefix(text, "$["):
		return nil, errors.New("is not a JSONPath; start with $. or $[, as in $.items[0].id")
	case strings.HasSuffix(text, ".."):
		return nil, errors.New("ends in '..'; name what to look for after it")
	}
	expr, err := jp.ParseString(text)
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), " in $")
		return nil, fmt.Errorf("is not a JSONPath: %s; an example is $.items[?(@.id == 7)].name", reason)
	}
	return &path{text: text, expr: expr, single: expr.Normal(), exponent: growth(text)}, nil
}

// literalRE matches what stands in a path without being part of its structure: strings and regular
// expressions.
var literalRE = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)*/`)

// growth estimates the power of the number of values that evaluating a path takes. Most paths look at
// each value once. Each further ".." multiplies, and so does what a filter does again for each of its
// candidates: selecting several values more than once, or selecting several from the root.
func growth(text string) int {
	bare := literalRE.ReplaceAllString(text, "")
	_, filters, _ := strings.Cut(bare, "[?")
	n := max(1, strings.Count(bare, ".."))
	several := strings.Count(filters, "*") + strings.Count(filters, ":") + strings.Count(filters, "[?")
	switch fromRoot := strings.Contains(filters, "$"); {
	case fromRoot && strings.Contains(filters, ".."):
		return n + several + 1
	case fromRoot:
		return n + several
	default:
		return n + max(0, several-1)
	}
}

// work estimates how many values evaluating the path on a document looks at.
func (p *path) work(d *document) float64 { return math.Pow(float64(d.values), float64(p.exponent)) }

// find returns what the path selects, in the order of the document for all but "..", whose inner
// values come before the outer ones.
func (p *path) find(d *document) (found []any, err error) {
	if p.exponent > 1 && p.work(d) > maxWork {
		return nil, fmt.Errorf("is too costly for a body of %d values; use fewer '..', and no '*' in filters", d.values)
	}
	defer func() {
		// The library walks values of any type by reflection. None here should surprise it, but the
		// document comes from anywhere.
		if r := recover(); r != nil {
			found, err = nil, fmt.Errorf("cannot be evaluated: %v", r)
		}
	}()
	return p.expr.Get(d.root), nil
}
