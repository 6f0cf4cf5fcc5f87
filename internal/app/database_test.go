package app_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/secret"
	"github.com/bellwether/bellwether/internal/store"
)

func TestKeysetIsReadFromTheSettingOrAFile(t *testing.T) {
	t.Parallel()
	line, err := app.NewKeyset()
	require.NoError(t, err)
	require.NotContains(t, line, "\n")
	file := filepath.Join(t.TempDir(), "keyset")
	require.NoError(t, os.WriteFile(file, []byte(line+"\n"), 0o600))

	direct, err := app.OpenKeyset(config.Keyset{Keyset: line})
	require.NoError(t, err)
	fromFile, err := app.OpenKeyset(config.Keyset{File: file})
	require.NoError(t, err)
	sealed, err := direct.Seal([]byte("hush"), "row")
	require.NoError(t, err)
	plain, err := fromFile.Open(sealed, "row")
	require.NoError(t, err)
	require.Equal(t, "hush", string(plain))

	raw, err := secret.Generate()
	require.NoError(t, err)
	_, err = app.OpenKeyset(config.Keyset{Keyset: string(raw)})
	require.NoError(t, err, "the file that up makes holds the keyset as JSON")
}

func TestBadKeysetIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"hush hush", "aHVzaA==", `{"hush": 1}`} {
		_, err := app.OpenKeyset(config.Keyset{Keyset: text})
		require.ErrorContains(t, err, "BELLWETHER_KEYSET")
		require.NotContains(t, err.Error(), "hush")
	}
	_, err := app.OpenKeyset(config.Keyset{File: "/does/not/exist"})
	require.ErrorContains(t, err, "--keyset-file (BELLWETHER_KEYSET_FILE)")
}

func TestRoleRefusesADatabaseThatIsNotMigrated(t *testing.T) {
	t.Parallel()
	line, err := app.NewKeyset()
	require.NoError(t, err)
	cfg := config.Database{Driver: store.DriverSQLite, DSN: filepath.Join(t.TempDir(), "bellwether.db")}
	keys := config.Keyset{Keyset: line}

	_, err = app.OpenRoleStore(t.Context(), cfg, keys, discard())
	require.ErrorIs(t, err, store.ErrSchemaBehind)
	require.ErrorContains(t, err, "bellwether migrate up")

	s, err := app.OpenStore(t.Context(), cfg, nil, discard())
	require.NoError(t, err)
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.Close())
	s, err = app.OpenRoleStore(t.Context(), cfg, keys, discard())
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

func TestDatabaseThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	// The first connection is answered by hanging up, which is what a starting server may do. Then
	// nothing listens any more.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var calls atomic.Int64
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		conn, err := l.Accept()
		if err == nil {
			calls.Add(1)
			_ = conn.Close()
		}
		_ = l.Close()
	}()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-accepted
		cancel()
	}()
	_, err = app.OpenStore(ctx, config.Database{Driver: store.DriverMySQL, DSN: "u:hush@tcp(" + l.Addr().String() + ")/bellwether"}, nil, discard())
	require.Error(t, err)
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), "hush")
	require.Equal(t, int64(1), calls.Load())
}

func TestDatabaseThatCannotBeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	_, err := app.OpenStore(t.Context(), config.Database{Driver: store.DriverMySQL, DSN: "hush hush"}, nil, discard())
	require.ErrorContains(t, err, "DSN")
	require.NotContains(t, err.Error(), "hush")
}
