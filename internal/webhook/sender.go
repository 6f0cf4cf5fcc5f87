package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/net/http/httpguts"
)

// DefaultTimeout is the limit on one attempt, from the name resolution to the end of the answer.
const DefaultTimeout = 15 * time.Second

// maxBody is how much of an answer is read and kept, in bytes.
const maxBody = 64 << 10

// The headers that say what a delivery is.
const (
	HeaderDelivery = "X-Bellwether-Delivery" // the same over all attempts and redeliveries
	HeaderEvent    = "X-Bellwether-Event"
	HeaderAttempt  = "X-Bellwether-Attempt" // from 1
)

// Options configure a Sender. The zero value is ready to use.
type Options struct {
	UserAgent string                                                 // default: Bellwether
	Control   func(network, address string, c syscall.RawConn) error // see ClientOptions
	RootCAs   *x509.CertPool                                         // see ClientOptions
	Resolver  *net.Resolver                                          // see ClientOptions
	Timeout   time.Duration                                          // default: DefaultTimeout
	Now       func() time.Time                                       // default: time.Now
}

// Sender sends deliveries. It is safe for use by many goroutines and reuses connections.
type Sender struct {
	client    *http.Client
	userAgent string
	timeout   time.Duration
	now       func() time.Time
}

// New returns a Sender with a client of its own.
func New(opts Options) *Sender {
	timeout := cmp.Or(opts.Timeout, DefaultTimeout)
	s := &Sender{
		client: NewClient(ClientOptions{
			Control:        opts.Control,
			RootCAs:        opts.RootCAs,
			Resolver:       opts.Resolver,
			ConnectTimeout: min(timeout, defaultConnectTimeout),
		}),
		userAgent: cmp.Or(opts.UserAgent, "Bellwether"),
		timeout:   timeout,
		now:       opts.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Close closes the connections that are idle. The Sender may be used afterwards.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Send posts the body once and waits for the answer within the time limit. Whatever happens is told by
// the Result. A status that was received counts even if the rest of the answer never comes.
func (s *Sender) Send(ctx context.Context, r Request) Result {
	started := s.now()
	result := Result{StartedAt: started.UTC().Truncate(time.Microsecond)}
	trace := newTrace(s.now, started)
	limited, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, trace.hooks()), s.timeout)
	defer cancel()
	req, refusal := s.request(limited, r, started)
	if refusal != "" {
		result.judge(refused(refusal))
		return result
	}
	result.RequestHeaders = redactRequest(req.Header)

	// The transport is used without the client around it: that one fails on a redirect whose Location
	// is no URL and forgets the status.
	resp, err := s.client.Transport.RoundTrip(req) //nolint:bodyclose // readBody closes it.
	switch {
	case err == nil:
		result.Status = resp.StatusCode
		result.Header = redactResponse(resp.Header)
		result.RetryAfter = retryAfter(resp.StatusCode, resp.Header, s.now())
		result.Body = readBody(resp)
		result.judge(judgeStatus(resp.StatusCode))
	case ctx.Err() != nil:
		result.judge(interrupted())
	default:
		result.judge(judgeError(err, trace.reached(), s.timeout))
	}
	result.Timings = trace.finish()
	result.Duration = s.now().Sub(started)
	return result
}

func (r *Result) judge(v verdict) { r.Outcome, r.Class, r.Err = v.outcome, v.class, v.text }

// request builds the HTTP request. A refusal says, in plain words, why it cannot be sent at all.
func (s *Sender) request(ctx context.Context, r Request, at time.Time) (req *http.Request, refusal string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil || !sendable(req.URL) {
		return nil, "the webhook's URL cannot be sent to: correct it to an absolute http or https URL without user name, such as https://example.com/hook"
	}
	req.Header = Sign(r.Secret, r.DeliveryID, at, r.Body)
	req.Header.Set("Content-Type", cmp.Or(r.ContentType, "application/json"))
	req.Header.Set("User-Agent", s.userAgent)
	req.Header.Set(HeaderDelivery, r.DeliveryID)
	req.Header.Set(HeaderEvent, r.Event)
	req.Header.Set(HeaderAttempt, strconv.Itoa(r.Attempt))
	for name := range req.Header {
		if !httpguts.ValidHeaderFieldValue(req.Header.Get(name)) {
			return nil, "the header " + name + " of the delivery contains characters that a header cannot carry: remove line breaks and control characters"
		}
	}
	return req, ""
}

// sendable repeats the check made when the webhook was saved, for rows that came in another way.
func sendable(u *url.URL) bool {
	port, err := strconv.Atoi(cmp.Or(u.Port(), "80"))
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		err == nil && port >= 1 && port <= 65535
}

// readBody reads and closes the body of an answer. Closing before its end closes the connection, so
// that nobody has to swallow what an endless body still sends. After 101 the connection is not HTTP
// any more and there is nothing to read.
func readBody(resp *http.Response) string {
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return ""
	}
	// An answer that breaks off still told its status; what came of the body is kept.
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	return text(raw, maxBody)
}
