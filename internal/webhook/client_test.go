package webhook

import (
	"errors"
	"net/http"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientAnswersWithTheRedirectItself(t *testing.T) {
	t.Parallel()
	target, got := receiver(t, http.StatusOK)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	})
	client := NewClient(ClientOptions{})
	t.Cleanup(client.CloseIdleConnections)

	resp, err := client.Get(server.URL)

	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, resp.StatusCode)
	require.Empty(t, got)
}

func TestClientTellsARefusedAddress(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	reason := errors.New("loopback")
	client := NewClient(ClientOptions{Control: func(string, string, syscall.RawConn) error { return reason }})

	resp, err := client.Get(server.URL)
	if err == nil {
		_ = resp.Body.Close()
	}

	var refusal *RefusedError
	require.ErrorAs(t, err, &refusal)
	require.ErrorIs(t, err, reason)
	require.Contains(t, refusal.Error(), "loopback")
	require.Empty(t, got)
}

// A proxy of the environment would hide the real target from Control, and net/http never asks for one
// on loopback: so the setting itself is looked at.
func TestClientUsesNoProxyAndBoundsWhatItKeeps(t *testing.T) {
	t.Parallel()
	client := NewClient(ClientOptions{})
	transport, ok := client.Transport.(*http.Transport)
	require.True(t, ok)
	require.Nil(t, transport.Proxy)
	require.Nil(t, client.Jar)
	require.Positive(t, transport.MaxIdleConns)
	require.Positive(t, transport.MaxIdleConnsPerHost)
	require.Positive(t, transport.IdleConnTimeout)
	require.Positive(t, transport.TLSHandshakeTimeout, "net/http goes on dialling for a request that was given up")
}
