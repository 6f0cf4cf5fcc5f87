package secret_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/secret"
)

func TestOpenMakesAKeyFileAndReadsItAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	box, err := secret.Open(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	sealed, err := box.Seal([]byte("hunter2"), "cases/0000A3F1")
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "hunter2")

	again, err := secret.Open(path)
	require.NoError(t, err)
	plain, err := again.Open(sealed, "cases/0000A3F1")
	require.NoError(t, err)
	require.Equal(t, "hunter2", string(plain))

	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file stays")
}

func TestSealedIsBoundToItsPlaceAndKey(t *testing.T) {
	t.Parallel()
	box, other := generate(t), generate(t)
	sealed, err := box.Seal([]byte("hunter2"), "cases/1")
	require.NoError(t, err)

	_, err = box.Open(sealed, "cases/2")
	require.ErrorContains(t, err, "another row")
	_, err = other.Open(sealed, "cases/1")
	require.ErrorContains(t, err, "another key")
	sealed[len(sealed)-1] ^= 1
	_, err = box.Open(sealed, "cases/1")
	require.ErrorContains(t, err, "damaged")
	_, err = box.Open(nil, "cases/1")
	require.Error(t, err)
}

func TestSealingTwiceDiffers(t *testing.T) {
	t.Parallel()
	box := generate(t)
	one, err := box.Seal([]byte("same"), "a")
	require.NoError(t, err)
	two, err := box.Seal([]byte("same"), "a")
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}

func TestProcessesStartingTogetherGetTheSameKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	const n = 16
	boxes, errs := make([]*secret.Box, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { boxes[i], errs[i] = secret.Open(path) })
	}
	wg.Wait()
	for i := range n {
		require.NoError(t, errs[i])
		sealed, err := boxes[i].Seal([]byte("x"), "a")
		require.NoError(t, err)
		_, err = boxes[0].Open(sealed, "a")
		require.NoError(t, err)
	}
}

func TestBadKeyFilesAreRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	good, err := secret.Generate()
	require.NoError(t, err)
	tests := map[string]struct {
		data []byte
		mode os.FileMode
		want string
	}{
		"not a keyset":       {[]byte(`{"secret":"do-not-print"}`), 0o600, "is not a keyset"},
		"empty":              {nil, 0o600, "is not a keyset"},
		"cut off":            {good[:len(good)/2], 0o600, "is not a keyset"},
		"writable by others": {good, 0o620, "chmod 600"},
		"huge":               {make([]byte, 2<<20), 0o600, "is not a key file"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "keys.json")
			require.NoError(t, os.WriteFile(path, tc.data, 0o600))
			require.NoError(t, os.Chmod(path, tc.mode))
			_, err := secret.Open(path)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "do-not-print")
		})
	}
}

func TestAFolderThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing", "keys.json")
	_, err := secret.Open(path)
	require.ErrorContains(t, err, filepath.Dir(path))
	_, err = secret.Open(filepath.Dir(filepath.Dir(path)))
	require.ErrorContains(t, err, "is not a key file")
}

func generate(t *testing.T) *secret.Box {
	t.Helper()
	data, err := secret.Generate()
	require.NoError(t, err)
	box, err := secret.Parse(data)
	require.NoError(t, err)
	return box
}
