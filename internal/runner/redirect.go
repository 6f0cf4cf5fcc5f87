package runner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bellwether/bellwether/models"
)

// errRedirect says that a redirect cannot be followed. It is the product's fault.
type errRedirect struct{ text string }

func (e *errRedirect) Error() string { return e.text }

// exchanges sends the request and follows its redirects. The last exchange decides: its err is set
// if there is no answer to judge.
func (s *session) exchanges(ctx context.Context, r *request, spec *models.HTTPSpec, secrets *masker) []*exchange {
	follow, most := spec.FollowRedirects == nil || *spec.FollowRedirects, spec.MaxRedirects
	if most == 0 {
		most = defaultRedirects
	}
	var list []*exchange
	for {
		x := s.do(ctx, r, follow)
		list = append(list, x)
		if x.err != nil || !follow || !redirects(x.response) {
			return list
		}
		if len(list) > most {
			x.err = &errRedirect{fmt.Sprintf("more than %d redirects", most)}
			return list
		}
		r, x.err = next(r, x.response, secrets)
		if x.err != nil {
			return list
		}
	}
}

// redirects reports whether an answer sends the client elsewhere. Without Location it does not.
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	default:
		return false
	}
}

// next is the request that a redirect asks for. 301, 302 and 303 turn it into a GET without a body
// (HEAD stays HEAD), 307 and 308 repeat it. Credentials do not go to another origin.
func next(r *request, resp *http.Response, secrets *masker) (*request, error) {
	location, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, &errRedirect{fmt.Sprintf("the answer redirects to %q, which is not a URL", resp.Header.Get("Location"))}
	}
	target := r.url.ResolveReference(location)
	target.User, target.Fragment, target.RawFragment = nil, "", ""
	if (target.Scheme != "http" && target.Scheme != "https") || target.Hostname() == "" || !validPort(target.Port()) {
		return nil, &errRedirect{fmt.Sprintf("the answer redirects to %s, which is not an http URL", target)}
	}
	target.RawQuery = tidyQuery(target.RawQuery)
	n := &request{method: r.method, url: target, header: r.header.Clone(), body: r.body}
	if !location.IsAbs() && location.Host == "" {
		n.host = r.host
	}
	if resp.StatusCode < http.StatusTemporaryRedirect {
		n.body = nil
		n.header.Del("Content-Type")
		if r.method != http.MethodHead {
			n.method = http.MethodGet
		}
	}
	if !sameOrigin(r.url, target) {
		dropCredentials(n.header, secrets)
	}
	return n, nil
}

// sameOrigin reports whether credentials for one URL may go to another: same scheme, host and port,
// or the same host on its way from http to https on the standard ports.
func sameOrigin(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	fromPort, toPort := portOf(from), portOf(to)
	if from.Scheme == "http" && to.Scheme == "https" {
		return fromPort == "80" && toPort == "443"
	}
	return from.Scheme == to.Scheme && fromPort == toPort
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}

// dropCredentials removes the headers that carry credentials by their name, and those that carry a
// secret by their value.
func dropCredentials(header http.Header, secrets *masker) {
	for name, values := range header {
		drop := isDelicate(name)
		for _, v := range values {
			drop = drop || secrets.hides(v)
		}
		if drop {
			header.Del(name)
		}
	}
}

// refused reports whether the operator's policy kept an exchange from happening.
func refused(err error) (*policyError, bool) {
	var policy *policyError
	ok := errors.As(err, &policy)
	return policy, ok
}
