package runner_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/runner"
	"github.com/bellwether/bellwether/models"
)

// raw serves connections by hand: what is no HTTP cannot be served otherwise. Handle gets the
// connection after the request's headers have been read.
func raw(t *testing.T, handle func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			for line := "x"; strings.TrimSpace(line) != ""; {
				if line, err = r.ReadString('\n'); err != nil {
					break
				}
			}
			handle(c)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// greeting serves connections that begin with a word of the server's.
func greeting(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, text)
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func write(parts ...string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, strings.Join(parts, "")) }
}

func TestBrokenNetworkIsAFailureInPlainWords(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := free.Addr().String()
	require.NoError(t, free.Close())

	reset := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	for name, tc := range map[string]struct{ url, want string }{
		"refused":             {"http://" + closed, "nothing listens at " + closed + " (connection refused)"},
		"no such name":        {"http://does-not-exist.invalid/", "the host name does-not-exist.invalid "},
		"closed at once":      {raw(t, func(net.Conn) {}), "closed the connection before the answer was complete"},
		"reset":               {raw(t, reset), "closed the connection before the answer was complete"},
		"closed in headers":   {raw(t, write("HTTP/1.1 200 OK\r\n")), "closed the connection before the answer was complete"},
		"closed in the body":  {raw(t, write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")), "closed the connection before the answer was complete"},
		"closed in a chunk":   {raw(t, write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")), "closed the connection before the answer was complete"},
		"broken chunks":       {raw(t, write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf")), "is not proper HTTP"},
		"another protocol":    {raw(t, write("220 mail ready\r\n")), "is not proper HTTP"},
		"bad status":          {raw(t, write("HTTP/1.1 two hundred\r\n\r\n")), "is not proper HTTP"},
		"endless headers":     {raw(t, write("HTTP/1.1 200 OK\r\nX: ", strings.Repeat("x", 2<<20), "\r\n\r\n")), "the headers of the answer are larger than 1048576 bytes"},
		"gzip that is none":   {raw(t, write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\nthis is plain text!!")), "the body says it is gzip, but it is not"},
		"TLS without TLS":     {strings.Replace(greeting(t, "220 mail ready\r\n"), "http:", "https:", 1), "does not speak TLS at this port"},
		"https to plain http": {strings.Replace(serve(t, respond(200, "")).URL, "http:", "https:", 1), "does not speak TLS at this port; is it http:// rather than https://?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := run(t, models.HTTPSpec{URL: tc.url, Assertions: []models.Assertion{assertion("status", "", "", "200")}})
			require.Equal(t, models.StatusFailure, o.Status, o.Message)
			require.Contains(t, o.Message, tc.want)
			require.Len(t, o.Report.Exchanges, 1)
			require.Equal(t, o.Message, o.Report.Exchanges[0].Error)
			require.NotEmpty(t, o.Report.Exchanges[0].RequestHeaders, "the report shows what was to be sent")
			require.Zero(t, o.AssertionsTotal, "nothing was judged")
		})
	}
}

func TestTimeLimitOfTheCaseIsAFailure(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drip := func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "drop ")
			w.(http.Flusher).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
			}
		}
	}
	for name, tc := range map[string]struct {
		url, want string
	}{
		"no answer":       {serve(t, hang).URL, "no answer within 1s"},
		"drip":            {serve(t, drip).URL, "the answer was not complete within 1s"},
		"silent TLS peer": {strings.Replace(silent(t), "http:", "https:", 1), "within 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := job(models.HTTPSpec{URL: tc.url})
			j.Case.TimeoutSeconds = 1
			start := time.Now()
			o := runJob(t, runner.Options{}, j)
			require.Equal(t, models.StatusFailure, o.Status)
			require.Contains(t, o.Message, tc.want)
			require.Less(t, time.Since(start), 10*time.Second)
			require.GreaterOrEqual(t, o.Report.DurationMS, int64(990))
		})
	}
}

// silent accepts connections and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

func TestDripIsReportedAsFarAsItCame(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the beginning")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	j := job(models.HTTPSpec{URL: s.URL})
	j.Case.TimeoutSeconds = 1
	o := runJob(t, runner.Options{}, j)
	require.Equal(t, "the beginning", o.Report.Exchanges[0].ResponseBody.Text)
	require.Equal(t, 200, o.Report.Exchanges[0].Status)
}

func TestBodiesLargerThanTheLimitAreNotJudged(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, strings.Repeat("x", 5000), "Content-Length: 5000"))
	big := runner.Options{MaxBody: 4096}
	for _, a := range []models.Assertion{
		assertion("body", "", "contains", `"x"`),
		assertion("json", "$", "exists", ""),
		assertion("schema", "", "", "true"),
		assertion("latency", "", "", "60000"),
	} {
		o := runJob(t, big, job(models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{a}}))
		require.Equal(t, models.StatusError, o.Status, a.Source)
		require.Contains(t, o.Message, "cannot be judged: the body is larger than 4096 bytes", a.Source)
	}
	o := runJob(t, big, job(models.HTTPSpec{URL: s.URL, Captures: []models.Capture{{Name: "X", Source: "body", Expr: "x"}}}))
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "capture X from body x: cannot be judged")

	o = runJob(t, big, job(models.HTTPSpec{URL: s.URL}))
	require.Equal(t, models.StatusSuccess, o.Status, "the status can be judged without the body")
	require.Equal(t, int64(5000), o.Report.Exchanges[0].ResponseBody.Size)
	require.True(t, o.Report.Exchanges[0].ResponseBody.Truncated)

	o = runJob(t, big, job(models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{
		assertion("body", "", "contains", `"x"`), assertion("status", "", "", "500"),
	}}))
	require.Equal(t, models.StatusFailure, o.Status, "a certain failure counts more")
}

func TestHugeBodiesAreReadOnlyToTheLimit(t *testing.T) {
	t.Parallel()
	var sent int64
	counted := make(chan int64, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat("x", 1<<16))
		for r.Context().Err() == nil && sent < 1<<40 {
			n, err := w.Write(block)
			sent += int64(n)
			if err != nil {
				break
			}
		}
		counted <- sent
	})
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("body", "", "contains", `"y"`)}})
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "larger than 10485760 bytes")
	require.Less(t, <-counted, int64(64<<20))
	require.Len(t, o.Report.Exchanges[0].ResponseBody.Text, 64<<10)
}

func TestGzipIsDecodedAndBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		size := 100
		if r.URL.Path == "/bomb" {
			size = 1 << 20
		}
		_, _ = io.WriteString(z, strings.Repeat("z", size))
		_ = z.Close()
	})
	body := assertion("body", "", "matches", `"^z{100}$"`)
	o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{body}})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Equal(t, models.Body{Text: strings.Repeat("z", 100), Size: 100}, o.Report.Exchanges[0].ResponseBody)

	o = runJob(t, runner.Options{MaxBody: 1000}, job(models.HTTPSpec{URL: s.URL + "/bomb", Assertions: []models.Assertion{body}}))
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "larger than 1000 bytes")
}

func TestAddressPolicyRefusesAsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the connection was made") })
	var asked string
	o := runJob(t, runner.Options{Control: func(network, address string, _ syscall.RawConn) error {
		asked = network + " " + address
		return errors.New("loopback addresses are not allowed")
	}}, job(models.HTTPSpec{URL: s.URL}))
	require.Equal(t, models.StatusError, o.Status)
	require.Contains(t, o.Message, "may not be connected to: loopback addresses are not allowed")
	require.Equal(t, "tcp4 "+strings.TrimPrefix(s.URL, "http://"), asked)
}

func TestAddressPolicyHoldsForRedirectsToo(t *testing.T) {
	t.Parallel()
	inner := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the connection was made") })
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) })
	o := runJob(t, runner.Options{Control: func(_, address string, _ syscall.RawConn) error {
		if address == strings.TrimPrefix(inner.URL, "http://") {
			return errors.New("not allowed")
		}
		return nil
	}}, job(models.HTTPSpec{URL: outer.URL}))
	require.Equal(t, models.StatusError, o.Status)
	require.Len(t, o.Report.Exchanges, 2)
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	// Not parallel: it sets the environment. Loopback addresses never go through a proxy anyway, so the
	// host is a name that only a proxy would accept.
	proxy := serve(t, respond(200, ""))
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	o := run(t, models.HTTPSpec{URL: "http://only-a-proxy-knows.invalid/"})
	require.Equal(t, models.StatusFailure, o.Status)
	require.Contains(t, o.Message, "only-a-proxy-knows.invalid")
}

func TestPhasesAreTimed(t *testing.T) {
	t.Parallel()
	const wait = 60 * time.Millisecond
	pause := func(r *http.Request) {
		select {
		case <-time.After(wait):
		case <-r.Context().Done():
		}
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		pause(r)
		_, _ = io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		pause(r)
		_, _ = io.WriteString(w, "last")
	})
	host := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	o := run(t, models.HTTPSpec{URL: host + "/start"})
	require.Equal(t, models.StatusSuccess, o.Status, o.Message)
	require.Len(t, o.Report.Exchanges, 2)
	first, second := o.Report.Exchanges[0].Timings, o.Report.Exchanges[1].Timings
	require.Positive(t, first.DNS)
	require.Positive(t, first.Connect)
	require.False(t, first.Reused)
	require.Zero(t, first.TLS)
	require.True(t, second.Reused, "redirects within a case use the open connection")
	require.Zero(t, second.DNS)
	require.Zero(t, second.Connect)
	require.GreaterOrEqual(t, second.FirstByte, 20.0)
	require.GreaterOrEqual(t, second.Download, 20.0)
	require.GreaterOrEqual(t, second.Total, second.FirstByte+second.Download)
	require.GreaterOrEqual(t, float64(o.Report.DurationMS)+1, first.Total+second.Total)
}

func TestLatencyCountsToTheEndOfTheBodyAndOverRedirects(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(40 * time.Millisecond):
		case <-r.Context().Done():
		}
		if r.URL.Path == "/start" {
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	})
	spec := func(limit int) models.HTTPSpec {
		return models.HTTPSpec{URL: s.URL + "/start", Assertions: []models.Assertion{assertion("latency", "", "", fmt.Sprint(limit))}}
	}
	o := run(t, spec(79))
	require.Equal(t, models.StatusFailure, o.Status)
	require.Regexp(t, `^latency less than 79 ms: found [0-9.]+ ms$`, o.Message)
	require.Equal(t, models.StatusSuccess, run(t, spec(15_000)).Status)
}

func TestBinaryBodiesAreShownAsSizeOnly(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\xff\xfe\x00", "nul \x00 byte"} {
		s := serve(t, respond(200, body))
		o := run(t, models.HTTPSpec{URL: s.URL, Assertions: []models.Assertion{assertion("body", "", "not_contains", `"zzz"`)}})
		require.Equal(t, models.StatusSuccess, o.Status, o.Message)
		require.Equal(t, models.Body{Size: int64(len(body))}, o.Report.Exchanges[0].ResponseBody)
	}
}

func TestReportsCutTextBetweenCharacters(t *testing.T) {
	t.Parallel()
	s := serve(t, respond(200, strings.Repeat("é", 100)))
	o := runJob(t, runner.Options{ReportBody: 33}, job(models.HTTPSpec{URL: s.URL}))
	require.Equal(t, models.Body{Text: strings.Repeat("é", 16), Size: 200, Truncated: true}, o.Report.Exchanges[0].ResponseBody)
}
