package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Stage is a part of the program that works until its context ends, which is no error.
type Stage struct {
	Name string
	Run  func(ctx context.Context) error
}

// RunStages runs all stages side by side until ctx ends or one of them does, then stops them one
// after the other in the given order: who takes work in comes first, who does it last. It returns
// what went wrong.
func RunStages(ctx context.Context, logger *slog.Logger, stages ...Stage) error {
	running := make([]*runningStage, len(stages))
	ended := make(chan *runningStage, len(stages))
	for i, stage := range stages {
		running[i] = startStage(ctx, stage, ended)
	}
	var errs []error
	select {
	case <-ctx.Done():
	case first := <-ended:
		if first.err == nil {
			errs = append(errs, fmt.Errorf("%s ended by itself", first.Name))
		}
	}
	for _, r := range running {
		began := time.Now()
		r.stop()
		<-r.done
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.Name, r.err))
		}
		logger.DebugContext(ctx, "stopped", "part", r.Name, "took", time.Since(began).Round(time.Millisecond).String())
	}
	return errors.Join(errs...)
}

type runningStage struct {
	Stage
	stop context.CancelFunc
	done chan struct{}
	err  error // read after done is closed
}

// startStage gives the stage a context that does not end with ctx, only when its turn has come.
func startStage(ctx context.Context, stage Stage, ended chan<- *runningStage) *runningStage {
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &runningStage{Stage: stage, stop: stop, done: make(chan struct{})}
	go func() {
		r.err = stage.Run(own)
		close(r.done)
		ended <- r
	}()
	return r
}
