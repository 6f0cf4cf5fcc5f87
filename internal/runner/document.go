package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// document is a JSON text read so that JSONPath can walk it and nothing is lost: objects keep the
// order of their keys, numbers their spelling.
//
// Its values are nil, bool, string, int64, *float64, []any and *object. A number is an int64 if that
// says the same; every other number is a *float64 (which is what filters compare with) whose exact
// text stands in numbers.
type document struct {
	root    any
	numbers map[*float64]string
	values  int // how many values there are in all
}

// object is a JSON object. It implements jp.Keyed, so that paths select in the order of the text.
type object struct {
	keys   []string
	values map[string]any
}

// ValueForKey returns a member.
func (o *object) ValueForKey(key string) (any, bool) { v, ok := o.values[key]; return v, ok }

// Keys lists the members in their order.
func (o *object) Keys() []string { return o.keys }

// SetValueForKey and RemoveValueForKey complete jp.Keyed. Documents are only read.
func (o *object) SetValueForKey(string, any) {}

// RemoveValueForKey does nothing, see SetValueForKey.
func (o *object) RemoveValueForKey(string) {}

// bom is the byte order mark that some servers put before their JSON.
const bom = "\ufeff"

// parseDocument reads exactly one JSON value. Of a key that occurs twice the last value counts.
func parseDocument(text []byte) (*document, error) {
	text = bytes.TrimPrefix(text, []byte(bom))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty")
	}
	// This checks the syntax and bounds the depth, so that what follows cannot fail or recurse far.
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	d := &document{numbers: map[*float64]string{}}
	decoder := json.NewDecoder(bytes.NewReader(whole))
	decoder.UseNumber()
	root, err := d.read(decoder)
	if err != nil {
		return nil, err
	}
	d.root = root
	return d, nil
}

func (d *document) read(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	d.values++
	switch token {
	case json.Delim('['):
		return d.readArray(decoder)
	case json.Delim('{'):
		return d.readObject(decoder)
	}
	if n, ok := token.(json.Number); ok {
		return d.number(n.String()), nil
	}
	return token, nil
}

func (d *document) readArray(decoder *json.Decoder) (any, error) {
	list := []any{}
	for decoder.More() {
		v, err := d.read(decoder)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := decoder.Token()
	return list, err
}

func (d *document) readObject(decoder *json.Decoder) (any, error) {
	o := &object{values: map[string]any{}}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		v, err := d.read(decoder)
		if err != nil {
			return nil, err
		}
		if _, twice := o.values[key]; !twice {
			o.keys = append(o.keys, key)
		}
		o.values[key] = v
	}
	_, err := decoder.Token()
	return o, err
}

func (d *document) number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return n
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range: infinite, which is how it compares
	d.numbers[&f] = text
	return &f
}

// numberText is the spelling of a number in the document; ok is false for anything else.
func (d *document) numberText(v any) (text string, ok bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case *float64:
		text, ok = d.numbers[n]
		return text, ok
	default:
		return "", false
	}
}

// text is a value as a capture keeps it: strings as they are, everything else as compact JSON.
func (d *document) text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return d.json(v)
}

// json writes a value as compact JSON in the order of the document.
func (d *document) json(v any) string {
	var b strings.Builder
	d.write(&b, v)
	return b.String()
}

func (d *document) write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		b.Write(encodeString(v))
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			d.write(b, item)
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		for i, key := range v.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(encodeString(key))
			b.WriteByte(':')
			d.write(b, v.values[key])
		}
		b.WriteByte('}')
	default:
		if text, ok := d.numberText(v); ok {
			b.WriteString(text)
			return
		}
		fmt.Fprint(b, v) // a value that a path computed, such as a length
	}
}
