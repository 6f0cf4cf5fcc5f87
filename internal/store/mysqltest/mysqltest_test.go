package mysqltest_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bellwether/bellwether/internal/store/mysqltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerServesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := start(t)
	socket := socketOf(server.DSN)
	db, err := sql.Open("mysql", server.DSN)
	require.NoError(t, err)
	var version string
	require.NoError(t, db.QueryRow("SELECT VERSION()").Scan(&version))
	require.NotEmpty(t, version)
	require.NoError(t, db.Close())

	require.NoError(t, server.Stop())
	_, err = os.Stat(filepath.Dir(socket))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDatabasesAreMadeAndDropped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one := create(t)
	two := create(t)
	require.NotEqual(t, one, two)
	require.NoError(t, ping(one))
	require.NoError(t, mysqltest.DropDatabase(ctx, one))
	require.Error(t, ping(one))
	require.NoError(t, ping(two))
	require.NoError(t, mysqltest.DropDatabase(ctx, two))
}

func TestOnlyTestDatabasesAreDropped(t *testing.T) {
	t.Parallel()
	err := mysqltest.DropDatabase(t.Context(), "root@tcp(127.0.0.1:1)/production")
	require.ErrorContains(t, err, "production: it was not made for tests")
	err = mysqltest.DropDatabase(t.Context(), "root:hunter2")
	require.ErrorContains(t, err, mysqltest.EnvDSN)
	require.NotContains(t, err.Error(), "hunter2")
}

// TestCommandRunsBesideAServer builds the command and runs it as make does.
func TestCommandRunsBesideAServer(t *testing.T) {
	t.Parallel()
	start(t) // skips where there is no MariaDB
	program := filepath.Join(t.TempDir(), "cmd")
	build := exec.Command("go", "build", "-o", program, "./cmd")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	t.Run("and answers with the command's exit code", func(t *testing.T) {
		t.Parallel()
		cmd := command(program, "--", "sh", "-c", "echo $"+mysqltest.EnvDSN+"; exit 7")
		out, err := cmd.Output()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 7, exit.ExitCode())
		_, err = os.Stat(filepath.Dir(socketOf(string(out))))
		require.ErrorIs(t, err, os.ErrNotExist, "the server is gone")
	})
	t.Run("and passes signals on", func(t *testing.T) {
		t.Parallel()
		ready := filepath.Join(t.TempDir(), "ready")
		cmd := command(program, "sh", "-c", "trap 'exit 9' TERM; : >"+ready+"; while :; do sleep 0.05; done")
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { _, err := os.Stat(ready); return err == nil }, time.Minute, 10*time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Wait(), &exit)
		require.Equal(t, 9, exit.ExitCode())
	})
	t.Run("which ends with it, even when it is killed", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		cmd := command(program, "sh", "-c", "printf %s $"+mysqltest.EnvDSN+" >"+dir+"/new; mv "+dir+"/new "+dir+"/dsn; read forever")
		input, err := cmd.StdinPipe()
		require.NoError(t, err)
		defer input.Close()
		require.NoError(t, cmd.Start())
		var dsn []byte
		require.Eventually(t, func() bool { dsn, err = os.ReadFile(dir + "/dsn"); return err == nil }, time.Minute, 10*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		require.Eventually(t, func() bool {
			_, err := os.Stat(filepath.Dir(socketOf(string(dsn))))
			return errors.Is(err, os.ErrNotExist)
		}, time.Minute, 10*time.Millisecond)
	})
	t.Run("unless one is given", func(t *testing.T) {
		t.Parallel()
		cmd := command(program, "sh", "-c", "echo $"+mysqltest.EnvDSN)
		cmd.Env = append(cmd.Env, mysqltest.EnvDSN+"=mine")
		out, err := cmd.Output()
		require.NoError(t, err)
		require.Equal(t, "mine\n", string(out))
	})
	t.Run("or says how it is used", func(t *testing.T) {
		t.Parallel()
		cmd := command(program)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Run(), &exit)
		require.Equal(t, 2, exit.ExitCode())
		require.Contains(t, stderr.String(), "usage:")
	})
}

// command is a command that sees no server for tests in its environment.
func command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, mysqltest.EnvDSN+"=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	return cmd
}

func start(t *testing.T) *mysqltest.Server {
	t.Helper()
	server, err := mysqltest.Start(t.Context())
	if errors.Is(err, mysqltest.ErrMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	return server
}

func create(t *testing.T) string {
	t.Helper()
	dsn, err := mysqltest.CreateDatabase(context.Background())
	if errors.Is(err, mysqltest.ErrMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return dsn
}

func ping(dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}

// socketOf cuts the path of the socket out of a DSN.
func socketOf(dsn string) string {
	_, rest, _ := strings.Cut(dsn, "(")
	path, _, _ := strings.Cut(rest, ")")
	return path
}
