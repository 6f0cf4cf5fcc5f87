package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// server is a small HTTP server on a free port of the loopback interface.
type server struct {
	url   string
	http  *http.Server
	ended chan struct{}
}

func startServer(ctx context.Context, handler http.Handler) (*server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the demo: %w", err)
	}
	s := &server{
		url:   "http://" + l.Addr().String(),
		http:  &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second},
		ended: make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l) // It ends with close, and never otherwise on a listener of our own.
	}()
	return s, nil
}

// close ends the server and every connection to it.
func (s *server) close() {
	_ = s.http.Close()
	<-s.ended
}
