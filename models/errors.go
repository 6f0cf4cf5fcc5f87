package models

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers act upon. Packages wrap them with the operation ("load plan P-ABC-0001: …").
var (
	// ErrNotFound says that no row has that key.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate says that a unique value is taken already.
	ErrDuplicate = errors.New("already exists")
	// ErrStale says that the row changed since the caller read it (optimistic concurrency).
	ErrStale = errors.New("changed by someone else in the meantime")
	// ErrInUse says that other definitions refer to the row.
	ErrInUse = errors.New("in use")
	// ErrFinished says that the run has ended and cannot be changed any more.
	ErrFinished = errors.New("already finished")
	// ErrClaimed says that another worker holds the row at the moment.
	ErrClaimed = errors.New("claimed by another worker")
	// ErrSealed says that the secrets of a row cannot be opened, most likely because they were
	// encrypted with another key.
	ErrSealed = errors.New("the secrets cannot be decrypted; give this process the keyset that they were encrypted with")
)

// FieldError is one thing wrong with one field of an input.
type FieldError struct {
	// Field is the JSON path of the field, for example "http.assertions[0].op".
	Field string
	// Message says what is wrong and how to mend it.
	Message string
}

// Invalid is the error of a document that cannot be accepted. It lists every bad field found.
type Invalid struct{ Fields []FieldError }

// Error joins all field errors in one line.
func (e *Invalid) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return strings.Join(parts, "; ")
}

// Check collects field errors while a document is validated. The zero value is ready to use.
type Check struct{ fields []FieldError }

// Addf notes that field is bad.
func (c *Check) Addf(field, format string, args ...any) {
	c.fields = append(c.fields, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// Require notes field as bad unless ok.
func (c *Check) Require(ok bool, field, format string, args ...any) {
	if !ok {
		c.Addf(field, format, args...)
	}
}

// Join takes over the field errors of err, an *Invalid, below prefix. Other errors are noted as the
// prefix's own; nil is ignored.
func (c *Check) Join(prefix string, err error) {
	if err == nil {
		return
	}
	var inv *Invalid
	if !errors.As(err, &inv) {
		c.Addf(prefix, "%s", err.Error())
		return
	}
	for _, f := range inv.Fields {
		c.fields = append(c.fields, FieldError{Field: joinPath(prefix, f.Field), Message: f.Message})
	}
}

// Err returns an *Invalid with everything noted, or nil.
func (c *Check) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return &Invalid{Fields: c.fields}
}

func joinPath(prefix, field string) string {
	switch {
	case prefix == "":
		return field
	case field == "" || strings.HasPrefix(field, "["):
		return prefix + field
	default:
		return prefix + "." + field
	}
}
