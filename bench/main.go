// Command bench measures what a run costs next to the least that Temporal could do, on the same
// embedded server and in the same process of measurement.
//
// One unit of Bellwether is: an API call starts a run of one trivial HTTP case, and its one signed
// webhook arrives. One unit of the floor is: a bare workflow of two activities that do nothing is
// started and its result is read. Rounds alternate, so that a machine that is busy for a while does
// not favour either; the figures are medians over the rounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

type settings struct {
	binary  string
	rounds  int
	serial  int
	many    int
	atATime int
}

func main() {
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/bellwether", "the bellwether to measure")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds; each measures both sides")
	flag.IntVar(&s.serial, "serial", 40, "units one after the other in a round, for the latency")
	flag.IntVar(&s.many, "many", 200, "units in a round for the throughput")
	flag.IntVar(&s.atATime, "at-a-time", 20, "units under way at the same time for the throughput")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "bellwether-bench-")
	if err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	defer os.RemoveAll(dir)
	product, err := startBellwether(ctx, s.binary, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer product.stop()
	floor, err := newBare(product.temporal)
	if err != nil {
		return err
	}
	defer floor.close()
	return compare(ctx, s, product.once, floor.once)
}

// side is what was measured of one of the two.
type side struct {
	p50, p99  []float64 // milliseconds, one value a round
	perSecond []float64
}

func compare(ctx context.Context, s settings, product, floor work) error {
	var ours, bare side
	for _, do := range []work{product, floor} { // warm-up
		if _, err := throughput(ctx, s.atATime, s.atATime, do); err != nil {
			return err
		}
	}
	for round := range s.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, s.rounds)
		if err := ours.measure(ctx, s, product); err != nil {
			return err
		}
		if err := bare.measure(ctx, s, floor); err != nil {
			return err
		}
	}
	fmt.Printf("one case, one webhook, from the API call to the webhook's arrival; medians of %d rounds\n\n", s.rounds)
	fmt.Printf("%-34s %12s %12s %14s\n", "", "p50 ms", "p99 ms", "per second")
	fmt.Printf("%-34s %12.1f %12.1f %14.1f\n", "bare workflow of two activities", median(bare.p50), median(bare.p99), median(bare.perSecond))
	fmt.Printf("%-34s %12.1f %12.1f %14.1f\n", "bellwether run", median(ours.p50), median(ours.p99), median(ours.perSecond))
	fmt.Printf("%-34s %12s %12s %14s\n", "ratio (target)",
		fmt.Sprintf("%.2f (<=1.5)", median(ours.p50)/median(bare.p50)), fmt.Sprintf("%.2f", median(ours.p99)/median(bare.p99)),
		fmt.Sprintf("%.2f (>=0.6)", median(ours.perSecond)/median(bare.perSecond)))
	fmt.Printf("\nlatency: %d units one after the other; throughput: %d units, %d at a time\n", s.serial, s.many, s.atATime)
	return nil
}

func (m *side) measure(ctx context.Context, s settings, do work) error {
	took, err := latencies(ctx, s.serial, do)
	if err != nil {
		return err
	}
	m.p50 = append(m.p50, milliseconds(quantile(took, 0.5)))
	m.p99 = append(m.p99, milliseconds(quantile(took, 0.99)))
	rate, err := throughput(ctx, s.many, s.atATime, do)
	m.perSecond = append(m.perSecond, rate)
	return err
}

func median(values []float64) float64 { return quantile(values, 0.5) }
