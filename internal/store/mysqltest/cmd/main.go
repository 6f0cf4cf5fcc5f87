// Command cmd runs a command with a private MySQL server beside it, so that all test processes of one
// run share one server:
//
//	go run ./internal/store/mysqltest/cmd -- go test ./...
//
// The command finds the server in BELLWETHER_TEST_MYSQL_DSN. If that is set already, no server is
// started. The exit code is the command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/bellwether/bellwether/internal/store/mysqltest"
)

// Exit codes of this program's own.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: cmd [--] command [argument...]")
		os.Exit(exitUsage)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mysqltest:", err)
	}
	os.Exit(code)
}

// run runs the command and answers its exit code.
func run(args []string) (code int, err error) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	child := exec.Command(args[0], args[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv(mysqltest.EnvDSN) == "" {
		server, startErr := mysqltest.Start(context.Background())
		if startErr != nil {
			return exitFailed, startErr
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		child.Env = append(os.Environ(), mysqltest.EnvDSN+"="+server.DSN)
	}
	if err = child.Start(); err != nil {
		return exitFailed, err
	}
	done := make(chan error, 1)
	go func() { done <- child.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = child.Process.Signal(s)
		case err = <-done:
			return exitCode(err)
		}
	}
}

// exitCode reads the code of a command that has ended. One killed by a signal gets the shell's code.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return exitFailed, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
