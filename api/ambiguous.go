package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// exactNames makes huma take a field under its exact name only, so that "NAME" is an unknown field
// and not a second "name". The variable is huma's only way to say so.
var exactNames = sync.OnceFunc(func() { huma.ValidateStrictCasing = true })

// freeField holds the JSON that a case sends. It is the user's own, and may be odd on purpose.
const freeField = "json"

// unambiguous refuses bodies that readers of JSON understand differently: with bytes that are not
// UTF-8, which would be replaced silently, or with a field twice, of which the last would win. The
// body must be JSON.
func unambiguous(data []byte) error {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			line, column := position(data, int64(at)+1)
			return fmt.Errorf("is not UTF-8: line %d, column %d: encode the text as UTF-8", line, column)
		}
		at += size
	}
	w := walker{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	w.decoder.UseNumber() // a number that is too large is not this check's business
	return w.value(false)
}

// walker goes through the tokens of a body.
type walker struct {
	data    []byte
	decoder *json.Decoder
}

// value walks over one value; in a free one, fields may be given twice.
func (w *walker) value(free bool) error {
	token, err := w.decoder.Token()
	if err != nil {
		return positioned(w.data, err)
	}
	switch token {
	case json.Delim('{'):
		err = w.fields(free)
	case json.Delim('['):
		for err == nil && w.decoder.More() {
			err = w.value(free)
		}
	default:
		return nil
	}
	if err == nil {
		_, err = w.decoder.Token() // the closing bracket
	}
	return err
}

func (w *walker) fields(free bool) error {
	seen := map[string]bool{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return positioned(w.data, err)
		}
		name, _ := token.(string) // JSON has no other names
		if seen[name] && !free {
			line, column := position(w.data, w.decoder.InputOffset())
			return fmt.Errorf("line %d, column %d: the field %.100q is given twice; remove one", line, column, name)
		}
		seen[name] = true
		if err := w.value(free || name == freeField); err != nil {
			return err
		}
	}
	return nil
}
