package scheduler

import (
	"sync"
	"time"
)

// throttle remembers what was done to whom, so that it is done again only after a while.
type throttle struct {
	every time.Duration

	mu   sync.Mutex
	last map[string]time.Time
}

func newThrottle(every time.Duration) *throttle {
	return &throttle{every: every, last: map[string]time.Time{}}
}

// allow reports whether it may be done to id now, and notes it if so.
func (t *throttle) allow(id string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[id]; ok && t.recent(last, now) {
		return false
	}
	t.last[id] = now
	return true
}

// undo lets it be done to id at once again, because it failed.
func (t *throttle) undo(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.last, id)
}

// forget drops what does not matter any more and returns how many ids are left.
func (t *throttle) forget(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, last := range t.last {
		if !t.recent(last, now) {
			delete(t.last, id)
		}
	}
	return len(t.last)
}

// recent counts times in the future, which a clock that was set back leaves, as long ago.
func (t *throttle) recent(last, now time.Time) bool {
	since := now.Sub(last)
	return since >= 0 && since < t.every
}
