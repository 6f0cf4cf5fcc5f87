package api

import (
	"sync"
	"time"
)

const (
	// callerTTL bounds how long a deleted token, a disabled user or a lost role still counts in
	// another process. This process forgets at once.
	callerTTL = 5 * time.Second
	// maxCallers bounds the memory of the cache.
	maxCallers = 10_000
)

// callerCache remembers for a moment who the tokens belong to.
type callerCache struct {
	now     func() time.Time
	mu      sync.Mutex
	entries map[string]cachedCaller // by hash
	// generation grows with each forget, so that a caller loaded before it is not kept after it.
	generation int
}

type cachedCaller struct {
	caller
	until   time.Time
	touched time.Time // when the last use was written
}

func newCallerCache(now func() time.Time) *callerCache {
	return &callerCache{now: now, entries: map[string]cachedCaller{}}
}

// get answers the caller, or the generation that put wants to know.
func (c *callerCache) get(hash string) (who caller, generation int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[hash]
	if !ok || !c.now().Before(e.until) {
		return caller{}, c.generation, false
	}
	return e.caller, c.generation, true
}

// put keeps a caller that was loaded after get.
func (c *callerCache) put(hash string, who caller, generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.entries) >= maxCallers {
		clear(c.entries)
	}
	e := cachedCaller{caller: who, until: c.now().Add(callerTTL)}
	if who.token.LastUsedAt != nil {
		e.touched = *who.token.LastUsedAt
	}
	c.entries[hash] = e
}

// due reports whether the use of the token at now should be written, and assumes that it then is.
func (c *callerCache) due(hash string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[hash]
	if !ok || now.Sub(e.touched) < touchEvery {
		return false
	}
	e.touched = now
	c.entries[hash] = e
	return true
}

// forget drops everything: tokens, users or members have changed.
func (c *callerCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.generation++
}
