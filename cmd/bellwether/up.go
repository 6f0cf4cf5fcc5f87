package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/config"
	"github.com/bellwether/bellwether/internal/secret"
	"github.com/bellwether/bellwether/internal/store"
	"github.com/bellwether/bellwether/internal/telemetry"
)

// Files in the data folder, beside Temporal's.
const (
	databaseFile = "bellwether.db"
	keysetFile   = "keyset.json"
)

const (
	// upStopLimit bounds the worker's stop, so that Ctrl-C ends everything within ten seconds.
	upStopLimit = 4 * time.Second
	// upGC trades memory for a tenth of the CPU, as measured with the embedded server.
	upGC = 200
)

type upCmd struct {
	Demo bool `help:"Also serve a small target API and a webhook sink, define an example through the REST API, run it and show what is delivered."`
	Exit bool `help:"With --demo: stop when it is over; exit 0 if every payload arrived."`
	JSON bool `name:"json" help:"With --demo: print each delivered payload as one line of JSON on standard output, everything else on standard error."`

	Up        config.Up        `embed:"" group:"Addresses and data"`
	Server    config.Server    `embed:"" group:"Addresses and data"`
	Links     config.Links     `embed:"" group:"Links"`
	Worker    config.Worker    `embed:"" prefix:"worker-" group:"Worker"`
	Webhook   config.Webhook   `embed:"" prefix:"webhook-" group:"Webhook deliveries"`
	Scheduler config.Scheduler `embed:"" prefix:"scheduler-" group:"Scheduler"`
}

// Validate refuses flags that would mean nothing.
func (c *upCmd) Validate() error {
	if (c.Exit || c.JSON) && !c.Demo {
		return errors.New("--exit and --json go with --demo")
	}
	return nil
}

// Run runs everything until the process is asked to stop, or until the demo is over with --exit.
func (c *upCmd) Run(p *process) error {
	p.logSettings("up")
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(upGC)
	}
	s := &single{upCmd: c, process: p, say: p.stdout, began: time.Now()}
	if c.JSON {
		s.say = p.stderr
	}
	err := s.run()
	if p.cancelled(err) {
		return nil
	}
	return err
}

// single is one process with everything in it.
type single struct {
	*upCmd
	*process
	say      io.Writer // for people
	began    time.Time
	folder   *app.Folder
	listener net.Listener
	temporal *temporalServer
	core     *app.Core
}

// run opens one thing after the other and closes them in the opposite order.
func (s *single) run() (err error) {
	if s.folder, err = app.OpenFolder(s.Up.Data); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.folder.Close()) }()
	if err = s.claimAddresses(); err != nil {
		return err
	}
	defer func() { _ = s.listener.Close() }()

	db, err := s.openStore()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	fmt.Fprintln(s.say, "starting Temporal…")
	s.temporal, err = startTemporal(s.ctx, temporalConfig{
		File: s.folder.File(temporalFile), Frontend: s.Up.TemporalListen, UI: s.Up.UIListen,
		Namespace: "default", Logger: s.logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.temporal.Stop()) }()

	metrics, err := telemetry.NewMetrics(version)
	if err != nil {
		return err
	}
	engine, err := app.DialEngine(s.ctx, config.Temporal{Address: s.temporal.FrontendAddr, Namespace: s.temporal.Namespace}, metrics.Temporal(), s.logger)
	if err != nil {
		return err
	}
	defer engine.Close()
	s.core = &app.Core{Store: db, Engine: engine, Metrics: metrics, Logger: s.logger, Now: time.Now, Version: version}
	token, err := s.core.Bootstrap(s.ctx, s.Server.AdminToken)
	if err != nil {
		return err
	}
	if token != "" {
		// At once: it is stored hashed, and nobody will see it again if the start goes no further.
		fmt.Fprintf(s.say, "admin token, shown only this once: %s\n", token)
	}
	return s.serve()
}

// claimAddresses finds taken addresses before anything is started.
func (s *single) claimAddresses() (err error) {
	for flag, address := range map[string]string{"--temporal-listen": s.Up.TemporalListen, "--ui-listen": s.Up.UIListen} {
		if err := app.Probe(s.ctx, flag, address); err != nil {
			return err
		}
	}
	s.listener, err = app.Listen(s.ctx, "--listen", s.Server.Listen)
	return err
}

// openStore opens the database and brings it to this version's schema.
func (s *single) openStore() (*store.Store, error) {
	box, err := secret.Open(s.folder.File(keysetFile))
	if err != nil {
		return nil, err
	}
	db, err := app.OpenStore(s.ctx, config.Database{Driver: store.DriverSQLite, DSN: s.folder.File(databaseFile)}, box, s.logger)
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(s.ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// serve runs the roles, and the demo beside them.
func (s *single) serve() error {
	ctx, finish := context.WithCancel(s.ctx)
	defer finish()
	stages, err := s.roles()
	if err != nil {
		return err
	}
	guide := newGuide(s, finish)
	if s.Demo {
		if err := guide.open(); err != nil {
			return err
		}
		defer guide.close()
		// Due ticks must not meet the target of the last start, which is gone.
		stages[0] = after(guide.prepared, stages[0])
	}
	stages = append([]app.Stage{{Name: "start", Run: guide.run}}, stages...)
	err = app.RunStages(ctx, s.logger, stages...)
	if s.ctx.Err() != nil {
		fmt.Fprintln(s.say, "stopped")
	}
	return errors.Join(err, guide.result)
}

// roles makes the stages in the order in which they stop.
func (s *single) roles() ([]app.Stage, error) {
	api, err := s.core.API(s.listener)
	if err != nil {
		return nil, err
	}
	cfg := app.WorkerConfig{Worker: s.Worker, Webhook: s.Webhook, Links: s.links(), Namespace: s.temporal.Namespace}
	cfg.Worker.StopTimeout = min(cfg.Worker.StopTimeout, upStopLimit)
	worker, err := s.core.Worker(s.ctx, cfg)
	if err != nil {
		return nil, err
	}
	return []app.Stage{s.core.Scheduler(s.Scheduler), api, worker}, nil
}

// links fills in the addresses of this process.
func (s *single) links() config.Links {
	links := s.Links
	if links.BaseURL == "" {
		links.BaseURL = app.LocalURL(s.listener.Addr())
	}
	if links.TemporalUIURL == "" {
		links.TemporalUIURL = s.temporal.UIURL
	}
	return links
}

// after delays the start of a stage until ready is closed.
func after(ready <-chan struct{}, stage app.Stage) app.Stage {
	return app.Stage{Name: stage.Name, Run: func(ctx context.Context) error {
		select {
		case <-ready:
			return stage.Run(ctx)
		case <-ctx.Done():
			return nil
		}
	}}
}
