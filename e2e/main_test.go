package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of the bellwether under test. It is set once, before any test runs.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run takes the binary that BELLWETHER_BIN names, or builds one.
func run(m *testing.M) int {
	if named := os.Getenv("BELLWETHER_BIN"); named != "" {
		binary = named
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "bellwether-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the binary:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "bellwether")
	build := exec.Command("go", "build", "-o", binary, "../cmd/bellwether")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the binary under test:", err)
		return 1
	}
	return m.Run()
}
