package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bellwether/bellwether/internal/app"
	"github.com/bellwether/bellwether/internal/demo"
)

const (
	// readyLimit bounds the wait for the API's first good answer to /readyz.
	readyLimit = 30 * time.Second
	readyPause = 20 * time.Millisecond
)

// guide tells whoever started the process what there is to see, and shows the demo.
type guide struct {
	*single
	finish   func() // ends the process as a signal does
	prepared chan struct{}
	show     *demo.Demo // nil: without
	result   error      // of the demo; read after run has ended
}

func newGuide(s *single, finish func()) *guide {
	return &guide{single: s, finish: finish, prepared: make(chan struct{})}
}

// open starts the demo's own servers.
func (g *guide) open() (err error) {
	cfg := demo.Config{
		URL: app.LocalURL(g.listener.Addr()), Say: g.say, Now: time.Now,
		RunPage: func(runID string) string {
			return app.WorkflowPage(g.links().TemporalUIURL, g.temporal.Namespace, runID)
		},
	}
	if g.JSON {
		cfg.JSON = g.stdout
	}
	if cfg.Token, err = g.core.DemoToken(g.ctx); err != nil {
		return err
	}
	g.show, err = demo.New(g.ctx, cfg)
	return err
}

// close ends the demo's servers and takes its token back.
func (g *guide) close() {
	g.show.Close()
	ctx := context.WithoutCancel(g.ctx)
	if err := g.core.DropDemoToken(ctx); err != nil {
		g.logger.WarnContext(ctx, "take the demo's token back", "error", err)
	}
}

// run is a stage: it waits until the others work, says where things are, shows the demo and then
// waits for the end.
func (g *guide) run(ctx context.Context) error {
	if err := g.awaitReady(ctx); err != nil {
		return err
	}
	g.tell()
	if g.show == nil {
		<-ctx.Done()
		return nil
	}
	err := g.perform(ctx)
	if g.Exit {
		g.result = err
		g.finish()
		<-ctx.Done()
		return nil
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(g.say, "the demo did not go as it should: %v\n", err)
	}
	fmt.Fprintln(g.say, "\nThe plan goes on once a minute; Ctrl-C stops everything.")
	g.show.Watch(ctx)
	return nil
}

func (g *guide) perform(ctx context.Context) error {
	err := g.show.Prepare(ctx)
	close(g.prepared)
	if err != nil {
		return fmt.Errorf("define the demo: %w", err)
	}
	return g.show.Play(ctx)
}

// tell prints where things are.
func (g *guide) tell() {
	base := app.LocalURL(g.listener.Addr())
	fmt.Fprintf(g.say, "ready in %.1f s\n\n", time.Since(g.began).Seconds())
	fmt.Fprintf(g.say, "  API       %s/api/v1\n", base)
	fmt.Fprintf(g.say, "  API docs  %s/docs\n", base)
	fmt.Fprintf(g.say, "  Web UI    %s\n", g.temporal.UIURL)
	fmt.Fprintf(g.say, "  Temporal  %s\n", g.temporal.FrontendAddr)
	fmt.Fprintf(g.say, "  Data      %s\n", g.Up.Data)
	fmt.Fprintln(g.say)
}

// awaitReady asks /readyz until it answers 200.
func (g *guide) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	url := app.LocalURL(g.listener.Addr()) + "/readyz"
	for {
		last := ask(ctx, client, url)
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the API at %s: %w", url, errors.Join(ctx.Err(), last))
		case <-time.After(readyPause):
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("it answered %s %s", res.Status, text)
	}
	return nil
}
