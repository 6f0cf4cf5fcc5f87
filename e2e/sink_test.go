package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// received is one webhook request as it arrived.
type received struct {
	Header http.Header
	Body   []byte
}

// sink is a webhook receiver that answers 200, or whatever answer says.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int) int // n counts requests from 1
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{answer: func(int) int { return http.StatusOK }}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.got = append(s.got, received{Header: r.Header.Clone(), Body: body})
	status := s.answer(len(s.got))
	s.mu.Unlock()
	w.WriteHeader(status)
}

// all returns what has arrived so far.
func (s *sink) all() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}

// deliveries counts the requests by delivery id.
func (s *sink) deliveries() map[string]int {
	counts := map[string]int{}
	for _, r := range s.all() {
		counts[r.Header.Get("X-Bellwether-Delivery")]++
	}
	return counts
}

// expect waits until n requests have arrived and returns them.
func (s *sink) expect(t *testing.T, n int, limit time.Duration) []received {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.all()) >= n }, limit, poll, "%d webhook requests arrive", n)
	return s.all()
}

// testany is the part of Testany's payload that the scenarios look at.
type testany struct {
	Name          string `json:"name"`
	Status        int    `json:"status"`
	TriggerKey    string `json:"trigger_key"`
	TriggerMethod string `json:"trigger_method"`
	Pipelines     []struct {
		Key          string `json:"key"`
		ExecutionKey string `json:"execution_key"`
		Status       int    `json:"status"`
		Cases        []struct {
			Key      string `json:"key"`
			Name     string `json:"name"`
			Status   int    `json:"status"`
			Duration int    `json:"duration"`
		} `json:"cases"`
	} `json:"pipelines"`
}

func (r received) testany(t *testing.T) testany {
	t.Helper()
	var p testany
	require.NoError(t, json.Unmarshal(r.Body, &p))
	return p
}

// target is the API under test: /ok answers 200, /bad 500, /slow only after release.
type target struct {
	*httptest.Server
	ok, bad  atomic.Int64
	slow     chan struct{} // one value for each request to /slow that has arrived
	release  chan struct{} // closed to let every /slow answer
	gone     chan struct{} // one value for each /slow whose caller hung up
	released sync.Once
}

func newTarget(t *testing.T) *target {
	t.Helper()
	g := &target{slow: make(chan struct{}, 100), release: make(chan struct{}), gone: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) {
		g.ok.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"state":"fine","items":[1,2,3]}`)
	})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) {
		g.bad.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		g.slow <- struct{}{}
		select {
		case <-g.release:
			w.WriteHeader(http.StatusOK)
		case <-r.Context().Done():
			g.gone <- struct{}{}
		}
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		g.letGo()
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

// letGo lets every request to /slow answer, now and later.
func (g *target) letGo() { g.released.Do(func() { close(g.release) }) }

// reached waits for the next request to /slow.
func (g *target) reached(t *testing.T, limit time.Duration) {
	t.Helper()
	select {
	case <-g.slow:
	case <-time.After(limit):
		require.Fail(t, "no request to /slow arrived", "within %s", limit)
	}
}
