// Command bellwether runs API tests unattended and tells whoever needs to know. It is everything in
// one process (up), or one role of a larger installation (api, worker, scheduler).
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/telemetry"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// cli is the command line: one field for each subcommand, each in a file of its own.
type cli struct {
	config.File
	Log config.Log `embed:"" prefix:"log-" group:"Logging"`

	Up          upCmd          `cmd:"" help:"Run everything in one process: Temporal with its Web UI, API, worker and scheduler, on SQLite."`
	API         apiCmd         `cmd:"" name:"api" help:"Run the REST API against a MySQL database and a Temporal server."`
	Worker      workerCmd      `cmd:"" help:"Run a worker, which executes runs and sends webhooks. Start as many as you need."`
	Scheduler   schedulerCmd   `cmd:"" help:"Run a scheduler, which starts due plans. Several do no harm."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database to the schema of this version, or show where it stands."`
	Temporal    temporalCmd    `cmd:"" help:"Run only the embedded Temporal server with its Web UI, for development and tests."`
	Keygen      keygenCmd      `cmd:"" help:"Print a new keyset for --keyset (BELLWETHER_KEYSET) or --keyset-file."`
	Healthcheck healthcheckCmd `cmd:"" help:"Ask a running API or worker whether it lives; for containers."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

const description = `Bellwether runs API tests unattended and tells whoever needs to know.

To try it: bellwether up --demo`

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// run is main with its world given. It returns the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	// The first signal asks for a clean stop. From then on signals do what they usually do, so that
	// the second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	if len(args) == 0 {
		args = []string{"--help"}
	}
	var c cli
	kctx, err := config.Parse(&c, config.Source{Args: args, Environ: environ},
		kong.Name("bellwether"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		return fail(stderr, err)
	}
	p, err := newProcess(ctx, kctx, c.Log, stdout, stderr)
	if err != nil {
		return fail(stderr, err)
	}
	return fail(stderr, kctx.Run(p))
}

// fail prints an error as one line and returns the exit code for it.
func fail(stderr io.Writer, err error) int {
	if err == nil || errors.Is(err, errQuiet) {
		if err == nil {
			return exitOK
		}
		return exitError
	}
	fmt.Fprintf(stderr, "bellwether: error: %v\n", err)
	if config.UsageError(err) {
		return exitUsage
	}
	return exitError
}

// errQuiet makes the process exit with an error that has been told already.
var errQuiet = errors.New("told already")

func newProcess(ctx context.Context, kctx *kong.Context, log config.Log, stdout, stderr io.Writer) (*process, error) {
	level := cmp.Or(log.Level, "info")
	if log.Level == "" && kctx.Command() == "up" {
		level = "warn"
	}
	logger, err := telemetry.NewLogger(stderr, level, log.Format)
	if err != nil {
		return nil, err
	}
	settings, err := config.Summary(kctx)
	if err != nil {
		return nil, err
	}
	return &process{ctx: ctx, stdout: stdout, stderr: stderr, logger: logger, settings: settings}, nil
}
