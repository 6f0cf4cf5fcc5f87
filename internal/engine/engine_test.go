package engine_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/bellwether/bellwether/internal/engine"
	"github.com/bellwether/bellwether/internal/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logBuffer is a log that may be written and read at the same time.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func dial(t *testing.T, f *enginetest.Frontend) *engine.Engine {
	t.Helper()
	e, err := engine.Dial(t.Context(), engine.Config{Address: f.Address}, nil)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func TestDialWaitsForTheNamespaceAndSaysSo(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	var asked atomic.Int32
	f.OnDescribeNamespace = func() error {
		if asked.Add(1) <= 2 {
			return serviceerror.NewNamespaceNotFound("tests")
		}
		return nil
	}
	var log logBuffer

	e, err := engine.Dial(t.Context(), engine.Config{Address: f.Address, Namespace: "tests"}, slog.New(slog.NewTextHandler(&log, nil)))

	require.NoError(t, err)
	e.Close()
	require.Equal(t, int32(3), asked.Load())
	require.Contains(t, log.String(), "Temporal is not ready; trying again")
	require.Contains(t, log.String(), f.Address)
	require.Contains(t, log.String(), "namespace=tests")
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := engine.Dial(ctx, engine.Config{Address: "127.0.0.1:1"}, nil)
	require.ErrorContains(t, err, "connect to namespace default of Temporal at 127.0.0.1:1")
}

func TestDialDoesNotInsistWhenItIsRefused(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	f.OnDescribeNamespace = func() error { return serviceerror.NewPermissionDenied("wrong key", "") }
	_, err := engine.Dial(t.Context(), engine.Config{Address: f.Address}, nil)
	require.ErrorContains(t, err, "wrong key")
}

func TestDialRefusesSettingsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, []byte("no certificate"), 0o600))
	for name, tc := range map[string]struct {
		cfg  engine.Config
		want string
	}{
		"certificate without key":  {engine.Config{TLSCert: "c.pem"}, "belong together"},
		"key without certificate":  {engine.Config{TLSKey: "k.pem"}, "belong together"},
		"no such certificate":      {engine.Config{TLSCert: "c.pem", TLSKey: "k.pem"}, "read the client certificate c.pem and its key k.pem"},
		"no such authorities":      {engine.Config{TLSCA: "ca.pem"}, "read the authorities to trust"},
		"authorities without text": {engine.Config{TLSCA: empty}, "holds no certificate in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.Dial(t.Context(), tc.cfg, nil)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestDialSpeaksTLSWithClientCertificateAndKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, pool := certificate(t, dir)
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	f := enginetest.Start(t, grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})))

	e, err := engine.Dial(t.Context(), engine.Config{
		Address: f.Address, TLSCert: cert, TLSKey: key, TLSCA: cert, TLSServerName: "temporal.test", APIKey: "hush",
	}, nil)

	require.NoError(t, err)
	defer e.Close()
	require.NoError(t, e.Check(t.Context()))
	require.Contains(t, f.Tokens(), "Bearer hush")
}

// certificate makes a self-signed certificate for temporal.test and answers its files.
func certificate(t *testing.T, dir string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "temporal.test"}, DNSNames: []string{"temporal.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(cert, text, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	pool = x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return cert, key, pool
}

func TestCheckReallyAsks(t *testing.T) {
	t.Parallel()
	f := enginetest.Start(t)
	e := dial(t, f)
	require.NoError(t, e.Check(t.Context()))

	f.Health.SetServingStatus("temporal.api.workflowservice.v1.WorkflowService", healthpb.HealthCheckResponse_NOT_SERVING)
	require.ErrorContains(t, e.Check(t.Context()), "check Temporal")
}
