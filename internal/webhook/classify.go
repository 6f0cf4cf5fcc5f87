package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bellwether/bellwether/models"
)

// verdict is the judgement on one attempt. Its text comes from the fixed sentences below and never
// from an error, because those name addresses inside our network.
type verdict struct {
	outcome Outcome
	class   models.ErrorClass
	text    string
}

func refused(text string) verdict { return verdict{GiveUp, models.ClassPolicy, text} }

func interrupted() verdict {
	return verdict{Interrupted, models.ClassNone, "the send was interrupted on our side; it is repeated and does not count"}
}

// judgeStatus decides on an answer: 2xx is success, 410 disables the webhook, and of the rest only what
// tends to pass is tried again (408, 425, 429 and 5xx).
func judgeStatus(status int) verdict {
	answered := fmt.Sprintf("the receiver answered %d", status)
	if name := http.StatusText(status); name != "" {
		answered += " " + name
	}
	v := verdict{GiveUp, models.ClassStatus, answered + ": " + statusMend(status)}
	switch {
	case status >= 200 && status <= 299:
		return verdict{outcome: Delivered}
	case status == http.StatusGone:
		v.outcome = Gone
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		v.outcome = Retry
	case status >= 300 && status <= 399:
		v.class = models.ClassRedirect
	case status < 200:
		v.class = models.ClassResponse
	}
	return v
}

func statusMend(status int) string {
	switch {
	case status < 200:
		return "deliveries are plain HTTP/1.1 requests; answer with a status from 200 to 299"
	case status <= 399:
		return "redirects are not followed; set the webhook's URL to the final address"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "check that the receiver knows the webhook's secret and lets this sender in"
	case status == http.StatusNotFound:
		return "check the path of the webhook's URL"
	case status == http.StatusMethodNotAllowed:
		return "the receiver has to accept POST at the webhook's URL"
	case status == http.StatusGone:
		return "it wants no more deliveries; enable the webhook again if that is wrong"
	case status == http.StatusRequestEntityTooLarge:
		return "raise the receiver's limit on the size of a request"
	case status == http.StatusUnsupportedMediaType:
		return "check that the receiver accepts the content type and the webhook's format"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return "it is overloaded or limits the rate"
	case status <= 499:
		return "it does not accept this delivery; see the answer's body and the receiver's log"
	default:
		return "the fault is at the receiver; see its log"
	}
}

// judgeError decides on an exchange that ended without a status. The type of the error decides, and
// for types that net/http and crypto/tls keep to themselves the phase that was reached.
func judgeError(err error, at phase, limit time.Duration) verdict {
	var (
		refusal *RefusedError
		timeout net.Error
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &refusal):
		return refused("the host of the webhook's URL has an address that may not be sent to: use a public one, or let the operator allow it")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return verdict{Retry, models.ClassTimeout, timeoutText(at, limit)}
	case errors.As(err, &dns) && dns.IsNotFound:
		return verdict{Retry, models.ClassDNS, "the host of the webhook's URL has no address: check its spelling and that its name is published in DNS"}
	case errors.As(err, &dns):
		return verdict{Retry, models.ClassDNS, "the host of the webhook's URL could not be resolved: check that the name servers of its domain work"}
	case isTLS(err, at):
		return verdict{Retry, models.ClassTLS, tlsText(err)}
	case at <= phaseConnect || hasOp(err, "dial"):
		return verdict{Retry, models.ClassConnect, "nothing accepts connections at the webhook's host and port: check both, and that the receiver runs"}
	case isBrokenConnection(err) || at < phaseAnswer:
		return verdict{Retry, models.ClassNetwork, "the receiver closed the connection before its answer was complete: see its log"}
	default:
		return verdict{Retry, models.ClassResponse, "the receiver's answer is not HTTP/1.1, or its headers are larger than 64 KiB: check host and port of the webhook's URL"}
	}
}

func timeoutText(at phase, limit time.Duration) string {
	switch at {
	case phaseStart, phaseDNS:
		return "the host of the webhook's URL could not be resolved in time: check that the name servers of its domain answer"
	case phaseConnect:
		return "the webhook's host did not accept a connection in time: check host and port, and that no firewall drops it"
	case phaseTLS:
		return "the receiver did not complete the TLS handshake in time: check that it serves https on that port"
	default:
		return fmt.Sprintf("the receiver did not answer within %s: answer first and work afterwards", limit)
	}
}

func isTLS(err error, at phase) bool {
	return at == phaseTLS || hasOp(err, "remote error") // the latter is how crypto/tls reports an alert
}

func hasOp(err error, name string) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == name
}

func tlsText(err error) string {
	var (
		invalid   x509.CertificateInvalidError
		hostname  x509.HostnameError
		authority x509.UnknownAuthorityError
		notTLS    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the receiver's certificate has expired or is not valid yet: renew it"
	case errors.As(err, &hostname):
		return "the receiver's certificate is for another host name: use a name that it lists, or issue it for this one"
	case errors.As(err, &authority):
		return "the receiver's certificate is not signed by a trusted authority: serve the full chain, or let the operator add the authority to the CA bundle"
	case errors.As(err, &invalid):
		return "the receiver's certificate is not valid for a server: issue a new one"
	case errors.As(err, &notTLS):
		return "the receiver does not speak TLS on that port: use http://, or set up https there"
	default:
		return "the TLS handshake failed: the receiver has to support TLS 1.2 or newer and must not ask for a client certificate"
	}
}

func isBrokenConnection(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op)
}
