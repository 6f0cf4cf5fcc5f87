package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// api speaks to a REST API as curl would.
type api struct {
	t       *testing.T
	address string
	client  *http.Client
}

func newAPI(t *testing.T, address string) *api {
	return &api{t: t, address: address, client: &http.Client{Timeout: 90 * time.Second}}
}

type object = map[string]any

// call sends a request and returns the status and the decoded answer.
func (a *api) call(method, path string, body any, headers ...string) (int, object) {
	a.t.Helper()
	var payload io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(a.t, err)
		payload = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, "http://"+a.address+"/api/v1"+path, payload)
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := a.client.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	var answer object
	if len(raw) > 0 {
		require.NoError(a.t, json.Unmarshal(raw, &answer), "%s %s answered %s", method, path, raw)
	}
	return res.StatusCode, answer
}

// must is call for requests that have to succeed.
func (a *api) must(method, path string, body any, headers ...string) object {
	a.t.Helper()
	status, answer := a.call(method, path, body, headers...)
	require.Less(a.t, status, 300, "%s %s answered %d: %v", method, path, status, answer)
	return answer
}

// items returns a list's entries.
func (a *api) items(path string) []object {
	a.t.Helper()
	var list []object
	for _, item := range a.must(http.MethodGet, path, nil)["items"].([]any) {
		list = append(list, item.(object))
	}
	return list
}

// workspace makes the workspace E2E.
func (a *api) workspace() {
	a.t.Helper()
	a.must(http.MethodPost, "/workspaces", object{"key": "E2E", "name": "End to end"})
}

// testCase makes an HTTP case and returns its key.
func (a *api) testCase(name, url string, more object) string {
	a.t.Helper()
	body := object{
		"workspace_key": "E2E", "name": name, "kind": "http", "timeout_seconds": 60,
		"http": object{"url": url, "assertions": []object{{"source": "status", "value": 200}}},
	}
	maps.Copy(body, more)
	return a.must(http.MethodPost, "/cases", body)["key"].(string)
}

// pipeline makes a sequential pipeline and returns its key.
func (a *api) pipeline(name string, cases ...string) string {
	a.t.Helper()
	return a.must(http.MethodPost, "/pipelines", object{"workspace_key": "E2E", "name": name, "case_keys": cases})["key"].(string)
}

// gatekeeper makes a gatekeeper and returns its key.
func (a *api) gatekeeper(name string, pipelines ...string) string {
	a.t.Helper()
	return a.must(http.MethodPost, "/triggers", object{
		"workspace_key": "E2E", "method": "gatekeeper", "name": name, "pipeline_keys": append([]string{}, pipelines...),
	})["key"].(string)
}

// webhook subscribes a URL to everything.
func (a *api) webhook(name, url, format string) string {
	a.t.Helper()
	return a.must(http.MethodPost, "/webhooks", object{
		"workspace_key": "E2E", "name": name, "url": url, "format": format, "secret": "a secret of the scenarios",
	})["uid"].(string)
}

// fire starts a run and returns its id.
func (a *api) fire(trigger string) string {
	a.t.Helper()
	return a.must(http.MethodPost, "/triggers/"+trigger+"/runs", object{})["id"].(string)
}

// verdict waits for the end of a run.
func (a *api) verdict(run string, limit time.Duration) object {
	a.t.Helper()
	var last object
	require.Eventually(a.t, func() bool {
		last = a.must(http.MethodGet, "/runs/"+run+"?wait=5s", nil)
		return final(last)
	}, limit, poll, "run %s ends", run)
	return last
}

func final(run object) bool {
	status := number(run["status"])
	return status != -1 && status != 0
}

func number(v any) int {
	f, ok := v.(float64)
	if !ok {
		return -1000
	}
	return int(f)
}

// results returns the case results of a run by case key.
func (a *api) results(run string) map[string]object {
	a.t.Helper()
	byKey := map[string]object{}
	for _, r := range a.items(fmt.Sprintf("/runs/%s/results", run)) {
		key := r["case_key"].(string)
		require.NotContains(a.t, byKey, key, "one result per case")
		byKey[key] = r
	}
	return byKey
}
