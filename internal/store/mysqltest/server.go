package mysqltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Time limits of setting up the folder and of the server's start. Both take a second or two on a
// quiet machine.
const (
	installTimeout = 3 * time.Minute
	startTimeout   = time.Minute
)

// maxTempDir is how long the path of the folder for temporary files may be: the path of a socket in it
// has at most 107 bytes.
const maxTempDir = 80

// Server is a private MariaDB.
type Server struct {
	// DSN reaches the server as a user who may do everything. It names no database.
	DSN string

	dir   string
	guard *exec.Cmd
	hold  io.Closer // the server lives as long as this end of a pipe is open
}

// guardScript runs the server until its own standard input ends, then kills it and removes its
// folder. The input is a pipe that this process holds: so the server goes away with the process that
// started it, however that ends. The data is worth nothing, so it is killed the quick way.
const guardScript = `
dir=$1; shift
exec 3<&0
"$@" >"$dir/log" 2>&1 3<&- &
server=$!
(cat <&3 >/dev/null; kill -9 "$server" 2>/dev/null) &
watch=$!
wait "$server"
: >"$dir/exited"
wait "$watch"
rm -rf "$dir"
`

// Start sets up and starts a server. It ends with Stop, or with this process.
func Start(ctx context.Context) (*Server, error) {
	install, daemon, err := find()
	if err != nil {
		return nil, err
	}
	parent := os.TempDir()
	if len(parent) > maxTempDir {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "bw-mysql-")
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	s := &Server{dir: dir}
	if err = s.install(ctx, install); err != nil {
		return nil, errors.Join(fmt.Errorf("start MariaDB: %w", err), os.RemoveAll(dir))
	}
	if err = s.run(daemon); err == nil {
		err = s.await(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start MariaDB: %w", err), s.Stop())
	}
	return s, nil
}

// find looks for MariaDB's programs in PATH and where Debian puts the server.
func find() (install, daemon string, err error) {
	install, err = exec.LookPath("mariadb-install-db")
	if err != nil {
		return "", "", ErrMissing
	}
	for _, name := range []string{"mariadbd", "/usr/sbin/mariadbd"} {
		if daemon, err = exec.LookPath(name); err == nil {
			return install, daemon, nil
		}
	}
	return "", "", ErrMissing
}

// common are the options of both programs: nothing of the machine's own configuration, and a redo log
// small enough to be written quickly.
func (s *Server) common() []string {
	args := []string{"--no-defaults", "--datadir=" + s.path("data"), "--innodb-log-file-size=16M"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	return args
}

// environment gives both programs a folder of their own for temporary files: a MariaDB that starts
// removes those of all others from the one it uses.
func (s *Server) environment() []string { return append(os.Environ(), "TMPDIR="+s.path("tmp")) }

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) install(ctx context.Context, program string) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	if err := os.Mkdir(s.path("tmp"), 0o700); err != nil {
		return err
	}
	args := append(s.common(), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = s.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}

// run starts the server under its guard, with everything off that only protects data.
func (s *Server) run(daemon string) error {
	server := append([]string{daemon}, s.common()...)
	server = append(server,
		"--socket="+s.path("sock"), "--pid-file="+s.path("pid"), "--skip-networking",
		"--max-connections=500", "--innodb-buffer-pool-size=64M", "--table-open-cache=4000",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0",
		"--skip-log-bin", "--performance-schema=OFF")
	in, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	s.guard = exec.Command("sh", append([]string{"-c", guardScript, "sh", s.dir}, server...)...)
	s.guard.Stdin, s.guard.Env = in, s.environment()
	// A group of its own: an interrupt from the keyboard must not reach the guard before its work.
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err = s.guard.Start(); err != nil {
		return errors.Join(err, hold.Close())
	}
	s.hold = hold
	s.DSN = fmt.Sprintf("root@unix(%s)/", s.path("sock"))
	return nil
}

// await waits until the server answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := withServer(ctx, s.DSN, ping)
		if err == nil {
			return nil
		}
		if _, gone := os.Stat(s.path("exited")); gone == nil {
			return fmt.Errorf("the server ended while starting\n%s", s.log())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w\n%s", err, s.log())
		case <-tick.C:
		}
	}
}

// log is the end of what the server has said.
func (s *Server) log() []byte {
	out, err := os.ReadFile(s.path("log"))
	if err != nil {
		return nil
	}
	return out[max(0, len(out)-4096):]
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	if s.hold == nil {
		return os.RemoveAll(s.dir)
	}
	return errors.Join(s.hold.Close(), s.guard.Wait())
}
