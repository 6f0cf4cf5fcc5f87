package runner

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/bellwether/bellwether/models"
)

// defaultRedirects is how many redirects are followed unless the case says otherwise.
const defaultRedirects = 10

// request is what one hop sends: all variables filled in, all parts checked.
type request struct {
	method string
	url    *url.URL
	host   string // of the Host header; empty: the URL's
	header http.Header
	body   []byte
}

// builder fills in the request of a case. It collects the credentials it comes across.
type builder struct {
	scope     *scope
	secrets   []string
	userAgent string
}

// request builds the first request. Its error is a *problem that names the field. Credentials come
// first, so that they are known as secrets whatever goes wrong afterwards.
func (b *builder) request(spec *models.HTTPSpec) (*request, error) {
	authorization, err := b.authorization(spec.Auth)
	if err != nil {
		return nil, err
	}
	u, err := b.url(spec)
	if err != nil {
		return nil, err
	}
	r := &request{method: strings.ToUpper(spec.Method), url: u, header: http.Header{}}
	if r.method == "" {
		r.method = http.MethodGet
	}
	if err := b.headers(r, spec.Headers); err != nil {
		return nil, err
	}
	if err := b.body(r, spec.Body); err != nil {
		return nil, err
	}
	if authorization != "" {
		r.header.Set("Authorization", authorization)
	}
	if _, set := r.header["User-Agent"]; !set {
		r.header.Set("User-Agent", b.userAgent)
	}
	return r, nil
}

func (b *builder) url(spec *models.HTTPSpec) (*url.URL, error) {
	const field = "http.url"
	raw, err := b.scope.fill(field, spec.URL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil:
		return nil, problemf(field, "%q is not a URL; write it as https://host/path", raw)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, problemf(field, "%q must start with https:// or http://", raw)
	case u.Hostname() == "":
		return nil, problemf(field, "%q has no host; write it as https://host/path", raw)
	case u.User != nil:
		return nil, problemf(field, "must not contain a user name or password; use auth")
	case !validPort(u.Port()):
		return nil, problemf(field, "has the port %s; use one between 1 and 65535", u.Port())
	}
	query, err := b.pairs("http.query", spec.Query)
	if err != nil {
		return nil, err
	}
	u.RawQuery = joinQuery(tidyQuery(u.RawQuery), query)
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// tidyQuery percent-encodes what must not stand in a query, such as spaces and letters beyond ASCII,
// and leaves everything else as it was written.
func tidyQuery(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		c := raw[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// pairs fills in names and values and writes them URL-encoded in their order.
func (b *builder) pairs(field string, pairs []models.NameValue) (string, error) {
	parts := make([]string, 0, len(pairs))
	for i, p := range pairs {
		name, value, err := b.pair(fmt.Sprintf("%s[%d]", field, i), p)
		if err != nil {
			return "", err
		}
		parts = append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	return strings.Join(parts, "&"), nil
}

func (b *builder) pair(field string, p models.NameValue) (name, value string, err error) {
	if name, err = b.scope.fill(field+".name", p.Name); err != nil {
		return "", "", err
	}
	if value, err = b.scope.fill(field+".value", p.Value); err != nil {
		return "", "", err
	}
	return name, value, nil
}

func (b *builder) headers(r *request, headers []models.NameValue) error {
	for i, h := range headers {
		field := fmt.Sprintf("http.headers[%d]", i)
		name, value, err := b.pair(field, h)
		if err != nil {
			return err
		}
		if isDelicate(name) {
			b.secrets = append(b.secrets, credentials(value)...)
		}
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return problemf(field+".name", "%q is not a header name; use letters, digits and '-'", name)
		case !httpguts.ValidHeaderFieldValue(value):
			return problemf(field+".value", "contains characters that a header cannot carry, such as a line break")
		case isFramed(name):
			return problemf(field+".name", "%s is set by itself; remove it", name)
		case !strings.EqualFold(name, "Host"):
			r.header.Add(name, value)
		case value == "" || !httpguts.ValidHostHeader(value) || strings.ContainsAny(value, "/?#@ "):
			return problemf(field+".value", "%q is not a host; write it as host or host:port", value)
		default:
			r.host = value
		}
	}
	return nil
}

// isFramed reports whether a header belongs to the framing of the message, which is not the case's
// to decide: Go would leave such a header out without a word.
func isFramed(name string) bool {
	return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") ||
		strings.EqualFold(name, "Trailer")
}

func (b *builder) body(r *request, body *models.HTTPBody) error {
	if body == nil {
		return nil
	}
	var contentType string
	var err error
	switch body.Mode {
	case models.BodyJSON:
		contentType = "application/json"
		r.body, err = b.json(body.JSON)
	case models.BodyForm:
		contentType = "application/x-www-form-urlencoded"
		var text string
		text, err = b.pairs("http.body.form", body.Form)
		r.body = []byte(text)
	default:
		contentType = "text/plain; charset=utf-8"
		var text string
		text, err = b.scope.fill("http.body.raw", body.Raw)
		r.body = []byte(text)
	}
	if err != nil {
		return err
	}
	return b.contentType(r, body.ContentType, contentType)
}

func (b *builder) json(text json.RawMessage) ([]byte, error) {
	filled, err := expandJSON(text, b.scope.value)
	if err != nil {
		return nil, problemf("http.body.json", "%s", err)
	}
	return filled, nil
}

// contentType prefers a header of the case to the body's content type to the mode's.
func (b *builder) contentType(r *request, given, byMode string) error {
	if _, set := r.header["Content-Type"]; set {
		return nil
	}
	value, err := b.scope.fill("http.body.content_type", given)
	if err != nil {
		return err
	}
	if value == "" {
		value = byMode
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return problemf("http.body.content_type", "contains characters that a header cannot carry, such as a line break")
	}
	r.header.Set("Content-Type", value)
	return nil
}

// authorization is the value of the Authorization header; "" without credentials.
func (b *builder) authorization(auth *models.HTTPAuth) (string, error) {
	if auth == nil {
		return "", nil
	}
	if auth.Type == models.AuthBearer {
		token, err := b.scope.fill("http.auth.token", auth.Token)
		if err != nil {
			return "", err
		}
		b.secrets = append(b.secrets, token)
		if !httpguts.ValidHeaderFieldValue(token) {
			return "", problemf("http.auth.token", "contains characters that a header cannot carry, such as a line break")
		}
		return "Bearer " + token, nil
	}
	username, err := b.scope.fill("http.auth.username", auth.Username)
	if err != nil {
		return "", err
	}
	password, err := b.scope.fill("http.auth.password", auth.Password)
	if err != nil {
		return "", err
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	b.secrets = append(b.secrets, password, encoded)
	return "Basic " + encoded, nil
}
