package webhook

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testSecret = "correct horse battery staple"

func newSender(t *testing.T, opts Options) *Sender {
	t.Helper()
	s := New(opts)
	t.Cleanup(s.Close)
	return s
}

func request(url string) Request {
	return Request{
		URL:         url + "/hook-path?token=in-the-url",
		DeliveryID:  "0190b6a2-0000-7000-8000-000000000001",
		Event:       "run.finished",
		Secret:      testSecret,
		Attempt:     2,
		ContentType: "application/json",
		Body:        []byte(`{"type":"run.finished"}`),
	}
}

// send sends and checks what holds for every result: it names neither the secret nor the URL nor an
// address, and it is explained unless delivered.
func send(t *testing.T, s *Sender, r Request) Result {
	t.Helper()
	result := s.Send(t.Context(), r)
	document, err := json.Marshal(result)
	require.NoError(t, err)
	if r.Secret != "" {
		require.NotContains(t, string(document), r.Secret)
	}
	require.NotContains(t, string(document), "in-the-url")
	require.NotContains(t, result.Err, "127.0.0.1")
	require.NotContains(t, result.Err, "example.test")
	if result.Outcome == Delivered {
		require.Empty(t, result.Err)
		require.Empty(t, result.Class)
	} else {
		require.NotEmpty(t, result.Err)
		require.NotEmpty(t, result.Class)
	}
	require.LessOrEqual(t, len(result.Body), maxBody)
	return result
}

// serve starts a server that answers every request with handler.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// serveRaw starts a TCP server that hands each connection to talk after the request was read, and
// closes it when talk returns.
func serveRaw(t *testing.T, talk func(conn net.Conn)) string {
	t.Helper()
	return "http://" + accept(t, func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err == nil {
			talk(conn)
		}
	})
}

// answerRaw starts a TCP server that answers each request with the given bytes and closes.
func answerRaw(t *testing.T, answer string) string {
	t.Helper()
	return serveRaw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, answer) })
}

// accept starts a TCP server and returns its address. All connections are closed and all of its
// goroutines have ended when the test is over.
func accept(t *testing.T, handle func(conn net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		open    []net.Conn
	)
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return listener.Addr().String()
}

// drain keeps a connection open and silent until the client closes it.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// authority issues server certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test authority"},
		NotBefore:             time.Now().Add(-48 * time.Hour),
		NotAfter:              time.Now().Add(48 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &authority{cert: cert, key: key, pool: pool}
}

// issue returns a certificate for 127.0.0.1 as change leaves it.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS starts a server for HTTP/1.1 and HTTP/2 over TLS.
func serveTLS(t *testing.T, config *tls.Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = config
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it is meant to see bad handshakes
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
