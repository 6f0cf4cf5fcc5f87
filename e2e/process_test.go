package e2e

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// startLimit bounds a start on a loaded machine; a quiet one needs one to two seconds.
	startLimit = 60 * time.Second
	// stopLimit is what the product promises for Ctrl-C.
	stopLimit = 10 * time.Second
	poll      = 50 * time.Millisecond

	adminToken = "bw_e2e_0123456789abcdefghijklmnopqrstuv"
)

// process is one bellwether running as a child.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *output
	stderr *output
	done   chan struct{}
	err    error // of Wait; read after done is closed
}

// output collects what a child prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs the binary with args and extra environment variables. At the end of the test it is
// killed if it still runs, and its output is logged if the test failed.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, stdout: &output{}, stderr: &output{}, done: make(chan struct{})}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Env = append(cleanEnvironment(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %s\nstdout:\n%s\nstderr:\n%s", binary, strings.Join(args, " "), tail(p.stdout.String()), tail(p.stderr.String()))
		}
	})
	return p
}

// cleanEnvironment is this process's environment without settings of a Bellwether or a Temporal.
func cleanEnvironment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "BELLWETHER_") && !strings.HasPrefix(entry, "TEMPORAL_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

func tail(text string) string {
	const limit = 6000
	if len(text) > limit {
		return "…" + text[len(text)-limit:]
	}
	return text
}

// kill sends SIGKILL and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// interrupt sends what Ctrl-C sends and returns how long the process took to end.
func (p *process) interrupt() time.Duration {
	p.t.Helper()
	began := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGINT))
	p.wait(stopLimit + 5*time.Second)
	return time.Since(began)
}

// wait returns the exit code once the process has ended by itself.
func (p *process) wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		require.Fail(p.t, "the process did not end", "within %s", limit)
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		return exit.ExitCode()
	}
	require.NoError(p.t, p.err)
	return 0
}

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ready waits until the API at address says that it can work.
func (p *process) ready(address string) {
	p.t.Helper()
	client := &http.Client{Timeout: 3 * time.Second}
	p.eventually(startLimit, func() bool {
		res, err := client.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, "the API is ready")
}

// listening waits until something accepts connections at address.
func (p *process) listening(address string) {
	p.t.Helper()
	p.eventually(startLimit, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, "something listens at "+address)
}

// eventually waits for a condition and gives up early when the process has ended.
func (p *process) eventually(limit time.Duration, condition func() bool, what string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.ended() || condition() }, limit, poll, what)
	require.False(p.t, p.ended() && !condition(), "the process ended before: %s", what)
}

// freePort returns an address on loopback that nothing listens on at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// single is a `bellwether up` with its addresses.
type single struct {
	*process
	listen, temporal, ui, data string
}

// up starts everything in one process on the data folder and waits until it is ready.
func up(t *testing.T, data string, args ...string) *single {
	t.Helper()
	s := launch(t, data, args...)
	s.ready(s.listen)
	return s
}

// launch is up without the waiting.
func launch(t *testing.T, data string, args ...string) *single {
	t.Helper()
	s := &single{listen: freePort(t), temporal: freePort(t), ui: freePort(t), data: data}
	s.process = start(t, []string{"BELLWETHER_ADMIN_TOKEN=" + adminToken}, append([]string{
		"up", "--data", data, "--listen", s.listen, "--temporal-listen", s.temporal, "--ui-listen", s.ui,
	}, args...)...)
	return s
}
