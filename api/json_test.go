package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
)

func TestFindingsAreRewordedToHelp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		location, message string
		want              wire.FieldError
	}{
		{"body.a", validation.MsgUnexpectedProperty, wire.FieldError{Location: "body.a", Message: "is not a known field; remove it or correct its spelling"}},
		{"body", "expected required property name to be present", wire.FieldError{Location: "body.name", Message: "is required"}},
		{"query.limit", "expected number <= 500", wire.FieldError{Location: "query.limit", Message: "must be a number <= 500"}},
		{"body.a", validation.MsgExpectedBoolean, wire.FieldError{Location: "body.a", Message: "must be true or false"}},
		{"body.a", validation.MsgExpectedArray, wire.FieldError{Location: "body.a", Message: "must be a list"}},
		{"body.a", `expected value to be one of "x, y"`, wire.FieldError{Location: "body.a", Message: `must be one of "x, y"`}},
		{"body.at", validation.MsgExpectedRFC3339DateTime, wire.FieldError{Location: "body.at", Message: "must be RFC 3339 date-time"}},
		{"body.list", "expected length >= 3", wire.FieldError{Location: "body.list", Message: "must be length >= 3"}},
		{"query.force", "invalid boolean", wire.FieldError{Location: "query.force", Message: "must be true or false"}},
		{"", "something else", wire.FieldError{Location: "body", Message: "something else"}},
	} {
		require.Equal(t, tc.want, fieldError(&huma.ErrorDetail{Location: tc.location, Message: tc.message, Value: "secret"}))
	}
}

// FuzzUnmarshal holds that a body is either read or refused with a place that exists.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{"", "null", `{"name": "n"}`, "{\n\"name\": 1}", `{"name": [null, {"a": null}]}`, "{", "\x00", `{"retries": 1e400}`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tree any
		if err := unmarshal(data, &tree); err != nil {
			require.Contains(t, err.Error(), "line ")
			require.NotEqual(t, json.Valid(data), strings.Contains(err.Error(), "is not JSON"))
			return
		}
		require.NotNil(t, tree, "null is marked")
		var body wire.CasePatch
		if err := unmarshal(data, &body); err != nil {
			require.NotContains(t, err.Error(), "Go ")
		}
	})
}

// FuzzPosition holds that a place lies within the text.
func FuzzPosition(f *testing.F) {
	f.Add([]byte("a\nb"), int64(3))
	f.Add([]byte(""), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, offset int64) {
		line, column := position(data, offset)
		lines := strings.Split(string(data), "\n")
		require.True(t, line >= 1 && line <= len(lines))
		require.True(t, column >= 1 && column <= len(lines[line-1])+1)
	})
}

// FuzzWait holds that no wait is longer than the limit.
func FuzzWait(f *testing.F) {
	for _, seed := range []string{"50s", "60", "1e9", "NaN", "-1", "Inf", "1h", "0x1p-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Wait{Wait: text}.duration()
		require.True(t, err != nil || (d >= 0 && d <= maxWait))
	})
}
