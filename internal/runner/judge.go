package runner

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bellwether/bellwether/models"
)

// answer is the response that assertions and captures look at.
type answer struct {
	status  int
	header  http.Header
	body    string
	cut     bool  // the body goes on
	limit   int64 // how many bytes of a body are read
	latency time.Duration
	expires *time.Time
	now     time.Time

	doc    *document
	docErr error
}

// document is the body as JSON, parsed once.
func (a *answer) document() (*document, error) {
	if a.doc == nil && a.docErr == nil {
		a.doc, a.docErr = parseDocument([]byte(a.body))
	}
	return a.doc, a.docErr
}

// verdict is what became of one assertion or capture. Found may hold secrets.
type verdict struct {
	passed  bool
	found   string
	unknown bool // it could not be judged; found says why
}

func (a *answer) tooLarge() verdict {
	return verdict{unknown: true, found: fmt.Sprintf("cannot be judged: the body is larger than %d bytes, the most that is read", a.limit)}
}

// judge holds the answer against one assertion.
func (c *assertion) judge(a *answer) verdict {
	switch c.source {
	case models.AssertStatus:
		return c.judgeText(strconv.Itoa(a.status), "")
	case models.AssertHeader:
		return c.judgeHeader(a)
	case models.AssertTLSDays:
		return c.judgeExpiry(a)
	}
	if a.cut {
		return a.tooLarge()
	}
	switch c.source {
	case models.AssertBody:
		return c.judgeQuoted(a.body, false)
	case models.AssertJSON:
		return c.judgeJSON(a)
	case models.AssertSchema:
		violation := conforms(c.schema, []byte(a.body))
		return verdict{passed: violation == "", found: violation}
	case models.AssertLatency:
		ms := strconv.FormatFloat(float64(a.latency.Microseconds())/1000, 'f', -1, 64)
		return c.judgeText(ms, " ms")
	default:
		return verdict{unknown: true, found: "cannot be judged: unknown source " + c.source}
	}
}

// judgeText holds a plain text against the assertion; unit follows it in the message.
func (c *assertion) judgeText(text, unit string) verdict {
	return verdict{passed: c.test(looseOperand(text)), found: "found " + text + unit}
}

// judgeQuoted does the same with a text from the outside, which is quoted, or hidden, in the message.
func (c *assertion) judgeQuoted(text string, hidden bool) verdict {
	switch {
	case c.test(looseOperand(text)):
		return verdict{passed: true}
	case hidden:
		return verdict{found: "found " + models.Mask}
	default:
		return verdict{found: "found " + string(encodeString(text))}
	}
}

// judgeHeader looks at the first value. A header that is missing satisfies only "absent": a
// misspelt name must not pass for a value that is not there.
func (c *assertion) judgeHeader(a *answer) verdict {
	values, hidden := a.header.Values(c.name), isDelicate(c.name)
	switch {
	case len(values) == 0:
		return verdict{passed: c.op == models.OpAbsent, found: "found nothing"}
	case c.op == models.OpExists:
		return verdict{passed: true}
	case c.op == models.OpAbsent && hidden:
		return verdict{found: "found " + models.Mask}
	case c.op == models.OpAbsent:
		return verdict{found: "found " + string(encodeString(values[0]))}
	default:
		return c.judgeQuoted(values[0], hidden)
	}
}

// judgeExpiry counts whole days, negative ones after the end.
func (c *assertion) judgeExpiry(a *answer) verdict {
	if a.expires == nil {
		return verdict{found: "the connection does not use TLS"}
	}
	days := int(math.Floor(a.expires.Sub(a.now).Hours() / 24))
	return c.judgeText(strconv.Itoa(days), " (valid until "+a.expires.Format(time.DateOnly)+")")
}

// judgeJSON wants every selected value to satisfy the operator, and at least one to be selected. A
// list as the expected value may also equal all values together that a path with wildcards, filters,
// slices or ".." selects.
func (c *assertion) judgeJSON(a *answer) verdict {
	doc, err := a.document()
	if err != nil {
		return verdict{found: "the body is not JSON: " + err.Error()}
	}
	found, err := c.path.find(doc)
	if err != nil {
		return verdict{unknown: true, found: "cannot be judged: the path " + err.Error()}
	}
	if c.satisfied(doc, found) {
		return verdict{passed: true}
	}
	switch len(found) {
	case 0:
		return verdict{found: "found nothing"}
	case 1:
		return verdict{found: "found " + doc.json(found[0])}
	default:
		return verdict{found: fmt.Sprintf("found %d values: %s", len(found), doc.json(found))}
	}
}

func (c *assertion) satisfied(doc *document, found []any) bool {
	switch {
	case c.op == models.OpExists || c.op == models.OpAbsent:
		return (len(found) > 0) == (c.op == models.OpExists)
	case len(found) == 0:
		return false
	case c.op == models.OpEquals && !c.path.single && doc.equal(found, c.want):
		return true
	}
	for _, v := range found {
		if !c.test(operand{doc: doc, value: v}) {
			return false
		}
	}
	return true
}
