package runner

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFailuresAreExplainedInPlainWords(t *testing.T) {
	t.Parallel()
	system := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	for want, err := range map[string]error{
		"nothing listens at h:1 (connection refused)":                         system(syscall.ECONNREFUSED),
		"there is no route to h:1":                                            system(syscall.EHOSTUNREACH),
		"no connection to h:1: the network timed out":                         system(syscall.ETIMEDOUT),
		"h:1 closed the connection before the answer was complete":            system(syscall.ECONNRESET),
		"the host name x does not resolve":                                    &net.DNSError{Name: "x", IsNotFound: true},
		"the host name x cannot be looked up: server misbehaving":             &net.DNSError{Name: "x", Err: "server misbehaving"},
		"TLS: h:1 refused the handshake: certificate required":                fmt.Errorf("remote error: %w", tls.AlertError(116)),
		"TLS: the handshake with h:1 failed: no supported versions":           errors.New("local error: tls: no supported versions"),
		"TLS: the certificate of h:1 is not trusted: x is broken":             &tls.CertificateVerificationError{Err: errors.New("x509: x is broken")},
		"TLS: the certificate of h:1 is signed by an unknown authority":       x509.UnknownAuthorityError{},
		"the request failed: stream error: stream ID 1; INTERNAL_ERROR":       errors.New("stream error: stream ID 1; INTERNAL_ERROR"),
		"the answer of h:1 is not proper HTTP: malformed HTTP response \"x\"": errors.New(`malformed HTTP response "x"`),
	} {
		require.Equal(t, want, failureText(err, "h:1"))
	}
}

func TestTimeLimitsAreWrittenShortly(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]string{
		time.Second:      "no answer within 1s",
		90 * time.Second: "no answer within 1m30s",
		2 * time.Minute:  "no answer within 2m",
		time.Hour:        "no answer within 1h",
	} {
		require.Equal(t, want, timeoutText(waiting, "h", limit))
	}
	require.Equal(t, "no connection to h:1 within 1s", timeoutText(connecting, "h:1", time.Second))
	require.Equal(t, "the answer was not complete within 1s", timeoutText(receiving, "h:1", time.Second))
}

func TestOriginsAreSchemeHostAndPort(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"http://a/x", "http://A:80/y", true},
		{"https://a", "https://a:443", true},
		{"http://a", "https://a", true},
		{"https://a", "http://a", false},
		{"http://a:8080", "https://a:8443", false},
		{"http://a:8080", "http://a:8081", false},
		{"http://a", "http://b", false},
		{"http://a", "http://sub.a", false},
		{"http://a:443", "https://a", false},
	} {
		from, err := url.Parse(tc.from)
		require.NoError(t, err)
		to, err := url.Parse(tc.to)
		require.NoError(t, err)
		require.Equal(t, tc.want, sameOrigin(from, to), "%s to %s", tc.from, tc.to)
	}
}
