package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// uiStartLimit bounds the wait for the Web UI's first answer.
const uiStartLimit = 10 * time.Second

// webUI is the Temporal Web UI on a port of its own: its handler cannot be mounted elsewhere.
type webUI struct {
	server *uiserver.Server
	url    string
	done   chan error
}

func newWebUI(at listener, frontendAddr, namespace string) *webUI {
	host := at.ip.String()
	if at.ip.To4() == nil {
		host = "[" + host + "]"
	}
	server := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: frontendAddr,
		Host:                host,
		Port:                at.port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		// Without these two it would write an access log and call its makers.
		HideLogs:         true,
		DisableNewsFetch: true,
		// It is served over plain HTTP.
		CORS: uiconfig.CORS{CookieInsecure: true},
	}))
	return &webUI{server: server, url: "http://" + at.dialAddr(), done: make(chan error, 1)}
}

// start returns when the Web UI answers.
func (u *webUI) start(ctx context.Context) error {
	go func() { u.done <- u.server.Start() }()
	ctx, cancel := context.WithTimeout(ctx, uiStartLimit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if u.answers(ctx) {
			return nil
		}
		select {
		case err := <-u.done:
			return errors.Join(errors.New("the Temporal Web UI ended at its start"), err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the Temporal Web UI at %s: %w", u.url, ctx.Err())
		case <-tick.C:
		}
	}
}

func (u *webUI) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/healthz", nil)
	if err != nil {
		return false
	}
	// A transport of its own: a proxy from the environment has no business here, and no idle
	// connection may stay behind.
	transport := &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (u *webUI) stop() { u.server.Stop() }
