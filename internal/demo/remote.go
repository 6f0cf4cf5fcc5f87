package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bellwether/bellwether/api/wire"
)

// remote speaks to the REST API.
type remote struct {
	base, token string
	http        *http.Client
}

func newRemote(base, token string) remote {
	return remote{
		base: strings.TrimSuffix(base, "/") + "/api/v1", token: token,
		http: &http.Client{Timeout: 90 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// call sends in as JSON, unless it is nil, and reads the answer into out. A problem is a
// *wire.Problem. header holds names and values in turn.
func (r remote) call(ctx context.Context, method, path string, in, out any, header ...string) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusMultipleChoices {
		problem := &wire.Problem{Status: res.StatusCode}
		if err := json.NewDecoder(res.Body).Decode(problem); err != nil {
			problem.Detail = "the answer is not a problem document"
		}
		return fmt.Errorf("%s %s: %w", method, path, problem)
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// all reads every page of a list; query may be empty.
func all[T any](ctx context.Context, r remote, path, query string) ([]T, error) {
	var items []T
	for after := ""; ; {
		var page wire.List[T]
		if err := r.call(ctx, http.MethodGet, path+"?limit=100&"+query+"&after="+url.QueryEscape(after), nil, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, nil
		}
		after = page.Next
	}
}

// missing reports whether err says that there is no such thing.
func missing(err error) bool {
	var problem *wire.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusNotFound
}
