package runner

import (
	"compress/flate"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// errTimeLimit is the cause of a context that ended because the case took too long.
var errTimeLimit = errors.New("time limit of the case")

// policyError is the refusal of an address by the operator's policy. It says nothing about the
// product under test.
type policyError struct{ err error }

func (e *policyError) Error() string { return "address refused: " + e.err.Error() }
func (e *policyError) Unwrap() error { return e.err }

// timeoutText says what did not happen in time.
func timeoutText(reached phase, host string, limit time.Duration) string {
	within := limit.String()
	if strings.HasSuffix(within, "m0s") { // 2m0s is 2m, 1h0m0s is 1h
		within = strings.TrimSuffix(strings.TrimSuffix(within, "0s"), "h0m")
		if limit%time.Hour == 0 {
			within += "h"
		}
	}
	switch reached {
	case connecting:
		return fmt.Sprintf("no connection to %s within %s", host, within)
	case waiting:
		return fmt.Sprintf("no answer within %s", within)
	default:
		return fmt.Sprintf("the answer was not complete within %s", within)
	}
}

// failureText says in plain words why an exchange failed.
func failureText(err error, host string) string {
	for _, explain := range []func(error, string) string{explainTLS, explainNetwork, explainAnswer} {
		if text := explain(err, host); text != "" {
			return text
		}
	}
	return "the request failed: " + err.Error()
}

func explainNetwork(err error, host string) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the host name %s does not resolve", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the host name %s cannot be looked up: %s", dns.Name, dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens at %s (connection refused)", host)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Sprintf("there is no route to %s", host)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "server closed"):
		return fmt.Sprintf("%s closed the connection before the answer was complete", host)
	case errors.Is(err, syscall.ETIMEDOUT):
		return fmt.Sprintf("no connection to %s: the network timed out", host)
	default:
		return ""
	}
}

func explainTLS(err error, host string) string {
	var (
		invalid   x509.CertificateInvalidError
		unknown   x509.UnknownAuthorityError
		wrongHost x509.HostnameError
		verify    *tls.CertificateVerificationError
		alert     tls.AlertError
		noTLS     tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("TLS: the certificate of %s is valid only from %s to %s", host,
			invalid.Cert.NotBefore.UTC().Format(time.RFC3339), invalid.Cert.NotAfter.UTC().Format(time.RFC3339))
	case errors.As(err, &unknown):
		return fmt.Sprintf("TLS: the certificate of %s is signed by an unknown authority", host)
	case errors.As(err, &wrongHost):
		return fmt.Sprintf("TLS: %s", strings.TrimPrefix(wrongHost.Error(), "x509: "))
	case errors.As(err, &verify):
		return fmt.Sprintf("TLS: the certificate of %s is not trusted: %s", host, strings.TrimPrefix(verify.Err.Error(), "x509: "))
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("TLS: %s does not speak TLS at this port; is it http:// rather than https://?", host)
	case errors.As(err, &alert):
		return fmt.Sprintf("TLS: %s refused the handshake: %s", host, strings.TrimPrefix(alert.Error(), "tls: "))
	case strings.Contains(err.Error(), "tls: "):
		_, reason, _ := strings.Cut(err.Error(), "tls: ")
		return fmt.Sprintf("TLS: the handshake with %s failed: %s", host, reason)
	default:
		return ""
	}
}

func explainAnswer(err error, host string) string {
	var corrupt flate.CorruptInputError
	text := err.Error()
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return "the body says it is gzip, but it is not: " + text
	case strings.Contains(text, "malformed"), strings.Contains(text, "http: message"), strings.Contains(text, "chunk"):
		return fmt.Sprintf("the answer of %s is not proper HTTP: %s", host, text)
	case strings.Contains(text, "response headers exceeded"):
		return fmt.Sprintf("the headers of the answer are larger than %d bytes", maxHeaderBytes)
	default:
		return ""
	}
}
