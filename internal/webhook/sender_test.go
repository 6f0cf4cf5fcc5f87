package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

// received is what a receiver got.
type received struct {
	method, uri, host, proto string
	length                   int64
	header                   http.Header
	body                     string
}

// receiver answers every request with status and hands over what it got.
func receiver(t *testing.T, status int) (*httptest.Server, <-chan received) {
	t.Helper()
	got := make(chan received, 100)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.Method, r.RequestURI, r.Host, r.Proto, r.ContentLength, r.Header, string(body)}
		w.WriteHeader(status)
	}), got
}

func value(pairs []models.NameValue, name string) string {
	for _, p := range pairs {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func TestSendPostsTheBodyWithItsHeaders(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	r := request(server.URL)

	result := send(t, newSender(t, Options{UserAgent: "Bellwether/1.2", Now: func() time.Time { return at }}), r)

	require.Equal(t, Delivered, result.Outcome)
	require.Equal(t, http.StatusOK, result.Status)
	require.Equal(t, time.Date(2026, 3, 1, 11, 0, 0, 123456000, time.UTC), result.StartedAt)
	sent := <-got
	require.Equal(t, http.MethodPost, sent.method)
	require.Equal(t, "/hook-path?token=in-the-url", sent.uri)
	require.Equal(t, strings.TrimPrefix(server.URL, "http://"), sent.host)
	require.Equal(t, "HTTP/1.1", sent.proto)
	require.Equal(t, string(r.Body), sent.body)
	require.Equal(t, int64(len(r.Body)), sent.length)
	want := Sign(r.Secret, r.DeliveryID, at, r.Body)
	want.Set("Content-Type", "application/json")
	want.Set("Content-Length", "23")
	want.Set("User-Agent", "Bellwether/1.2")
	want.Set("X-Bellwether-Delivery", r.DeliveryID)
	want.Set("X-Bellwether-Event", "run.finished")
	want.Set("X-Bellwether-Attempt", "2")
	require.Equal(t, want, sent.header, "neither more nor fewer headers")
	require.NoError(t, Verify(r.Secret, sent.header, []byte(sent.body), at))
}

func TestSendSignsNothingWithoutSecret(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	r := request(server.URL)
	r.Secret = ""
	require.Equal(t, Delivered, send(t, newSender(t, Options{}), r).Outcome)
	header := (<-got).header
	for _, name := range []string{HeaderSignature, HeaderHubSignature, HeaderStandardID, HeaderStandardTimestamp, HeaderStandardSignature} {
		require.NotContains(t, header, name)
	}
	require.Equal(t, r.DeliveryID, header.Get(HeaderDelivery))
	require.Equal(t, "Bellwether", header.Get("User-Agent"))
}

func TestSendShortensSignaturesInTheResult(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	result := send(t, newSender(t, Options{}), request(server.URL))
	sent := (<-got).header
	for name, label := range map[string]string{HeaderSignature: "", HeaderHubSignature: "sha256=", HeaderStandardSignature: "v1,"} {
		require.Equal(t, sent.Get(name)[:len(label)+8]+"…", value(result.RequestHeaders, name))
	}
	require.Equal(t, "2", value(result.RequestHeaders, HeaderAttempt))
	require.Equal(t, sent.Get(HeaderStandardTimestamp), value(result.RequestHeaders, HeaderStandardTimestamp))
	require.IsIncreasing(t, names(result.RequestHeaders))
}

func names(pairs []models.NameValue) []string {
	var list []string
	for _, p := range pairs {
		list = append(list, p.Name)
	}
	return list
}

func TestSendJudgesStatuses(t *testing.T) {
	t.Parallel()
	cases := map[int]struct {
		outcome Outcome
		class   models.ErrorClass
	}{
		200: {Delivered, models.ClassNone},
		202: {Delivered, models.ClassNone},
		204: {Delivered, models.ClassNone},
		299: {Delivered, models.ClassNone},
		300: {GiveUp, models.ClassRedirect},
		304: {GiveUp, models.ClassRedirect},
		400: {GiveUp, models.ClassStatus},
		401: {GiveUp, models.ClassStatus},
		404: {GiveUp, models.ClassStatus},
		405: {GiveUp, models.ClassStatus},
		408: {Retry, models.ClassStatus},
		409: {GiveUp, models.ClassStatus},
		410: {Gone, models.ClassStatus},
		413: {GiveUp, models.ClassStatus},
		415: {GiveUp, models.ClassStatus},
		425: {Retry, models.ClassStatus},
		429: {Retry, models.ClassStatus},
		499: {GiveUp, models.ClassStatus},
		500: {Retry, models.ClassStatus},
		503: {Retry, models.ClassStatus},
		599: {Retry, models.ClassStatus},
	}
	sender := newSender(t, Options{})
	for status, want := range cases {
		server, _ := receiver(t, status)
		result := send(t, sender, request(server.URL))
		require.Equal(t, want.outcome, result.Outcome, "status %d", status)
		require.Equal(t, want.class, result.Class, "status %d", status)
		require.Equal(t, status, result.Status)
	}
}

func TestSendTellsWhatTheReceiverAskedFor(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	require.Equal(t, 2*time.Minute, send(t, newSender(t, Options{}), request(server.URL)).RetryAfter)
}

func TestSendNeverFollowsRedirects(t *testing.T) {
	t.Parallel()
	target, got := receiver(t, http.StatusOK)
	sender := newSender(t, Options{})
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{target.URL, "//" + strings.TrimPrefix(target.URL, "http://"), "http://%zz", ""} {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
			})
			result := send(t, sender, request(server.URL))
			require.Equal(t, GiveUp, result.Outcome)
			require.Equal(t, models.ClassRedirect, result.Class)
			require.Equal(t, status, result.Status)
			require.Equal(t, location, value(result.Header, "Location"))
		}
	}
	require.Empty(t, got, "nothing reaches the target of a redirect")
}

func TestSendRefusesURLsThatCannotBeSentTo(t *testing.T) {
	t.Parallel()
	sender := newSender(t, Options{})
	for _, url := range []string{
		"", "example.test/hook", "//example.test", "http:///hook", "https://", "ftp://example.test", "file:///etc/passwd",
		"http://user:in-the-url@example.test/", "http://example.test:0/", "http://example.test:65536/",
		"http://exa mple.test/", "http://[::1", "http://example.test/\n", "javascript:alert(1)",
	} {
		r := request("")
		r.URL = url
		result := send(t, sender, r)
		require.Equal(t, GiveUp, result.Outcome, url)
		require.Equal(t, models.ClassPolicy, result.Class, url)
		require.Contains(t, result.Err, "https://example.com/hook")
		require.NotZero(t, result.StartedAt)
	}
}

func TestSendRefusesHeadersThatWouldBreakTheRequest(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	sender := newSender(t, Options{})
	for _, change := range []func(*Request){
		func(r *Request) { r.Event = "run.finished\r\nX-Evil: 1" },
		func(r *Request) { r.DeliveryID = "id\x00" },
		func(r *Request) { r.ContentType = "text/plain\n" },
	} {
		r := request(server.URL)
		change(&r)
		result := send(t, sender, r)
		require.Equal(t, GiveUp, result.Outcome)
		require.Equal(t, models.ClassPolicy, result.Class)
	}
	require.Empty(t, got)
}

func TestSendStopsAtTheAddressPolicy(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	sender := newSender(t, Options{Control: func(network, address string, _ syscall.RawConn) error {
		require.Equal(t, "tcp4", network)
		require.Equal(t, strings.TrimPrefix(server.URL, "http://"), address)
		return errors.New("127.0.0.1 is loopback")
	}})
	result := send(t, sender, request(server.URL))
	require.Equal(t, GiveUp, result.Outcome)
	require.Equal(t, models.ClassPolicy, result.Class)
	require.Zero(t, result.Status)
	require.Empty(t, got)
}

func TestSendMasksCookiesAndKeepsNone(t *testing.T) {
	t.Parallel()
	var cookies atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int32(len(r.Cookies())))
		w.Header().Add("Set-Cookie", "session=in-the-cookie")
		w.Header().Add("Set-Cookie", "other=in-the-cookie")
		w.Header().Set("X-Request-Id", "\xffabc")
	})
	sender := newSender(t, Options{})
	for range 2 {
		result := send(t, sender, request(server.URL))
		require.Equal(t, models.Mask, value(result.Header, "Set-Cookie"))
		require.Len(t, result.Header, 5)
		require.Equal(t, "\uFFFDabc", value(result.Header, "X-Request-Id"))
		require.IsNonDecreasing(t, names(result.Header))
	}
	require.Zero(t, cookies.Load())
}

func TestSendMeasuresPhasesAndReusesConnections(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "thanks")
	})
	sender := newSender(t, Options{})
	first := send(t, sender, request(server.URL))
	second := send(t, sender, request(server.URL))

	require.Equal(t, "thanks", first.Body)
	require.False(t, first.Timings.Reused)
	require.Positive(t, first.Timings.Connect)
	require.Zero(t, first.Timings.DNS)
	require.Zero(t, first.Timings.TLS)
	require.GreaterOrEqual(t, first.Timings.Total, first.Timings.Connect+first.Timings.FirstByte)
	require.InDelta(t, first.Duration.Seconds()*1000, first.Timings.Total, 100)
	require.True(t, second.Timings.Reused)
	require.Zero(t, second.Timings.Connect)
}

func TestSendIsInterruptedByItsCallerOnly(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // or the server does not notice that the client is gone
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	result := newSender(t, Options{}).Send(ctx, request(server.URL))
	require.Equal(t, Interrupted, result.Outcome)
	require.Empty(t, result.Class)
	require.NotEmpty(t, result.Err)
	require.Equal(t, "interrupted", result.Outcome.String())
}

func TestSenderServesManyAtOnce(t *testing.T) {
	t.Parallel()
	server, got := receiver(t, http.StatusOK)
	sender := newSender(t, Options{})
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			if result := sender.Send(t.Context(), request(server.URL)); result.Outcome != Delivered {
				t.Errorf("outcome %s: %s", result.Outcome, result.Err)
			}
		})
	}
	running.Wait()
	require.Len(t, got, 50)
}
