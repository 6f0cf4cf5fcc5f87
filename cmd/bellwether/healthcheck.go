package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/bellwether/bellwether/internal/app"
)

// healthLimit bounds the wait for the answer.
const healthLimit = 3 * time.Second

type healthcheckCmd struct {
	Listen string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"BELLWETHER_LISTEN" help:"Address that the API listens on, or a worker's --metrics-listen."`
}

// Run asks /healthz.
func (c *healthcheckCmd) Run(p *process) error {
	address, err := net.ResolveTCPAddr("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %q is not HOST:PORT: %w", c.Listen, err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, healthLimit)
	defer cancel()
	url := app.LocalURL(address) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: it answered %s", url, res.Status)
	}
	return nil
}
