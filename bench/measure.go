package main

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// work does one unit and returns when it is wholly done.
type work func(context.Context) error

// latencies does n units one after the other and returns how long each took.
func latencies(ctx context.Context, n int, do work) ([]time.Duration, error) {
	took := make([]time.Duration, 0, n)
	for range n {
		began := time.Now()
		if err := do(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// throughput does n units with so many at a time and returns units per second.
func throughput(ctx context.Context, n, atATime int, do work) (float64, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atATime)
	began := time.Now()
	for range n {
		group.Go(func() error { return do(ctx) })
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// quantile returns the value below which the share q of the values lies.
func quantile[T ~int64 | ~float64](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
