package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

const (
	// requestIDHeader carries the id that ties an answer to the log.
	requestIDHeader = "X-Request-Id"
	// userKey is where the access log finds who asked.
	userKey = "user"
	// bodyTimeout bounds how long a body may take to arrive.
	bodyTimeout = 30 * time.Second
)

type requestIDKey struct{}

var requestIDRE = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// newRouter builds the router with what every request passes through: an id first, so that
// everything after can log it; then the log around the recovery, so that it sees the 500.
func (s *server) newRouter() *gin.Engine {
	// The mode is gin's only way to be quiet; setting it again does not harm.
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.ForwardedByClientIP = false
	r.Use(s.identify, s.observe, s.rescue, secure)
	r.NoRoute(func(c *gin.Context) {
		err := because(models.ErrNotFound, "no route has this path; /docs lists what there is")
		s.refuse(c, s.problem(c.Request.Context(), err))
	})
	r.NoMethod(func(c *gin.Context) {
		err := because(errMethod, "%s does not work on this path; it takes %s", c.Request.Method, c.Writer.Header().Get("Allow"))
		s.refuse(c, s.problem(c.Request.Context(), err))
	})
	return r
}

// refuse answers with a problem from outside of huma.
func (s *server) refuse(c *gin.Context, p *wire.Problem) {
	c.Abort()
	body, err := json.Marshal(p)
	if err != nil {
		s.log.ErrorContext(c.Request.Context(), "api: encode problem", "error", err)
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="bellwether"`)
	}
	if p.Status == http.StatusRequestEntityTooLarge || p.Status == http.StatusRequestTimeout {
		c.Header("Connection", "close") // the rest of the body is not worth reading
	}
	c.Data(p.Status, wire.ProblemMediaType, append(body, '\n'))
}

// identify gives the request an id: the client's, if it is harmless in a log.
func (s *server) identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !requestIDRE.MatchString(id) {
		id = s.deps.NewID()
	}
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
	c.Next()
}

// observe logs and counts the request by its route, never by its raw URL.
func (s *server) observe(c *gin.Context) {
	start := s.deps.Now()
	defer func() {
		route, status, elapsed := template(c.FullPath()), c.Writer.Status(), s.deps.Now().Sub(start)
		if s.deps.Observer != nil {
			s.deps.Observer.ObserveHTTP(route, c.Request.Method, status, elapsed)
		}
		level := slog.LevelInfo
		if c.Request.Method == http.MethodGet && status < http.StatusBadRequest {
			level = slog.LevelDebug
		}
		s.log.LogAttrs(c.Request.Context(), level, "api: request",
			slog.String("method", c.Request.Method), slog.String("route", route), slog.Int("status", status),
			slog.Int64("duration_ms", elapsed.Milliseconds()), slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.String("user", c.GetString(userKey)), slog.String("request_id", requestID(c.Request.Context())))
	}()
	c.Next()
}

// template is a route as the OpenAPI document writes it.
func template(path string) string {
	if path == "" {
		return "unmatched"
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// rescue turns a panic into a problem that shows nothing but an id.
func (s *server) rescue(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		ctx := c.Request.Context()
		s.log.ErrorContext(ctx, "api: panic", "request_id", requestID(ctx), "route", template(c.FullPath()),
			"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // half an answer must not pass for a whole one
		}
		k := kindOf(errInternal)
		s.refuse(c, &wire.Problem{
			Type: k.urn, Title: k.title, Status: k.status, Detail: k.detail, Instance: instance(requestID(ctx)),
		})
	}()
	c.Next()
}

// secure sets the headers that keep browsers from making anything of an answer.
func secure(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-cache")
	c.Next()
}

// readBody reads the whole body within its limits, and lifts the server's time limits for a route
// that waits: they would end the wait.
func (s *server) readBody(c *gin.Context, waits bool) error {
	control := http.NewResponseController(c.Writer)
	if c.Request.ContentLength > MaxBody {
		return because(errTooLarge, "the body has %d bytes, %d are the most", c.Request.ContentLength, MaxBody)
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // a test's recorder has no deadlines
		data, err := io.ReadAll(io.LimitReader(c.Request.Body, MaxBody+1))
		if err != nil {
			return readError(err)
		}
		if len(data) > MaxBody {
			return because(errTooLarge, "the body has more than %d bytes", MaxBody)
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(data))
	}
	// A read deadline that passes while a handler waits looks like a client that went away.
	_ = control.SetReadDeadline(time.Time{})
	if waits { // none instead of a later one, which would outlive this request on its connection
		_ = control.SetWriteDeadline(time.Time{})
	}
	return nil
}

func readError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return because(errTimeout, "the body did not arrive within %s", bodyTimeout)
	}
	return because(errBadRequest, "the body ended early or is not encoded as its headers say")
}

// headAsGet lets HEAD work wherever GET does; net/http leaves the body out.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// etag is the entity tag of a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
