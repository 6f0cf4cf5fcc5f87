package webhook

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/bellwether/bellwether/models"
)

// phase is how far an exchange has come.
type phase int

const (
	phaseStart   phase = iota // nothing yet
	phaseDNS                  // resolving the name
	phaseConnect              // waiting for a TCP connection
	phaseTLS                  // shaking hands
	phaseRequest              // writing the request
	phaseWait                 // waiting for the first byte of the answer
	phaseAnswer               // reading the answer
)

// span is the time from the first beginning of a phase to its last end.
type span struct {
	from time.Time
	took time.Duration
}

// trace measures the phases of one exchange. net/http calls its hooks from several goroutines, and
// may do so after the exchange has been given up.
type trace struct {
	now     func() time.Time
	started time.Time

	mu     sync.Mutex
	at     phase
	spans  [phaseAnswer + 1]span
	reused bool
}

func newTrace(now func() time.Time, started time.Time) *trace {
	return &trace{now: now, started: started}
}

// enter notes that a phase was reached. An exchange never goes back to an earlier one, even if a
// second connection is still being dialled.
func (t *trace) enter(p phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = max(t.at, p)
	if t.spans[p].from.IsZero() {
		t.spans[p].from = t.now()
	}
}

// leave notes the end of a phase, unless it belongs to a connection that was not needed any more.
func (t *trace) leave(p phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at < phaseRequest {
		t.spans[p].took = t.now().Sub(t.spans[p].from)
	}
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { t.enter(phaseDNS) },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.leave(phaseDNS) },
		ConnectStart:         func(_, _ string) { t.enter(phaseConnect) },
		ConnectDone:          func(_, _ string, _ error) { t.leave(phaseConnect) },
		TLSHandshakeStart:    func() { t.enter(phaseTLS) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { t.leave(phaseTLS) },
		GotConn:              t.connected,
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.enter(phaseWait) },
		GotFirstResponseByte: t.answered,
	}
}

func (t *trace) connected(info httptrace.GotConnInfo) {
	t.enter(phaseRequest)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reused = info.Reused
}

func (t *trace) answered() {
	t.enter(phaseAnswer)
	t.mu.Lock()
	defer t.mu.Unlock()
	// A receiver may answer before it has read the whole request: then there was no waiting.
	if wait := &t.spans[phaseWait]; !wait.from.IsZero() {
		wait.took = t.spans[phaseAnswer].from.Sub(wait.from)
	}
}

func (t *trace) reached() phase {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// finish ends the exchange. The phase that was not over by then took until now.
func (t *trace) finish() models.Timings {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if last := &t.spans[t.at]; last.took == 0 && !last.from.IsZero() {
		last.took = now.Sub(last.from)
	}
	return models.Timings{
		DNS:       millis(t.spans[phaseDNS].took),
		Connect:   millis(t.spans[phaseConnect].took),
		TLS:       millis(t.spans[phaseTLS].took),
		FirstByte: millis(t.spans[phaseWait].took),
		Download:  millis(t.spans[phaseAnswer].took),
		Total:     millis(now.Sub(t.started)),
		Reused:    t.reused,
	}
}

// millis keeps microseconds as decimals.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
