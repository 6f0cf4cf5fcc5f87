package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"syscall"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/bellwether/bellwether/models"
)

// Limits on what a server may send.
const (
	maxHeaderBytes = 1 << 20
	maxHopBody     = 256 << 10 // of an answer that redirects
)

// exchange is one request and what came back, nothing hidden yet.
type exchange struct {
	request  *request
	sent     []models.NameValue // headers as they were written
	response *http.Response     // nil without an answer; its body is closed
	body     []byte
	cut      bool // the body goes on beyond the limit
	timings  models.Timings
	reached  phase
	expires  *time.Time // of the server's certificate
	err      error
}

// session sends the requests of one try. It has connections and cookies of its own: nothing that one
// try did makes another one faster, slower or logged in.
type session struct {
	transport *http.Transport
	jar       http.CookieJar
	now       func() time.Time
	maxBody   int64
}

func newSession(o Options, verifyTLS bool) (*session, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{}
	if o.Control != nil {
		dialer.Control = func(network, address string, c syscall.RawConn) error {
			if err := o.Control(network, address, c); err != nil {
				return &policyError{err}
			}
			return nil
		}
	}
	transport := &http.Transport{
		// No Proxy: what the worker's environment says must not change what is measured.
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    o.RootCAs,
			// Only on the demand of the case: verify_tls: false.
			InsecureSkipVerify: !verifyTLS,
		},
	}
	return &session{transport: transport, jar: jar, now: o.Now, maxBody: o.MaxBody}, nil
}

func (s *session) close() { s.transport.CloseIdleConnections() }

// do sends one request and reads the answer to its end, or to the limit: a smaller one if the answer
// is a redirect that will be followed.
func (s *session) do(ctx context.Context, r *request, follow bool) *exchange {
	x := &exchange{request: r}
	t := newTrace(s.now)
	x.response, x.err = s.roundTrip(httptrace.WithClientTrace(ctx, t.hooks()), r) //nolint:bodyclose // read closes it
	if x.err == nil {
		limit := s.maxBody
		if follow && redirects(x.response) {
			limit = min(limit, maxHopBody)
		}
		x.err = x.read(limit)
		s.jar.SetCookies(r.url, x.response.Cookies())
	}
	x.timings, x.reached, x.sent = t.finish()
	x.expires = expiry(x.response, x.err)
	return x
}

func (s *session) roundTrip(ctx context.Context, r *request) (*http.Response, error) {
	var body io.Reader
	if len(r.body) > 0 {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header = r.header.Clone()
	if r.host != "" {
		req.Host = r.host
	}
	for _, c := range s.jar.Cookies(r.url) {
		req.AddCookie(c)
	}
	return s.transport.RoundTrip(req)
}

// read takes the body, but not more than limit bytes of it.
func (x *exchange) read(limit int64) error {
	defer x.response.Body.Close()
	if x.response.StatusCode == http.StatusSwitchingProtocols {
		return nil // what follows is not HTTP
	}
	body, err := io.ReadAll(io.LimitReader(x.response.Body, limit+1))
	x.body = body
	if int64(len(body)) > limit {
		x.body, x.cut = body[:limit], true
	}
	return err
}

// size is the length of the whole body as far as it is known.
func (x *exchange) size() int64 {
	if x.cut {
		return max(int64(len(x.body)), x.response.ContentLength)
	}
	return int64(len(x.body))
}

// expiry is when the server's certificate ends, which is known even if it was not accepted.
func expiry(resp *http.Response, err error) *time.Time {
	var chain []*x509.Certificate
	var refused *tls.CertificateVerificationError
	switch {
	case resp != nil && resp.TLS != nil:
		chain = resp.TLS.PeerCertificates
	case errors.As(err, &refused):
		chain = refused.UnverifiedCertificates
	}
	if len(chain) == 0 {
		return nil
	}
	end := chain[0].NotAfter.UTC()
	return &end
}
