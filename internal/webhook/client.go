package webhook

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Limits on what a connection may cost.
const (
	defaultConnectTimeout = 10 * time.Second
	idleTimeout           = 30 * time.Second
	maxIdle               = 100
	maxIdlePerHost        = 4
	maxHeaderBytes        = 64 << 10
)

// ClientOptions configure NewClient. The zero value is ready to use.
type ClientOptions struct {
	// Control is asked before each connection, after name resolution, with the numeric address. Its
	// error refuses the address and reaches the caller inside a *RefusedError. Nil allows all.
	Control func(network, address string, c syscall.RawConn) error
	// RootCAs are the authorities trusted instead of the system's. Nil: the system's.
	RootCAs *x509.CertPool
	// Resolver resolves host names. Nil: the system's.
	Resolver *net.Resolver
	// ConnectTimeout limits name resolution and dialling together, and then the TLS handshake. It is
	// needed beside the request's context, because net/http goes on connecting for a request that was
	// given up. 0: 10 seconds.
	ConnectTimeout time.Duration
}

// RefusedError says that the address policy forbids a connection.
type RefusedError struct{ Err error }

// Error names the reason that the policy gave.
func (e *RefusedError) Error() string { return "address refused by policy: " + e.Err.Error() }

// Unwrap returns the policy's own error.
func (e *RefusedError) Unwrap() error { return e.Err }

// NewClient returns a client for requests to hosts that are not trusted. It speaks HTTP/1.1 only, with
// TLS 1.2 or newer; it follows no redirect, keeps no cookie, uses no proxy from the environment and
// inflates no body. The request's context limits the exchange as a whole. The number of connections to a
// host is not limited, for waiting for one would use up its time; the number of idle ones is.
func NewClient(opts ClientOptions) *http.Client {
	timeout := cmp.Or(opts.ConnectTimeout, defaultConnectTimeout)
	dialer := &net.Dialer{Timeout: timeout, Resolver: opts.Resolver}
	if control := opts.Control; control != nil {
		dialer.Control = func(network, address string, c syscall.RawConn) error {
			if err := control(network, address, c); err != nil {
				return &RefusedError{Err: err}
			}
			return nil
		}
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: opts.RootCAs},
			TLSHandshakeTimeout:    timeout,
			Protocols:              protocols,
			DisableCompression:     true,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
