package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/api/wire"
)

func TestBodiesThatReadersUnderstandDifferentlyAreRefused(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	for body, want := range map[string]string{
		"{\"key\": \"AAA\",\n \"name\": \"x\xff\"}":                     "line 2, column 12: encode the text as UTF-8",
		`{"key": "AAA", "name": "x", "name": "y"}`:                      `line 1, column 34: the field "name" is given twice`,
		`{"key": "AAA", "name": "x", "n\u0061me": "y"}`:                 `the field "name" is given twice`,
		`{"key": "AAA", "name": "x", "other": [{"a": {}, "a": false}]}`: `the field "a" is given twice`,
	} {
		require.Contains(t, a.post("/workspaces", body).problem(http.StatusBadRequest, wire.ProblemBadRequest).Detail, want)
	}
	a.post("/workspaces", `{"key": "AAA", "name": "x", "NAME": "y"}`).refused("body.NAME")
	a.post("/workspaces", `{"key": "AAA", "Name": "x"}`).refused("body.Name", "body.name")
	a.get("/workspaces/AAA").problem(http.StatusNotFound, wire.ProblemNotFound)
}

func TestJSONThatACaseSendsMayBeOdd(t *testing.T) {
	t.Parallel()
	a := newAPITest(t)
	w := a.world()
	const odd = `{"a":1,"a":2,"n":null}`
	made := a.post("/cases", `{"workspace_key": "`+w.workspace+`", "name": "odd", "kind": "http", "http":
		{"method": "POST", "url": "https://example.com/", "body": {"mode": "json", "json": `+odd+`}}}`)
	made.is(http.StatusCreated)
	require.Contains(t, string(made.raw), odd)
}
