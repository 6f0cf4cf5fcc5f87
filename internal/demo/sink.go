package demo

import (
	"io"
	"net/http"
	"time"
)

// payload is one webhook request as it arrived at the sink.
type payload struct {
	Hook   string // the last part of the path
	Header http.Header
	Body   []byte
	At     time.Time
}

// sinkBacklog is how many payloads may wait for being looked at.
const sinkBacklog = 256

// sink receives webhooks. Whoever reads from arrived sees each payload once.
type sink struct {
	now     func() time.Time
	arrived chan payload
}

func newSink(now func() time.Time) *sink {
	return &sink{now: now, arrived: make(chan payload, sinkBacklog)}
}

// handler answers 204 to what it took, and asks to come again later when nobody reads.
func (s *sink) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks/{hook}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		select {
		case s.arrived <- payload{Hook: r.PathValue("hook"), Header: r.Header.Clone(), Body: body, At: s.now()}:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return mux
}
