package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	adminToken = "bw_bench_0123456789abcdefghijklmnop"
	startLimit = time.Minute
)

// bellwether is a `bellwether up` with one gatekeeper of one case and one webhook. The target API and
// the webhook's receiver are in this process.
type bellwether struct {
	cmd      *exec.Cmd
	log      *os.File
	address  string
	temporal string
	client   *http.Client
	target   *httptest.Server
	sink     *httptest.Server
	trigger  string

	mu      sync.Mutex
	waiting map[string]chan struct{} // by run; closed when the webhook arrives
}

// startBellwether runs binary on the folder data.
func startBellwether(ctx context.Context, binary, data string) (*bellwether, error) {
	b := &bellwether{waiting: map[string]chan struct{}{}}
	b.client = &http.Client{Timeout: startLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	b.target = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.sink = httptest.NewServer(http.HandlerFunc(b.receive))
	if err := b.start(binary, data); err != nil {
		return nil, err
	}
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	return b, b.define(ctx)
}

func (b *bellwether) start(binary, data string) error {
	addresses, err := freeAddresses(3)
	if err != nil {
		return err
	}
	b.address, b.temporal = addresses[0], addresses[1]
	b.cmd = exec.Command(binary, "up", "--data", data, "--listen", b.address, "--temporal-listen", b.temporal, "--ui-listen", addresses[2])
	b.cmd.Env = append(os.Environ(), "BELLWETHER_ADMIN_TOKEN="+adminToken)
	if b.log, err = os.Create(data + ".log"); err != nil {
		return fmt.Errorf("make a log file: %w", err)
	}
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	if err := b.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", binary, err)
	}
	return nil
}

func freeAddresses(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// ready waits until the API says that it can work.
func (b *bellwether) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.address+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := b.client.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("bellwether was not ready within %s; its log is %s", startLimit, b.log.Name())
		case <-tick.C:
		}
	}
}

// define makes the workspace, the case, the pipeline, the gatekeeper and the webhook.
func (b *bellwether) define(ctx context.Context) error {
	type object = map[string]any
	made := func(path string, body object, field string) (string, error) {
		var answer object
		if err := b.post(ctx, path, body, &answer); err != nil {
			return "", err
		}
		key, _ := answer[field].(string)
		return key, nil
	}
	if _, err := made("/workspaces", object{"key": "BEN", "name": "Bench"}, "key"); err != nil {
		return err
	}
	if _, err := made("/webhooks", object{"workspace_key": "BEN", "name": "sink", "url": b.sink.URL, "secret": "a secret of the bench"}, "uid"); err != nil {
		return err
	}
	testCase, err := made("/cases", object{"workspace_key": "BEN", "name": "trivial", "kind": "http", "http": object{"url": b.target.URL}}, "key")
	if err != nil {
		return err
	}
	pipeline, err := made("/pipelines", object{"workspace_key": "BEN", "name": "one", "case_keys": []string{testCase}}, "key")
	if err != nil {
		return err
	}
	b.trigger, err = made("/triggers", object{"workspace_key": "BEN", "method": "gatekeeper", "name": "gate", "pipeline_keys": []string{pipeline}}, "key")
	return err
}

func (b *bellwether) post(ctx context.Context, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+b.address+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := b.client.Do(req)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("POST %s answered %d: %s", path, res.StatusCode, text)
	}
	return json.Unmarshal(text, answer)
}

// once starts a run and waits until its webhook has arrived: everything that a run does is done.
func (b *bellwether) once(ctx context.Context) error {
	var run struct {
		ID string `json:"id"`
	}
	if err := b.post(ctx, "/triggers/"+b.trigger+"/runs", struct{}{}, &run); err != nil {
		return err
	}
	select {
	case <-b.arrival(run.ID):
		b.mu.Lock()
		delete(b.waiting, run.ID)
		b.mu.Unlock()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startLimit):
		return fmt.Errorf("no webhook for run %s within %s; the log is %s", run.ID, startLimit, b.log.Name())
	}
}

// arrival is closed when the webhook of the run arrives, which may be before anyone waits for it.
func (b *bellwether) arrival(run string) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[run] == nil {
		b.waiting[run] = make(chan struct{})
	}
	return b.waiting[run]
}

func (b *bellwether) receive(_ http.ResponseWriter, r *http.Request) {
	var event struct {
		Data struct {
			RunID string `json:"run_id"`
		} `json:"data"`
	}
	if json.NewDecoder(r.Body).Decode(&event) == nil && event.Data.RunID != "" {
		close(b.arrival(event.Data.RunID))
	}
}

func (b *bellwether) stop() {
	_ = b.cmd.Process.Signal(os.Interrupt)
	_ = b.cmd.Wait()
	b.target.Close()
	b.sink.Close()
	b.log.Close()
}
