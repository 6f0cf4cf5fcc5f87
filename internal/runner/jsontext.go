package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// expandJSON replaces {{name}} inside the strings of a JSON text, keys included. It decodes each
// string, fills it in and encodes it again, so that a value with quotes or line breaks cannot change
// the structure: a string stays a string, also one that is nothing but "{{name}}". Everything outside
// of such strings, the spelling of numbers and the order of keys included, is copied as it stands.
func expandJSON(text []byte, value func(name string) (string, error)) ([]byte, error) {
	var b bytes.Buffer
	for len(text) > 0 {
		start := bytes.IndexByte(text, '"')
		if start < 0 {
			break
		}
		b.Write(text[:start])
		literal := stringLiteral(text[start:])
		text = text[start+len(literal):]
		filled, err := expandLiteral(literal, value)
		if err != nil {
			return nil, err
		}
		b.Write(filled)
		if b.Len() > maxExpanded {
			return nil, fmt.Errorf("grows beyond %d bytes when variables are filled in; use shorter values", maxExpanded)
		}
	}
	b.Write(text)
	return b.Bytes(), nil
}

// stringLiteral is the JSON string that begins text, quotes included.
func stringLiteral(text []byte) []byte {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return text
}

func expandLiteral(literal []byte, value func(name string) (string, error)) ([]byte, error) {
	var decoded string
	if err := json.Unmarshal(literal, &decoded); err != nil {
		return nil, fmt.Errorf("is not valid JSON: %w", err)
	}
	if !strings.Contains(decoded, "{{") {
		return literal, nil
	}
	filled, err := expand(decoded, value)
	if err != nil {
		return nil, err
	}
	return encodeString(filled), nil
}

// encodeString writes a JSON string without escaping <, > and &, which need none.
func encodeString(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes, into memory at that
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
