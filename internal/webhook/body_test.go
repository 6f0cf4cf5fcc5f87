package webhook

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestSendCutsADrippingBodyAndKeepsTheStatus(t *testing.T) {
	t.Parallel()
	url := serveRaw(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
		tick := time.NewTicker(short / 10)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
		}
	})
	result := send(t, newSender(t, Options{Timeout: short}), request(url))
	require.Equal(t, Delivered, result.Outcome)
	require.Equal(t, http.StatusOK, result.Status)
	require.Regexp(t, "^x+$", result.Body)
	require.GreaterOrEqual(t, result.Duration, short)
	require.Less(t, result.Duration, 20*short)
	require.Positive(t, result.Timings.Download)
}

func TestSendReadsNoMoreThan64KiB(t *testing.T) {
	t.Parallel()
	stopped := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(stopped)
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				return
			}
		}
	})
	result := send(t, newSender(t, Options{}), request(server.URL))
	require.Equal(t, Delivered, result.Outcome)
	require.Equal(t, strings.Repeat("x", 64<<10), result.Body)
	<-stopped // for the connection was closed
}

func TestSendInflatesNothing(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 100 {
		_, err := w.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	encodings := make(chan []string, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		encodings <- r.Header["Accept-Encoding"]
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	result := send(t, newSender(t, Options{}), request(server.URL))
	require.Equal(t, Delivered, result.Outcome)
	require.Empty(t, <-encodings)
	require.Equal(t, "gzip", value(result.Header, "Content-Encoding"))
	require.True(t, strings.HasPrefix(result.Body, "\x1f\uFFFD\x08"), "the bytes of gzip itself")
	require.True(t, utf8.ValidString(result.Body))
}

func TestSendKeepsTheStatusOfAnAnswerWhoseBodyFails(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer, body string
		status       int
		outcome      Outcome
	}{
		"broken off":      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "half", 200, Delivered},
		"broken off, 500": {"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf", "half", 500, Retry},
		"broken off, 410": {"HTTP/1.1 410 Gone\r\nContent-Length: 10\r\n\r\n", "", 410, Gone},
		"chunk garbage":   {"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n", "ok", 202, Delivered},
		"204 with a body": {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "", 204, Delivered},
		"until the end":   {"HTTP/1.0 200 OK\r\n\r\nall of it", "all of it", 200, Delivered},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := send(t, newSender(t, Options{}), request(answerRaw(t, c.answer)))
			require.Equal(t, c.status, result.Status)
			require.Equal(t, c.outcome, result.Outcome)
			require.Equal(t, c.body, result.Body)
		})
	}
}

func TestTextIsValidAndBounded(t *testing.T) {
	t.Parallel()
	cases := []struct {
		raw, want string
		limit     int
	}{
		{"", "", 4},
		{"abcd", "abcd", 4},
		{"abcde", "abcd", 4},
		{"abcé", "abc", 4},           // cut in the middle of é
		{"ab€", "ab", 4},             // cut in the middle of €
		{"é€", "é", 4},               // cut in the middle of €
		{"a\xffb", "a\uFFFDb", 9},    // not UTF-8
		{"a\xffb\xff", "a\uFFFD", 4}, // longer after replacing
		{"\xff\xfe\xfd", "\uFFFD", 4},
		{"\x80\x80\x80\x80\x80", "\uFFFD", 4},
	}
	for _, c := range cases {
		require.Equal(t, c.want, text([]byte(c.raw), c.limit), "%q", c.raw)
	}
}

func FuzzTextIsValidAndBounded(f *testing.F) {
	for _, seed := range []string{"abc", "é€\xff", strings.Repeat("\xf0\x9f", 20), "\U0001F600"} {
		f.Add([]byte(seed), 7)
	}
	f.Fuzz(func(t *testing.T, raw []byte, limit int) {
		limit = max(min(limit, 100), 3)
		got := text(raw, limit)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), limit)
		if utf8.Valid(raw) {
			require.True(t, strings.HasPrefix(string(raw), got))
			require.Greater(t, len(got), min(len(raw), limit)-utf8.UTFMax)
		}
	})
}
