package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
)

// outcome is what a run of the program leaves behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// bellwether runs the program in this process, without the real environment.
func bellwether(environ []string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := run(args, environ, &stdout, &stderr)
	return outcome{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

func TestMistakesAreOneLineAndExitTwo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args, env []string
		want      string
	}{
		"api without database":       {args: []string{"api"}, want: "set --database-dsn (BELLWETHER_DATABASE_DSN)"},
		"worker without database":    {args: []string{"worker"}, want: "set --database-dsn (BELLWETHER_DATABASE_DSN)"},
		"scheduler without keyset":   {args: []string{"scheduler", "--database-dsn=x"}, want: "bellwether keygen"},
		"migrate without database":   {args: []string{"migrate", "up"}, want: "set --database-dsn"},
		"exit without demo":          {args: []string{"up", "--exit"}, want: "--exit and --json go with --demo"},
		"address without port":       {args: []string{"up", "--temporal-listen=here"}, want: "--temporal-listen"},
		"unknown command":            {args: []string{"upp"}, want: "unexpected argument upp"},
		"bad setting in environment": {args: []string{"worker"}, env: []string{"BELLWETHER_WORKER_MAX_ACTIVITIES=0"}, want: "less than 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := bellwether(test.env, test.args...)
			require.Equal(t, exitUsage, got.code, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, test.want)
			require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
		})
	}
}

func TestMisspelledVariableIsRefused(t *testing.T) {
	t.Parallel()
	got := bellwether([]string{"BELLWETHER_LISTEM=x"}, "version")
	require.Equal(t, exitError, got.code)
	require.Contains(t, got.stderr, `did you mean "BELLWETHER_LISTEN"?`)
}

func TestVersionIsPrinted(t *testing.T) {
	t.Parallel()
	require.Equal(t, outcome{stdout: version + "\n"}, bellwether(nil, "version"))
}

func TestKeygenPrintsOneLineThatIsAKeyset(t *testing.T) {
	t.Parallel()
	first, second := bellwether(nil, "keygen"), bellwether(nil, "keygen")
	require.Equal(t, exitOK, first.code)
	require.NotEqual(t, first.stdout, second.stdout)
	require.Equal(t, 1, strings.Count(first.stdout, "\n"))
	_, err := app.OpenKeyset(config.Keyset{Keyset: first.stdout})
	require.NoError(t, err)
}

func TestMigrateBringsTheDatabaseToThisVersion(t *testing.T) {
	t.Parallel()
	env := []string{"BELLWETHER_DATABASE_DRIVER=sqlite", "BELLWETHER_DATABASE_DSN=" + filepath.Join(t.TempDir(), "b.db")}
	before := bellwether(env, "migrate", "status")
	require.Equal(t, exitError, before.code)
	require.Contains(t, before.stdout, "missing")
	require.Contains(t, before.stderr, "bellwether migrate up")
	for range 2 {
		require.Equal(t, exitOK, bellwether(env, "migrate", "up").code)
	}
	after := bellwether(env, "migrate", "status")
	require.Equal(t, exitOK, after.code, after.stderr)
	require.NotContains(t, after.stdout, "missing")
	require.Contains(t, after.stdout, "applied 2")
}

func TestRoleOnADatabaseThatIsNotMigratedNamesTheCommand(t *testing.T) {
	t.Parallel()
	got := bellwether([]string{
		"BELLWETHER_DATABASE_DRIVER=sqlite", "BELLWETHER_DATABASE_DSN=" + filepath.Join(t.TempDir(), "b.db"),
		"BELLWETHER_KEYSET=" + strings.TrimSpace(bellwether(nil, "keygen").stdout),
	}, "scheduler", "--log-level=error")
	require.Equal(t, exitError, got.code)
	require.Contains(t, got.stderr, `run "bellwether migrate up"`)
	require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
}

func TestHealthcheckAsksTheAPI(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	require.Equal(t, exitOK, bellwether(nil, "healthcheck", "--listen", address).code)
	require.Equal(t, exitOK, bellwether([]string{"BELLWETHER_LISTEN=" + address}, "healthcheck").code)
	status.Store(http.StatusServiceUnavailable)
	got := bellwether(nil, "healthcheck", "--listen", address)
	require.Equal(t, exitError, got.code)
	require.Contains(t, got.stderr, "503")
	server.Close()
	require.Equal(t, exitError, bellwether(nil, "healthcheck", "--listen", address).code)
}

func TestUpRefusesAFolderInUseAndATakenAddress(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	folder, err := app.OpenFolder(data)
	require.NoError(t, err)
	for _, command := range []string{"up", "temporal"} {
		got := bellwether(nil, command, "--data", data, "--log-level=error")
		require.Equal(t, exitError, got.code)
		require.Contains(t, got.stderr, data)
		require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	}
	require.NoError(t, folder.Close())

	taken, err := app.Listen(t.Context(), "", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for _, flag := range []string{"--listen", "--temporal-listen", "--ui-listen"} {
		args := []string{"up", "--data", data, "--listen=127.0.0.1:0", "--temporal-listen=127.0.0.1:0", "--ui-listen=127.0.0.1:0"}
		got := bellwether(nil, append(args, flag, taken.Addr().String())...)
		require.Equal(t, exitError, got.code)
		require.Contains(t, got.stderr, flag)
		require.Contains(t, got.stderr, taken.Addr().String())
		require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	}
}

func TestEveryFlagWithAVariableIsADocumentedSetting(t *testing.T) {
	t.Parallel()
	groups, err := config.Groups()
	require.NoError(t, err)
	documented := map[string][]string{"config": {config.EnvFile}}
	for _, g := range groups {
		for _, s := range g.Settings {
			documented[s.Flag] = s.Envs
		}
	}
	parser, err := kong.New(&cli{})
	require.NoError(t, err)
	used := map[string]bool{}
	for _, command := range append(parser.Model.Leaves(false), parser.Model.Node) {
		for _, flag := range command.Flags {
			if len(flag.Envs) > 0 {
				require.Equal(t, documented[flag.Name], flag.Envs, "%s of %s", flag.Name, command.Name)
				used[flag.Name] = true
			}
		}
	}
	for name := range documented {
		require.True(t, used[name], "%s is documented, but no command takes it", name)
	}
}
