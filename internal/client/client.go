// Package client speaks to Bellwether's REST API with Go types: those of models and of api/wire,
// which the server uses too, so that client and server cannot drift apart.
//
// Whatever the server refuses is a *Problem, to be found with errors.As. Every call takes a context
// and is bounded by the client's timeout besides.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bellwether/bellwether/api/wire"
)

const (
	// DefaultTimeout bounds one request if Options say nothing else.
	DefaultTimeout = 30 * time.Second
	// maxAnswer bounds what is read of one answer, in bytes.
	maxAnswer = 64 << 20
	apiPath   = "/api/v1"
)

// Problem is the error of a request that the server did not accept: status, title, detail and the bad
// fields.
type Problem = wire.Problem

// Options say which server to speak to, and as whom.
type Options struct {
	// BaseURL is where the server is, such as https://bellwether.example.com; a path is kept.
	BaseURL string
	// Token is sent with every request.
	Token string
	// HTTPClient sends the requests; nil: one of its own. Its redirects are never followed: a POST
	// would silently become a GET.
	HTTPClient *http.Client
	// Timeout bounds each request, the time that it asks the server to wait not counted; 0:
	// DefaultTimeout.
	Timeout time.Duration
	// UserAgent names the program; empty: bellwether-client.
	UserAgent string
}

// Client is safe for concurrent use.
type Client struct {
	base      string
	token     string
	http      *http.Client
	timeout   time.Duration
	userAgent string
}

// New makes a client. It does not connect yet.
func New(opts Options) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(opts.BaseURL, "/"))
	switch {
	case err != nil:
		return nil, errors.New("the server's URL cannot be read; write it as https://bellwether.example.com")
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("the server's URL %q must start with https:// or http:// and name a host", base.Redacted())
	case base.User != nil, base.RawQuery != "", base.Fragment != "":
		return nil, errors.New("the server's URL must not hold a user, a query or a fragment")
	case opts.Token == "":
		return nil, errors.New("an API token is needed")
	case strings.ContainsAny(opts.Token, " \t\r\n"):
		return nil, errors.New("the API token must not contain white space; was it copied with a line break?")
	}
	c := &Client{base: base.String(), token: opts.Token, timeout: opts.Timeout, userAgent: opts.UserAgent}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	if c.userAgent == "" {
		c.userAgent = "bellwether-client"
	}
	c.http = ownClient(opts.HTTPClient)
	return c, nil
}

func ownClient(given *http.Client) *http.Client {
	client := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 8,
	}}
	if given != nil {
		client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one call of the API.
type request struct {
	method string
	path   string // below /api/v1, with its parts escaped
	query  url.Values
	body   any // nil: none
	wait   time.Duration
	header http.Header
}

// call sends a request and decodes the answer into T. An answer without a body is T's zero value.
func call[T any](ctx context.Context, c *Client, r request) (T, error) {
	var out T
	ctx, cancel := context.WithTimeout(ctx, c.timeout+r.wait)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return out, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return out, fmt.Errorf("ask Bellwether: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return out, fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, err)
	case len(raw) > maxAnswer:
		return out, fmt.Errorf("the answer to %s %s has more than %d bytes", r.method, r.path, maxAnswer)
	case res.StatusCode >= http.StatusMultipleChoices:
		return out, problem(res, raw)
	case len(raw) == 0:
		return out, nil
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("the answer to %s %s is not Bellwether's: %w", r.method, r.path, err)
	}
	return out, nil
}

func (c *Client) request(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(raw)
	}
	target := c.base + apiPath + r.path
	if r.wait > 0 {
		if r.query == nil {
			r.query = url.Values{}
		}
		r.query.Set("wait", r.wait.String())
	}
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make request %s %s: %w", r.method, r.path, err)
	}
	maps.Copy(req.Header, r.header)
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// problem reads a refusal. What is no problem document comes from something in between, such as a
// proxy, and is shown by its beginning.
func problem(res *http.Response, raw []byte) *Problem {
	var p Problem
	if json.Unmarshal(raw, &p) == nil && p.Status == res.StatusCode && p.Title != "" {
		return &p
	}
	const most = 200
	text := strings.Join(strings.Fields(string(raw[:min(len(raw), most)])), " ")
	p = Problem{Status: res.StatusCode, Title: http.StatusText(res.StatusCode), Detail: text}
	if location := res.Header.Get("Location"); location != "" {
		p.Detail = "redirected to " + location + ", which is not followed; correct the server's URL"
	}
	if p.Detail == "" {
		p.Detail = "the answer is empty and does not come from Bellwether's API; is the server's URL right?"
	}
	return &p
}

// NotFound reports whether err says that there is no such thing.
func NotFound(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// Temporary reports whether the same request may well succeed a little later: the server could not be
// reached, or it or something in between is out of service.
func Temporary(err error) bool {
	if p, ok := errors.AsType[*Problem](err); ok {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	var transport *url.Error
	return errors.As(err, &transport) || errors.Is(err, io.ErrUnexpectedEOF)
}
