package scheduler

import (
	"context"
	"sync"
	"time"
)

// hopeless is how many failures without a single success mean that the engine is away. It is more
// than one so that one run with which something is wrong does not keep the others from their turn.
const hopeless = 3

// batch makes engine calls of one kind, some at once, each with a time limit. When the engine is away
// it leaves out the rest, because a sweep would else wait for every single call to time out.
type batch struct {
	timeout time.Duration
	slots   chan struct{}
	pending sync.WaitGroup

	mu     sync.Mutex
	worked int
	failed int
	first  error // of the engine
	rows   error // the first error of the database that came up on the way
}

func newBatch(concurrency int, timeout time.Duration) *batch {
	return &batch{timeout: timeout, slots: make(chan struct{}, concurrency)}
}

// do makes a call as soon as a slot is free. It returns false if the engine is away.
func (b *batch) do(ctx context.Context, call func(context.Context) error) bool {
	b.slots <- struct{}{}
	if b.down() || ctx.Err() != nil {
		<-b.slots
		return false
	}
	b.pending.Go(func() {
		defer func() { <-b.slots }()
		ctx, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		b.note(call(ctx))
	})
	return true
}

func (b *batch) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.worked++
		return
	}
	b.failed++
	if b.first == nil {
		b.first = err
	}
}

// noteRows notes an error of the database.
func (b *batch) noteRows(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rows == nil {
		b.rows = err
	}
}

// wait returns when all calls are over, with the first error of the database.
func (b *batch) wait() error {
	b.pending.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows
}

// engineError is the first error of the engine so far.
func (b *batch) engineError() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first
}

func (b *batch) succeeded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.worked > 0
}

// down reports whether the engine is away.
func (b *batch) down() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.worked == 0 && b.failed >= hopeless
}
