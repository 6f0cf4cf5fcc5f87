package runner

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bellwether/bellwether/models"
)

// Limits on what a report keeps besides the bodies of the first request and the last answer.
const (
	maxReportText   = 4 << 10 // of a header, an output, or a body in between
	maxReportHeader = 200     // headers of one message
)

// outcome writes everything down, secrets hidden.
func (t *try) outcome() Outcome {
	finished := t.options.Now()
	o := Outcome{
		Status:          t.status,
		Message:         t.mask.brief(t.message),
		AssertionsTotal: len(t.results),
		AssertionsBad:   t.bad,
		StartedAt:       micros(t.started),
		FinishedAt:      micros(finished),
	}
	o.Report = models.ReportDocument{
		Status:     o.Status,
		Message:    o.Message,
		DurationMS: finished.Sub(t.started).Milliseconds(),
		Assertions: t.assertions(),
		Outputs:    t.reportOutputs(),
	}
	for i := range t.exchanges {
		o.Report.Exchanges = append(o.Report.Exchanges, t.exchange(i))
	}
	return o
}

func micros(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

func (t *try) assertions() []models.AssertionResult {
	list := slices.Clone(t.results)
	for i := range list {
		list[i].Name = t.mask.brief(list[i].Name)
		list[i].Message = t.mask.brief(list[i].Message)
	}
	return list
}

func (t *try) reportOutputs() map[string]string {
	outputs := maps.Clone(t.outputs)
	for name, value := range outputs {
		outputs[name] = t.clip(value)
	}
	return outputs
}

// clip hides secrets and marks what was cut off.
func (t *try) clip(text string) string {
	clipped, truncated := t.mask.clip(text, maxReportText)
	if truncated {
		clipped += "…"
	}
	return strings.ToValidUTF8(clipped, "\ufffd")
}

func (t *try) exchange(i int) models.Exchange {
	x := t.exchanges[i]
	requestLimit, responseLimit := maxReportText, maxReportText
	if i == 0 {
		requestLimit = t.options.ReportBody
	}
	if i == len(t.exchanges)-1 {
		responseLimit = t.options.ReportBody
	}
	e := models.Exchange{
		Method:         x.request.method,
		URL:            t.clip(x.request.url.String()),
		RequestHeaders: t.headers(sentHeaders(x)),
		RequestBody:    t.body(x.request.body, int64(len(x.request.body)), requestLimit, false),
		Timings:        x.timings,
		TLSExpiresAt:   x.expires,
	}
	if x.response != nil {
		e.Status, e.Proto = x.response.StatusCode, x.response.Proto
		e.ResponseHeaders = t.headers(listHeaders(x.response.Header))
		e.ResponseBody = t.body(x.body, x.size(), responseLimit, x.cut)
	}
	if x.err != nil {
		e.Error = t.mask.brief(x.err.Error())
	}
	return e
}

// sentHeaders are the headers as they went out, or would have gone out had there been a connection.
func sentHeaders(x *exchange) []models.NameValue {
	if len(x.sent) > 0 {
		return x.sent
	}
	return listHeaders(x.request.header)
}

func listHeaders(header http.Header) []models.NameValue {
	var list []models.NameValue
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			list = append(list, models.NameValue{Name: name, Value: value})
		}
	}
	return list
}

func (t *try) headers(list []models.NameValue) []models.NameValue {
	list = slices.Clone(list[:min(len(list), maxReportHeader)])
	for i, h := range list {
		list[i].Name = t.clip(h.Name)
		if isDelicate(h.Name) {
			list[i].Value = models.Mask
			continue
		}
		list[i].Value = t.clip(h.Value)
	}
	return list
}

// body keeps the beginning of a body if it is text. Size is that of the whole; cut says that not all
// of it is at hand.
func (t *try) body(content []byte, size int64, limit int, cut bool) models.Body {
	b := models.Body{Size: size, Truncated: cut}
	text := string(content)
	if cut {
		text = wholeRunes(text)
	}
	if !utf8.ValidString(text) || slices.Contains(content, 0) {
		return b
	}
	clipped, truncated := t.mask.clip(text, limit)
	b.Text, b.Truncated = clipped, cut || truncated
	return b
}
