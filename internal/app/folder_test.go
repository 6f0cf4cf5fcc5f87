package app_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/app"
)

func TestFolderBelongsToOneAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "anew")
	first, err := app.OpenFolder(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(path, "x.db"), first.File("x.db"))

	_, err = app.OpenFolder(path)
	var taken *app.FolderTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, os.Getpid(), taken.PID)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, fmt.Sprintf("process %d", os.Getpid()))
	require.ErrorContains(t, err, "--data")

	require.NoError(t, first.Close())
	again, err := app.OpenFolder(path)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestFolderThatCannotBeMadeIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := app.OpenFolder(filepath.Join(file, "below"))
	require.ErrorContains(t, err, file)
}

func TestTakenAddressNamesTheFlag(t *testing.T) {
	t.Parallel()
	l, err := app.Listen(t.Context(), "--listen", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.Equal(t, "http://"+address, app.LocalURL(l.Addr()))

	err = app.Probe(t.Context(), "--ui-listen", address)
	var taken *app.AddressTakenError
	require.ErrorAs(t, err, &taken)
	require.ErrorContains(t, err, "--ui-listen")
	require.ErrorContains(t, err, address)

	require.NoError(t, l.Close())
	require.NoError(t, app.Probe(t.Context(), "--ui-listen", address))
}

func TestAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	_, err := app.Listen(t.Context(), "--listen", "256.0.0.1:80")
	require.ErrorContains(t, err, "--listen")
	var taken *app.AddressTakenError
	require.NotErrorAs(t, err, &taken)
}

func TestLocalURLReachesAllInterfaces(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"0.0.0.0:80": "http://127.0.0.1:80", ":81": "http://127.0.0.1:81", "[::]:82": "http://127.0.0.1:82",
		"10.1.2.3:83": "http://10.1.2.3:83", "[::1]:84": "http://[::1]:84",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		require.NoError(t, err)
		require.Equal(t, want, app.LocalURL(tcp))
	}
}
