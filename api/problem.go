package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bellwether/bellwether/api/wire"
	"github.com/bellwether/bellwether/models"
)

// What can go wrong in the API itself; the domain's own errors are in models.
var (
	errBadRequest      = errors.New("bad request")
	errUnauthenticated = errors.New("not authenticated")
	errForbidden       = errors.New("not allowed")
	errMethod          = errors.New("method not allowed")
	errTimeout         = errors.New("request body read timeout")
	errIdempotency     = errors.New("idempotency key reused")
	errNothingToRun    = errors.New("nothing to run")
	errDisabled        = errors.New("disabled")
	errConflict        = errors.New("conflict")
	errPrecondition    = errors.New("precondition failed")
	errTooLarge        = errors.New("body too large")
	errMediaType       = errors.New("unsupported media type")
	errInvalid         = errors.New("not valid")
	errUnavailable     = errors.New("unavailable")
	errInternal        = errors.New("internal error")
)

// kind is one row of the table that maps errors to problems.
type kind struct {
	err    error
	status int
	urn    string
	title  string
	detail string // for an error that brings no public detail of its own
}

// kinds maps every error that a client may see. The first row that matches counts; what matches none
// is an internal error.
var kinds = []kind{
	{errBadRequest, http.StatusBadRequest, wire.ProblemBadRequest, "The request cannot be read", "send a request as /docs describes it"},
	{errUnauthenticated, http.StatusUnauthorized, wire.ProblemUnauthenticated, "A token is needed", "send Authorization: Bearer <token>"},
	{errForbidden, http.StatusForbidden, wire.ProblemForbidden, "You are not allowed to do this", "ask an administrator for the role"},
	{models.ErrNotFound, http.StatusNotFound, wire.ProblemNotFound, "There is no such thing", "nothing with this key exists, or you may not see it"},
	{errMethod, http.StatusMethodNotAllowed, wire.ProblemMethod, "The method is not allowed here", "see the Allow header"},
	{errTimeout, http.StatusRequestTimeout, wire.ProblemTimeout, "The request took too long to arrive", "send the body faster"},
	{models.ErrDuplicate, http.StatusConflict, wire.ProblemDuplicate, "It exists already", "a unique value is taken; choose another"},
	{models.ErrStale, http.StatusConflict, wire.ProblemStale, "Changed by someone else in the meantime", "read it again and repeat the change"},
	{models.ErrInUse, http.StatusConflict, wire.ProblemInUse, "It is in use", "remove what refers to it first"},
	{models.ErrFinished, http.StatusConflict, wire.ProblemFinished, "It has finished already", "a finished run cannot be changed"},
	{errIdempotency, http.StatusConflict, wire.ProblemIdempotency, "The idempotency key was used for something else", "use a new key"},
	{errNothingToRun, http.StatusConflict, wire.ProblemNothingToRun, "There is nothing to run", "bind a pipeline first"},
	{errDisabled, http.StatusConflict, wire.ProblemDisabled, "It is disabled", "enable it first"},
	{errConflict, http.StatusConflict, wire.ProblemConflict, "This cannot be done now", "the current state does not allow it"},
	{errPrecondition, http.StatusPreconditionFailed, wire.ProblemPrecondition, "Not the version that you know", "read it again and repeat the change"},
	{errTooLarge, http.StatusRequestEntityTooLarge, wire.ProblemTooLarge, "The body is too large", "send less than 2 MiB"},
	{errMediaType, http.StatusUnsupportedMediaType, wire.ProblemMediaTypeWrong, "The body is not JSON", "send JSON with the header Content-Type: application/json"},
	{errInvalid, http.StatusUnprocessableEntity, wire.ProblemInvalid, "The request is not valid", "errors says what is wrong"},
	{errUnavailable, http.StatusServiceUnavailable, wire.ProblemUnavailable, "Not available at the moment", "try again"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, wire.ProblemUnavailable, "Not available at the moment", "it took too long; try again"},
	{context.Canceled, http.StatusServiceUnavailable, wire.ProblemUnavailable, "Not available at the moment", "the request was given up; try again"},
	{errInternal, http.StatusInternalServerError, wire.ProblemInternal, "Something went wrong on our side", "quote the instance when you ask for help: it is in the log"},
}

// kindOf finds the row of an error; the last row stands for everything unknown.
func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// kindOfStatus finds the row that stands for an HTTP status alone.
func kindOfStatus(status int) kind {
	for _, k := range kinds {
		if k.status == status {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// reason is an error with a detail that the client may read.
type reason struct {
	err    error
	detail string
	fields []wire.FieldError
}

func (r *reason) Error() string { return r.err.Error() + ": " + r.detail }
func (r *reason) Unwrap() error { return r.err }

// because says why err happened, in words for the client.
func because(err error, format string, args ...any) error {
	return &reason{err: err, detail: fmt.Sprintf(format, args...)}
}

// badField is the error of one bad field that no model knows, such as a query parameter.
func badField(location, format string, args ...any) error {
	return badFields(wire.FieldError{Location: location, Message: fmt.Sprintf(format, args...)})
}

func badFields(fields ...wire.FieldError) error {
	return &reason{err: errInvalid, detail: summary(fields), fields: fields}
}

// located turns the field errors of a model into those of a part of the request: body or query.
// Other errors stay as they are.
func located(err error, part string) error {
	var invalid *models.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	fields := make([]wire.FieldError, len(invalid.Fields))
	for i, f := range invalid.Fields {
		location := part
		switch {
		case f.Field == "":
		case f.Field[0] == '[':
			location += f.Field
		default:
			location += "." + f.Field
		}
		fields[i] = wire.FieldError{Location: location, Message: f.Message}
	}
	return badFields(fields...)
}

// summary is the detail of a problem with bad fields: the first one, so that clients that show only
// the detail help already, and how many there are.
func summary(fields []wire.FieldError) string {
	if len(fields) == 0 {
		return kindOf(errInvalid).detail
	}
	text := fields[0].Location + ": " + fields[0].Message
	if more := len(fields) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more: see errors)", more)
	}
	return text
}

// problem is what the client gets for an error. Internal errors are logged here, and only here, with
// the id that the client sees.
func (s *server) problem(ctx context.Context, err error) *wire.Problem {
	if done, ok := errors.AsType[*wire.Problem](err); ok {
		return done
	}
	err = located(err, "body")
	k := kindOf(err)
	p := &wire.Problem{Type: k.urn, Title: k.title, Status: k.status, Detail: k.detail, Instance: instance(requestID(ctx))}
	var why *reason
	switch {
	case errors.As(err, &why):
		p.Detail, p.Errors = why.detail, why.fields
	case errors.Is(err, models.ErrInUse):
		p.Detail = usedBy(err)
	}
	if k.status == http.StatusInternalServerError {
		s.log.ErrorContext(ctx, "api: request failed", "request_id", requestID(ctx), "error", err)
	}
	return p
}

// usedBy is the part of an ErrInUse that names who uses it ("in use by P-ABC-0001"). What is around
// that names the operation and is for the log.
func usedBy(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if who, ok := strings.CutPrefix(err.Error(), models.ErrInUse.Error()+" by "); ok {
			return "it is used by " + who + "; change that first"
		}
	}
	return kindOf(models.ErrInUse).detail
}

func instance(requestID string) string {
	if requestID == "" {
		return ""
	}
	return "urn:bellwether:request:" + requestID
}

// taken explains a duplicate in words; other errors get the operation.
func taken(err error, operation, format string, args ...any) error {
	if errors.Is(err, models.ErrDuplicate) {
		return because(models.ErrDuplicate, format, args...)
	}
	return fmt.Errorf("%s: %w", operation, err)
}
