package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/bellwether/bellwether/models"
)

// short is a time limit that a test can wait for.
const short = 150 * time.Millisecond

func requireRetry(t *testing.T, result Result, class models.ErrorClass, words string) {
	t.Helper()
	require.Equal(t, Retry, result.Outcome, result.Err)
	require.Equal(t, class, result.Class, result.Err)
	require.Contains(t, result.Err, words)
	require.Zero(t, result.Status)
}

func TestSendReportsADeadPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	result := send(t, newSender(t, Options{}), request("http://"+listener.Addr().String()))
	requireRetry(t, result, models.ClassConnect, "nothing accepts connections")
	require.NotEmpty(t, result.RequestHeaders)
}

func TestSendReportsNamesThatDoNotResolve(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		code  dnsmessage.RCode
		class models.ErrorClass
		words string
	}{
		"unknown":     {dnsmessage.RCodeNameError, models.ClassDNS, "has no address"},
		"no address":  {dnsmessage.RCodeSuccess, models.ClassDNS, "has no address"},
		"broken zone": {dnsmessage.RCodeServerFailure, models.ClassDNS, "could not be resolved: check that the name servers"},
		"silent":      {silentDNS, models.ClassTimeout, "could not be resolved in time"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := Options{Resolver: resolver(t, c.code)}
			if c.code == silentDNS {
				opts.Timeout = short
			}
			result := send(t, newSender(t, opts), request("http://receiver.example.test"))
			requireRetry(t, result, c.class, c.words)
			require.Positive(t, result.Timings.DNS)
			require.Zero(t, result.Timings.Connect)
		})
	}
}

func TestSendReportsTimeouts(t *testing.T) {
	t.Parallel()
	sender := newSender(t, Options{Timeout: short})
	silent := accept(t, drain)

	result := send(t, sender, request("http://"+silent))
	requireRetry(t, result, models.ClassTimeout, "did not answer within 150ms")
	require.GreaterOrEqual(t, result.Duration, short)
	require.Less(t, result.Duration, 20*short)
	require.Positive(t, result.Timings.FirstByte)

	result = send(t, sender, request("https://"+silent))
	requireRetry(t, result, models.ClassTimeout, "TLS handshake in time")
	require.Positive(t, result.Timings.TLS)
}

func TestSendReportsConnectionsThatBreak(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"before the answer":  "",
		"within the headers": "HTTP/1.1 200 OK\r\nContent-Type: text/pl",
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := send(t, newSender(t, Options{}), request(answerRaw(t, answer)))
			requireRetry(t, result, models.ClassNetwork, "closed the connection")
		})
	}
	t.Run("by a reset", func(t *testing.T) {
		t.Parallel()
		url := serveRaw(t, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) })
		requireRetry(t, send(t, newSender(t, Options{}), request(url)), models.ClassNetwork, "closed the connection")
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		address := accept(t, func(net.Conn) {})
		requireRetry(t, send(t, newSender(t, Options{}), request("http://"+address)), models.ClassNetwork, "closed the connection")
	})
}

func TestSendReportsAnswersThatAreNotHTTP(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"another protocol":      "220 mail.example.test ESMTP\r\n",
		"a bad status":          "HTTP/1.1 abc OK\r\n\r\n",
		"HTTP/9":                "HTTP/9 hello\r\n\r\n",
		"a bad length":          "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
		"2 MB in one header":    "HTTP/1.1 200 OK\r\nX-Big: " + strings.Repeat("a", 2<<20) + "\r\n\r\n",
		"2 MB of early answers": strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 50_000),
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The rest of the answer meets a closed connection, so nothing here may depend on it.
			url := serveRaw(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, answer)
				drain(conn)
			})
			requireRetry(t, send(t, newSender(t, Options{}), request(url)), models.ClassResponse, "not HTTP/1.1")
		})
	}
}

func TestSendReportsAnAnswerCutInItsStatus(t *testing.T) {
	t.Parallel()
	result := send(t, newSender(t, Options{}), request(answerRaw(t, "HTTP/1.1 20")))
	requireRetry(t, result, models.ClassResponse, "not HTTP/1.1")
}

func TestSendDropsInformationalAnswers(t *testing.T) {
	t.Parallel()
	url := answerRaw(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n", 20)+
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Late: 1\r\n\r\nok")
	result := send(t, newSender(t, Options{}), request(url))
	require.Equal(t, Delivered, result.Outcome)
	require.Equal(t, []string{"Content-Length", "X-Late"}, names(result.Header))
	require.Equal(t, "ok", result.Body)
}

func TestSendTakesSwitchingProtocolsForAFailure(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	url := serveRaw(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		drain(conn)
		close(closed)
	})
	result := send(t, newSender(t, Options{}), request(url))
	require.Equal(t, GiveUp, result.Outcome)
	require.Equal(t, models.ClassResponse, result.Class)
	require.Equal(t, http.StatusSwitchingProtocols, result.Status)
	<-closed
}

func TestSendIsStrictAboutCertificates(t *testing.T) {
	t.Parallel()
	trusted, stranger := newAuthority(t), newAuthority(t)
	cases := map[string]struct {
		config *tls.Config
		words  string
	}{
		"an unknown authority": {&tls.Config{Certificates: []tls.Certificate{stranger.issue(t, nil)}}, "not signed by a trusted authority"},
		"an expired certificate": {&tls.Config{Certificates: []tls.Certificate{trusted.issue(t, func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Hour)
		})}}, "has expired"},
		"another name": {&tls.Config{Certificates: []tls.Certificate{trusted.issue(t, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"other.example.test"}
		})}}, "for another host name"},
		"a client's certificate": {&tls.Config{Certificates: []tls.Certificate{trusted.issue(t, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})}}, "not valid for a server"},
		"TLS 1.1": {&tls.Config{
			Certificates: []tls.Certificate{trusted.issue(t, nil)},
			MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		}, "TLS 1.2 or newer"},
		"a demand for a client certificate": {&tls.Config{
			Certificates: []tls.Certificate{trusted.issue(t, nil)},
			ClientAuth:   tls.RequireAnyClientCert,
			MaxVersion:   tls.VersionTLS12, // where the handshake itself fails
		}, "must not ask for a client certificate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveTLS(t, c.config, func(http.ResponseWriter, *http.Request) { t.Error("a byte was sent") })
			result := send(t, newSender(t, Options{RootCAs: trusted.pool}), request(server.URL))
			requireRetry(t, result, models.ClassTLS, c.words)
		})
	}
	t.Run("plain HTTP", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a byte was sent") })
		result := send(t, newSender(t, Options{}), request(strings.Replace(server.URL, "http", "https", 1)))
		requireRetry(t, result, models.ClassTLS, "does not speak TLS")
	})
}

func TestSendSpeaksHTTP1EvenToServersThatOfferHTTP2(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	proto := make(chan string, 1)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, func(c *x509.Certificate) {
		c.DNSNames = []string{"receiver.example.test"}
	})}}
	server := serveTLS(t, config, func(_ http.ResponseWriter, r *http.Request) { proto <- r.Proto })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	sender := newSender(t, Options{RootCAs: ca.pool, Resolver: resolver(t, dnsmessage.RCodeSuccess, [4]byte{127, 0, 0, 1})})

	result := send(t, sender, request("https://receiver.example.test:"+port))

	require.Equal(t, Delivered, result.Outcome, result.Err)
	require.Equal(t, "HTTP/1.1", <-proto)
	require.Positive(t, result.Timings.DNS)
	require.Positive(t, result.Timings.Connect)
	require.Positive(t, result.Timings.TLS)
}
