package runner_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// authority signs certificates of test servers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert: cert, key: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// serve starts an HTTPS server whose certificate ends at the given time.
func (a *authority) serve(t *testing.T, end time.Time, name string, h http.Handler) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: end.Add(-10_000 * time.Hour), NotAfter: end,
		DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestTLSIsVerified(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	in10Days := time.Now().Add(10*24*time.Hour + time.Hour)
	past := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	yes, no := true, false
	for name, tc := range map[string]struct {
		server *httptest.Server
		trust  *x509.CertPool
		verify *bool
		want   string
	}{
		"trusted":             {ca.serve(t, in10Days, "127.0.0.1", respond(200, "")), ca.pool(), nil, ""},
		"trusted, explicitly": {ca.serve(t, in10Days, "127.0.0.1", respond(200, "")), ca.pool(), &yes, ""},
		"unknown authority":   {ca.serve(t, in10Days, "127.0.0.1", respond(200, "")), nil, nil, "is signed by an unknown authority"},
		"expired":             {ca.serve(t, past, "127.0.0.1", respond(200, "")), ca.pool(), nil, "to 2020-02-03T04:05:06Z"},
		"another host":        {ca.serve(t, in10Days, "example.com", respond(200, "")), ca.pool(), nil, "TLS: cannot validate certificate for 127.0.0.1"},
		"unverified":          {ca.serve(t, past, "example.com", respond(200, "")), nil, &no, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runJob(t, runner.Options{RootCAs: tc.trust}, job(models.HTTPSpec{URL: tc.server.URL, VerifyTLS: tc.verify}))
			require.NotNil(t, o.Report.Exchanges[0].TLSExpiresAt, "known even if not accepted")
			if tc.want == "" {
				require.Equal(t, models.StatusSuccess, o.Status, o.Message)
				require.Positive(t, o.Report.Exchanges[0].Timings.TLS)
				return
			}
			require.Equal(t, models.StatusFailure, o.Status)
			require.Contains(t, o.Message, "TLS: ")
			require.Contains(t, o.Message, tc.want)
		})
	}
}

func TestHTTP2IsSpoken(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	s := ca.serve(t, time.Now().Add(time.Hour), "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	o := runJob(t, runner.Options{RootCAs: ca.pool()}, job(models.HTTPSpec{
		URL: s.URL, Headers: []models.NameValue{{Name: "Host", Value: "vhost.example"}},
		Assertions: []models.Assertion{assertion("body", "", "", `"HTTP/2.0"`)},
	}))
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	x := o.Report.Exchanges[0]
	require.Equal(t, "HTTP/2.0", x.Proto)
	require.Contains(t, x.RequestHeaders, models.NameValue{Name: "Host", Value: "vhost.example"})
	for _, h := range x.RequestHeaders {
		require.False(t, strings.HasPrefix(h.Name, ":"), h.Name)
	}
}

func TestDaysUntilTheCertificateExpires(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	s := ca.serve(t, time.Now().Add(10*24*time.Hour+time.Hour), "127.0.0.1", respond(200, ""))
	spec := func(days string) models.HTTPSpec {
		return models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("tls_days_left", "", "", days)}}
	}
	o := runJob(t, runner.Options{RootCAs: ca.pool()}, job(spec("9")))
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	o = runJob(t, runner.Options{RootCAs: ca.pool()}, job(spec("10")))
	require.Equal(t, models.StatusFailure, o.Status)
	require.Regexp(t, `^tls_days_left greater than 10: found 10 \(valid until \d{4}-\d\d-\d\d\)$`, o.Message)

	no := false
	expired := ca.serve(t, time.Now().Add(-25*time.Hour), "127.0.0.1", respond(200, ""))
	bad := spec("-2")
	bad.URL, bad.VerifyTLS = expired.URL, &no
	require.Equal(t, models.StatusFailure, run(t, bad).Status, "-2 is not greater than -2")
	bad.Assertions = []models.Assertion{assertion("tls_days_left", "", "", "-3")}
	require.Equal(t, models.StatusSuccess, run(t, bad).Status)

	plain := spec("1")
	plain.URL = serve(t, respond(200, "")).URL
	o = run(t, plain)
	require.Equal(t, models.StatusFailure, o.Status)
	require.Contains(t, o.Message, "the connection does not use TLS")
}
