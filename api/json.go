package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/bellwether/bellwether/api/wire"
)

// jsonNull stands for null while a body is validated, so that null is refused everywhere instead of
// passing for a field that was left out. Values of any type (a JSON body to send, for example) may
// hold it.
type jsonNull struct{}

// jsonFormat reads bodies with errors that point at the place.
func jsonFormat() huma.Format {
	exactNames()
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
}

func unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return positioned(data, err)
	}
	if tree, ok := v.(*any); ok {
		if err := unambiguous(data); err != nil {
			return err
		}
		*tree = markNulls(*tree)
	}
	return nil
}

func markNulls(v any) any {
	switch v := v.(type) {
	case nil:
		return jsonNull{}
	case map[string]any:
		for key, item := range v {
			v[key] = markNulls(item)
		}
	case []any:
		for i, item := range v {
			v[i] = markNulls(item)
		}
	}
	return v
}

// positioned says in which line of the body the error is, and never shows Go's names.
func positioned(data []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, column := position(data, syntax.Offset)
		return fmt.Errorf("is not JSON: line %d, column %d: %s", line, column, strings.TrimPrefix(syntax.Error(), "json: "))
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		line, column := position(data, mismatch.Offset)
		if mismatch.Field == "" {
			return fmt.Errorf("line %d, column %d: the %s is out of range", line, column, mismatch.Value)
		}
		return fmt.Errorf("line %d, column %d: the %s does not fit into the field %s", line, column, mismatch.Value, mismatch.Field)
	}
	return errors.New("is not JSON that fits")
}

// position turns the count of bytes read up to an error into a line and a column, both from 1.
func position(data []byte, offset int64) (line, column int) {
	at := max(0, min(int(offset), len(data))-1)
	before := data[:at]
	line = bytes.Count(before, []byte("\n")) + 1
	column = at - bytes.LastIndexByte(before, '\n')
	return line, column
}

// fieldError puts one of huma's findings into words that say how to mend it.
func fieldError(e *huma.ErrorDetail) wire.FieldError {
	f := wire.FieldError{Location: e.Location, Message: e.Message}
	if f.Location == "" {
		f.Location = "body"
	}
	if _, null := e.Value.(jsonNull); null {
		f.Message = "must not be null; leave the field out to say nothing about it"
		return f
	}
	required, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	switch {
	case f.Message == validation.MsgUnexpectedProperty:
		f.Message = "is not a known field; remove it or correct its spelling"
	case f.Message == "unknown query parameter":
		f.Message = "is not a known parameter; remove it or correct its spelling"
	case strings.HasPrefix(f.Message, required) && strings.HasSuffix(f.Message, after):
		f.Location += "." + strings.TrimSuffix(strings.TrimPrefix(f.Message, required), after)
		f.Message = "is required"
	case strings.HasPrefix(f.Message, "invalid date/time"):
		f.Message = "must be a time as in RFC 3339, such as 2030-01-31T12:00:00Z"
	case strings.HasPrefix(f.Message, "expected "):
		f.Message = "must be " + reworded(strings.TrimPrefix(f.Message, "expected "))
	case f.Message == "invalid integer":
		f.Message = "must be an integer"
	case f.Message == "invalid boolean":
		f.Message = "must be true or false"
	}
	return f
}

// reworded makes "must be …" out of the rest of "expected …".
func reworded(what string) string {
	for _, r := range []struct{ old, instead string }{
		{"value to be ", ""},
		{"string to be ", ""},
		{"string", "a string"},
		{"boolean", "true or false"},
		{"integer", "an integer"},
		{"number", "a number"},
		{"array", "a list"},
		{"object", "an object"},
	} {
		if rest, ok := strings.CutPrefix(what, r.old); ok {
			return r.instead + rest
		}
	}
	return what
}
