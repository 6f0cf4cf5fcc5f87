package webhook

import (
	"crypto/tls"
	"errors"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// ticking is a clock that moves only when told.
type ticking struct{ at time.Time }

func (c *ticking) now() time.Time { return c.at }

func (c *ticking) after(ms int, hook func()) {
	c.at = c.at.Add(time.Duration(ms) * time.Millisecond)
	hook()
}

func newTracing() (*ticking, *trace, *httptrace.ClientTrace) {
	clock := &ticking{at: time.Unix(1614265330, 0)}
	t := newTrace(clock.now, clock.at)
	return clock, t, t.hooks()
}

func TestTraceMeasuresEachPhase(t *testing.T) {
	t.Parallel()
	clock, trace, hooks := newTracing()
	clock.after(1, func() { hooks.DNSStart(httptrace.DNSStartInfo{}) })
	clock.after(2, func() { hooks.DNSDone(httptrace.DNSDoneInfo{}) })
	clock.after(0, func() { hooks.ConnectStart("tcp", "a") })
	clock.after(3, func() { hooks.ConnectDone("tcp", "a", errors.New("refused")) })
	clock.after(0, func() { hooks.ConnectStart("tcp", "b") })
	clock.after(4, func() { hooks.ConnectDone("tcp", "b", nil) })
	clock.after(0, hooks.TLSHandshakeStart)
	clock.after(5, func() { hooks.TLSHandshakeDone(tls.ConnectionState{}, nil) })
	clock.after(0, func() { hooks.GotConn(httptrace.GotConnInfo{Reused: true}) })
	clock.after(6, func() { hooks.WroteRequest(httptrace.WroteRequestInfo{}) })
	clock.after(7, hooks.GotFirstResponseByte)
	clock.after(8, func() {})

	want := models.Timings{DNS: 2, Connect: 7, TLS: 5, FirstByte: 7, Download: 8, Total: 36, Reused: true}
	require.Equal(t, want, trace.finish())
	require.Equal(t, phaseAnswer, trace.reached())
}

func TestTraceEndsThePhaseThatWasNotOver(t *testing.T) {
	t.Parallel()
	clock, trace, hooks := newTracing()
	clock.after(0, func() { hooks.ConnectStart("tcp", "a") })
	clock.after(9, func() {})
	require.Equal(t, models.Timings{Connect: 9, Total: 9}, trace.finish())
	require.Equal(t, phaseConnect, trace.reached())
}

func TestTraceIgnoresConnectionsThatCameTooLate(t *testing.T) {
	t.Parallel()
	clock, trace, hooks := newTracing()
	clock.after(0, func() { hooks.ConnectStart("tcp", "a") })
	clock.after(1, func() { hooks.ConnectDone("tcp", "a", nil) })
	clock.after(0, func() { hooks.GotConn(httptrace.GotConnInfo{}) })
	clock.after(5, func() { hooks.ConnectDone("tcp", "b", errors.New("cancelled")) })
	clock.after(0, func() { hooks.ConnectStart("tcp", "c") })
	require.Equal(t, phaseRequest, trace.reached())
	require.Equal(t, models.Timings{Connect: 1, Total: 6}, trace.finish())
}

func TestTraceKnowsAnswersThatComeBeforeTheRequestIsWritten(t *testing.T) {
	t.Parallel()
	clock, trace, hooks := newTracing()
	clock.after(1, hooks.GotFirstResponseByte)
	clock.after(1, func() { hooks.WroteRequest(httptrace.WroteRequestInfo{}) })
	require.Equal(t, models.Timings{Download: 1, Total: 2}, trace.finish())
	require.Equal(t, phaseAnswer, trace.reached())
}
