package runner_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// seen is a request that a recorder got.
type seen struct {
	method, path, host, body string
	header                   http.Header
}

// recorder serves by routes and remembers what it was asked.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	list []seen
}

func record(t *testing.T, h http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = serve(t, func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.list = append(r.list, seen{req.Method, req.URL.RequestURI(), req.Host, string(body), req.Header.Clone()})
		r.mu.Unlock()
		h(w, req)
	})
	return r
}

func (r *recorder) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seen(nil), r.list...)
}

// hop redirects /a to location with a status; everything else answers "end".
func hop(status int, location func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a" {
			_, _ = io.WriteString(w, "end")
			return
		}
		w.Header().Set("Location", location())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "moved")
	}
}

func to(location string) func() string { return func() string { return location } }

func TestRedirectsChangeTheMethodAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status             int
		method, want, body string
	}{
		{301, "POST", "GET", ""},
		{302, "POST", "GET", ""},
		{303, "POST", "GET", ""},
		{303, "PUT", "GET", ""},
		{307, "POST", "POST", "hello"},
		{308, "PATCH", "PATCH", "hello"},
		{302, "HEAD", "HEAD", ""},
	} {
		t.Run(fmt.Sprint(tc.status, tc.method), func(t *testing.T) {
			t.Parallel()
			s := record(t, hop(tc.status, to("/b?x=1#frag")))
			spec := models.HTTPSpec{
				Method: tc.method, URL: s.URL + "/a",
				Body: &models.HTTPBody{Mode: models.BodyRaw, Raw: "hello"},
			}
			if tc.method == "HEAD" {
				spec.Body = nil
			}
			o := run(t, spec)
			require.Equal(t, models.StatusSuccess, o.Status, o.Message)
			got := s.requests()
			require.Len(t, got, 2)
			require.Equal(t, tc.want, got[1].method)
			require.Equal(t, tc.body, got[1].body)
			require.Equal(t, "/b?x=1", got[1].path)
			require.Equal(t, tc.body != "", got[1].header.Get("Content-Type") != "")

			require.Len(t, o.Report.Exchanges, 2, "each hop is in the report")
			require.Equal(t, tc.status, o.Report.Exchanges[0].Status)
			require.Equal(t, s.URL+"/b?x=1", o.Report.Exchanges[1].URL)
			require.Equal(t, 200, o.Report.Exchanges[1].Status)
			if tc.method != "HEAD" {
				require.Equal(t, "moved", o.Report.Exchanges[0].ResponseBody.Text)
			}
		})
	}
}

func TestRedirectsAreNotFollowedOnDemand(t *testing.T) {
	t.Parallel()
	s := record(t, hop(302, to("/b")))
	no := false
	o := run(t, models.HTTPSpec{
		URL: s.URL + "/a", FollowRedirects: &no,
		Assertions: []models.Assertion{assertion("status", "", "", "302"), assertion("header", "Location", "", `"/b"`)},
	})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Len(t, s.requests(), 1)
}

func TestBodyOfARedirectThatIsNotFollowedIsReadLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(302, strings.Repeat("x", 300<<10)+"end", "Location: /b"))
	no := false
	o := run(t, models.HTTPSpec{URL: s.URL, FollowRedirects: &no, Assertions: []models.Assertion{assertion("body", "", "matches", `"end$"`)}})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
}

func TestAnswersThatDoNotRedirectAreFinal(t *testing.T) {
	t.Parallel()
	for _, h := range []http.HandlerFunc{respond(302, ""), respond(304, "", "Location: /b"), respond(300, "", "Location: /b"), respond(201, "", "Location: /b")} {
		s := record(t, h)
		require.Equal(t, models.StatusSuccess, run(t, models.HTTPSpec{URL: s.URL}).Status)
		require.Len(t, s.requests(), 1)
	}
}

func TestRedirectsAreCounted(t *testing.T) {
	t.Parallel()
	var s *recorder
	s = record(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.URL+"/again", http.StatusFound) })
	for most, want := range map[int]int{0: 10, 3: 3, 20: 20} {
		o := run(t, models.HTTPSpec{URL: s.URL, MaxRedirects: most})
		require.Equal(t, models.StatusFailure, o.Status)
		require.Equal(t, fmt.Sprintf("more than %d redirects", want), o.Message)
		require.Len(t, o.Report.Exchanges, want+1)
	}
}

func TestExactlyTheAllowedNumberOfRedirectsIsFollowed(t *testing.T) {
	t.Parallel()
	s := record(t, hop(302, to("/b")))
	require.Equal(t, models.StatusSuccess, run(t, models.HTTPSpec{URL: s.URL + "/a", MaxRedirects: 1}).Status)
}

func TestBadRedirectsAreFailures(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"ftp://example.com/x": "the answer redirects to ftp://example.com/x, which is not an http URL",
		"http://":             "which is not an http URL",
		"http://h:99999/":     "which is not an http URL",
		"http://[::1":         "which is not a URL",
	} {
		s := record(t, hop(302, to(location)))
		o := run(t, models.HTTPSpec{URL: s.URL + "/a"})
		require.Equal(t, models.StatusFailure, o.Status)
		require.Contains(t, o.Message, want)
		require.Equal(t, o.Message, o.Report.Exchanges[0].Error)
	}
}

func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	t.Parallel()
	other := record(t, hop(302, to("/b"))) // the same host name, but another port
	s := record(t, hop(307, to(other.URL+"/c")))
	j := job(models.HTTPSpec{
		Method: "POST", URL: s.URL + "/a", Auth: &models.HTTPAuth{Type: models.AuthBearer, Token: "tok-12345"},
		Headers: []models.NameValue{
			{Name: "Cookie", Value: "sid=1"},
			{Name: "X-Api-Key", Value: "k"},
			{Name: "Proxy-Authorization", Value: "p"},
			{Name: "X-Custom", Value: "Token {{KEY}}"},
			{Name: "X-Harmless", Value: "yes"},
		},
		Body: &models.HTTPBody{Mode: models.BodyRaw, Raw: "body"},
	})
	j.Case.Variables = []models.CaseVariable{{Name: "KEY", Type: models.VariableSecret, Value: "key-67890"}}
	o := runJob(t, options(), j)
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)

	first, second := s.requests()[0], other.requests()[0]
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "X-Custom"} {
		require.NotEmpty(t, first.header.Get(name), name)
		require.Empty(t, second.header.Get(name), name)
	}
	require.Equal(t, "yes", second.header.Get("X-Harmless"))
	require.Equal(t, "body", second.body)
}

func TestCredentialsFollowWithinTheirOrigin(t *testing.T) {
	t.Parallel()
	s := record(t, hop(302, to("/b")))
	o := run(t, models.HTTPSpec{
		URL: s.URL + "/a", Auth: &models.HTTPAuth{Type: models.AuthBasic, Username: "u", Password: "p"},
		Headers: []models.NameValue{{Name: "Host", Value: "vhost.example"}},
	})
	require.Equal(t, models.StatusSuccess, o.Status)
	got := s.requests()
	require.Equal(t, "Basic dTpw", got[1].header.Get("Authorization"))
	require.Equal(t, "vhost.example", got[1].host, "a relative redirect keeps the host")
}

func TestCookiesLiveWithinOneTry(t *testing.T) {
	t.Parallel()
	s := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s3ss10n", Path: "/"})
			http.Redirect(w, r, "/home", http.StatusSeeOther)
		}
	})
	for range 2 {
		o := run(t, models.HTTPSpec{URL: s.URL + "/login", Headers: []models.NameValue{{Name: "Cookie", Value: "own=1"}}})
		require.Equal(t, models.StatusSuccess, o.Status)
	}
	got := s.requests()
	require.Len(t, got, 4)
	require.Equal(t, "own=1", got[0].header.Get("Cookie"))
	require.Equal(t, "own=1; sid=s3ss10n", got[1].header.Get("Cookie"))
	require.Equal(t, "own=1", got[2].header.Get("Cookie"), "the next try starts without")
}
