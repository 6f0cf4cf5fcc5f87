package runner

import (
	"crypto/tls"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/bellwether/bellwether/models"
)

// phase is how far an exchange has come.
type phase int

const (
	connecting phase = iota // no connection yet
	waiting                 // the request is under way, no byte has come back
	receiving               // the answer has begun
)

// trace notes when the phases of one exchange begin and end. The HTTP client reports from several
// goroutines, also after the exchange has been given up.
type trace struct {
	now func() time.Time

	mu                         sync.Mutex
	start, end                 time.Time
	dnsStart, dnsDone          time.Time
	connectStart, connectDone  time.Time
	tlsStart, tlsDone          time.Time
	connected, wrote, answered time.Time
	reused                     bool
	headers                    []models.NameValue // as they were written
}

func newTrace(now func() time.Time) *trace { return &trace{now: now, start: now()} }

// first sets a time unless it is set already: addresses are tried side by side.
func (t *trace) first(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		*at = t.now()
	}
}

// last sets a time whatever it was.
func (t *trace) last(at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*at = t.now()
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { t.first(&t.dnsStart) },
		DNSDone:           func(httptrace.DNSDoneInfo) { t.last(&t.dnsDone) },
		ConnectStart:      func(string, string) { t.first(&t.connectStart) },
		ConnectDone:       t.onConnect,
		TLSHandshakeStart: func() { t.first(&t.tlsStart) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { t.last(&t.tlsDone) },
		GotConn:           t.onConnection,
		WroteHeaderField:  t.onHeader,
		WroteRequest:      func(httptrace.WroteRequestInfo) { t.last(&t.wrote) },
		GotFirstResponseByte: func() {
			t.first(&t.answered)
		},
	}
}

func (t *trace) onConnect(_, _ string, err error) {
	if err == nil {
		t.first(&t.connectDone)
	}
}

// onConnection begins the sending. It happens again when a request is repeated because an open
// connection turned out to be dead; what was noted for that one no longer counts.
func (t *trace) onConnection(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected, t.reused = t.now(), info.Reused
	t.wrote, t.answered = time.Time{}, time.Time{}
	t.headers = nil
}

func (t *trace) onHeader(name string, values []string) {
	if strings.HasPrefix(name, ":") && name != ":authority" {
		return
	}
	if name == ":authority" {
		name = "Host"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range values {
		t.headers = append(t.headers, models.NameValue{Name: name, Value: v})
	}
}

// finish notes the end of the exchange and returns what is known of it.
func (t *trace) finish() (models.Timings, phase, []models.NameValue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = t.now()
	timings := models.Timings{
		DNS:       span(t.dnsStart, t.dnsDone),
		Connect:   span(t.connectStart, t.connectDone),
		TLS:       span(t.tlsStart, t.tlsDone),
		FirstByte: span(t.wrote, t.answered),
		Download:  span(t.answered, t.end),
		Total:     span(t.start, t.end),
		Reused:    t.reused,
	}
	reached := connecting
	switch {
	case !t.answered.IsZero():
		reached = receiving
	case !t.connected.IsZero():
		reached = waiting
	}
	return timings, reached, append([]models.NameValue(nil), t.headers...)
}

// span is the time between two events in milliseconds, to the microsecond; 0 unless both happened in
// this order.
func span(from, to time.Time) float64 {
	if from.IsZero() || to.Before(from) {
		return 0
	}
	return float64(to.Sub(from).Microseconds()) / 1000
}
