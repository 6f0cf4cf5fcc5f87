package runner

import (
	"encoding/json"
	"strconv"
	"strings"
)

// filled is a string that a case wrote with variables in it. Variables are text only, so such a
// string also stands for the number or the boolean that it spells.
type filled string

// operand is what an assertion found. A typed operand comes from JSON and is compared with its type:
// "200" is not 200. A loose one is the text of a status, a header or a body, whose type is what the
// other side is.
type operand struct {
	doc   *document
	value any
	loose bool
}

func looseOperand(text string) operand { return operand{doc: &document{}, value: text, loose: true} }

// text is the operand as regular expressions see it.
func (o operand) text() string { return o.doc.text(o.value) }

// equals compares with a value of an assertion. Numbers are equal by value, to the last digit: 200,
// 200.0 and 2e2 are.
func (o operand) equals(want any) bool {
	if o.loose {
		return o.looselyEquals(want)
	}
	if w, ok := want.(filled); ok {
		if _, isText := o.value.(string); isText {
			return o.value == string(w)
		}
		return o.doc.json(o.value) == string(w) || o.sameNumber(string(w))
	}
	return o.doc.equal(o.value, want)
}

func (o operand) looselyEquals(want any) bool {
	text := o.text()
	switch w := want.(type) {
	case string:
		return text == w
	case filled:
		return text == string(w) || o.sameNumber(string(w))
	case json.Number:
		return o.sameNumber(w.String())
	default:
		doc, err := parseDocument([]byte(text))
		return err == nil && doc.equal(doc.root, want)
	}
}

func (o operand) sameNumber(text string) bool {
	found, ok := o.number()
	want, isNumber := parseDecimal(text)
	return ok && isNumber && found.compare(want) == 0
}

// number is the operand's number, if it is one.
func (o operand) number() (decimal, bool) {
	if text, ok := o.value.(string); ok {
		if !o.loose {
			return decimal{}, false
		}
		return parseDecimal(text)
	}
	text, ok := o.doc.numberText(o.value)
	if !ok {
		return decimal{}, false
	}
	return parseDecimal(text)
}

// contains looks for a part of a text, an element of a list or a key of an object.
func (o operand) contains(want any) bool {
	switch v := o.value.(type) {
	case string:
		return strings.Contains(v, wantText(want))
	case []any:
		for _, item := range v {
			if (operand{doc: o.doc, value: item}).equals(want) {
				return true
			}
		}
		return false
	case *object:
		_, ok := v.values[wantText(want)]
		return ok
	default:
		return false
	}
}

// equal compares a value of the document with one decoded by jsonValue.
func (d *document) equal(v, want any) bool {
	switch w := want.(type) {
	case json.Number:
		o := operand{doc: d, value: v}
		return o.sameNumber(w.String())
	case []any:
		list, ok := v.([]any)
		if !ok || len(list) != len(w) {
			return false
		}
		for i := range w {
			if !d.equal(list[i], w[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		o, ok := v.(*object)
		if !ok || len(o.values) != len(w) {
			return false
		}
		for key, value := range w {
			member, ok := o.values[key]
			if !ok || !d.equal(member, value) {
				return false
			}
		}
		return true
	case string:
		text, ok := v.(string)
		return ok && text == w
	case bool:
		b, ok := v.(bool)
		return ok && b == w
	default:
		return v == nil && want == nil
	}
}

// wantText is a value of an assertion as text: strings as they are, everything else as JSON.
func wantText(want any) string {
	switch w := want.(type) {
	case string:
		return w
	case filled:
		return string(w)
	case json.Number:
		return w.String()
	case bool:
		return strconv.FormatBool(w)
	default:
		text, err := json.Marshal(w)
		if err != nil {
			return "" // not for what jsonValue decodes
		}
		return string(text)
	}
}
