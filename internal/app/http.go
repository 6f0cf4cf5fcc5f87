package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of the HTTP servers. A request that waits for the end of a run lifts the write limit for
// itself.
const (
	readHeaderLimit = 10 * time.Second
	readLimit       = 30 * time.Second
	writeLimit      = 60 * time.Second
	idleLimit       = 2 * time.Minute
	// drainLimit is how long requests may take to end when the server stops.
	drainLimit = 2 * time.Second
)

// serve answers requests until ctx ends, then lets those under way end. stopping, if not nil, is
// called when that begins.
func serve(ctx context.Context, l net.Listener, handler http.Handler, logger *slog.Logger, stopping func()) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      writeLimit,
		IdleTimeout:       idleLimit,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	if stopping != nil {
		stopping()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
