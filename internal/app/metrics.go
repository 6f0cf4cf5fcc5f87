package app

import (
	"context"
	"io"
	"net"
	"net/http"
)

// MetricsServer serves /metrics and /healthz on l, for roles without an API.
func (c *Core) MetricsServer(l net.Listener) Stage {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", c.Metrics.Handler(c.Logger))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
	})
	return Stage{Name: "metrics", Run: func(ctx context.Context) error { return serve(ctx, l, mux, c.Logger, nil) }}
}
