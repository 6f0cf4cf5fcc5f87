package runner

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var errUnknown = errors.New("unknown variable")

func lookup(values map[string]string) func(string) (string, error) {
	return func(name string) (string, error) {
		if v, ok := values[name]; ok {
			return v, nil
		}
		return "", errUnknown
	}
}

func TestReferencesAreReplaced(t *testing.T) {
	t.Parallel()
	values := lookup(map[string]string{"A": "1", "b.c-d_e": "2", "BRACES": "{{A}}"})
	for text, want := range map[string]string{
		"":                     "",
		"plain } }} {":         "plain } }} {",
		"{{A}}":                "1",
		"{{ A }}{{	b.c-d_e}}":  "12",
		"{{{A}}}":              "{1}",
		"{{{{A}}}}":            "{{1}}",
		"{{":                   "{{",
		"{{A}":                 "{{A}",
		"{{not a name}} {{A}}": "{{not a name}} 1",
		"{{}}":                 "{{}}",
		"{{BRACES}}":           "{{A}}", // values are resolved by the scope, not here
	} {
		got, err := expand(text, values)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	_, err := expand("{{NOPE}}", values)
	require.ErrorIs(t, err, errUnknown)
}

// FuzzExpandJSON: filling in keeps a JSON text valid and its structure as it was.
func FuzzExpandJSON(f *testing.F) {
	f.Add(`{"a":["{{A}}",1.50,{"{{A}}":null}]}`, `x","y":"z`)
	f.Add(`"\u007b\u007bA}}\\"`, "\x00\n\"\\")
	f.Add(`["{{A}}{{B}}"]`, "\xff")
	f.Fuzz(func(t *testing.T, text, value string) {
		if !json.Valid([]byte(text)) {
			t.Skip()
		}
		got, err := expandJSON([]byte(text), func(string) (string, error) { return value, nil })
		if err != nil {
			require.Greater(t, len(text)*len(value), maxExpanded/10)
			return
		}
		require.True(t, json.Valid(got), "%s", got)
		require.Equal(t, structure(text), structure(string(got)))
		if !strings.ContainsAny(text, `{\`) {
			require.Equal(t, text, string(got))
		}
	})
}

// structure is a JSON text with its strings emptied.
func structure(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			break
		}
		b.WriteString(text[:start] + `""`)
		text = text[start+len(stringLiteral([]byte(text[start:]))):]
	}
	return b.String() + text
}

func TestDocumentsKeepOrderAndSpelling(t *testing.T) {
	t.Parallel()
	const text = `{"z":1.50,"a":[1e5,-0,9007199254740993,123456789012345678901,"<é>"],"m":{"y":null,"x":true}}`
	d, err := parseDocument([]byte(" " + text + "\n"))
	require.NoError(t, err)
	require.Equal(t, text, d.json(d.root))
	require.Equal(t, 11, d.values)
}

func TestPathsSelectInTheOrderOfTheDocument(t *testing.T) {
	t.Parallel()
	d, err := parseDocument([]byte(`{"z":{"p":1},"y":{"p":2.5},"x":[{"p":3},{"p":40.0},{"p":123456789012345678901}],"n":1.5}`))
	require.NoError(t, err)
	for text, want := range map[string]string{
		"$.*.p":                  "[1,2.5]",
		"$..p":                   "[1,2.5,3,40.0,123456789012345678901]",
		"$[?(@.p > 1)].p":        "[2.5]",
		"$.x[?(@.p > 3)].p":      "[40.0,123456789012345678901]",
		"$.x[?(@.p == 40)].p":    "[40.0]",
		"$.x[-1].p":              "[123456789012345678901]",
		"$.n.p":                  "[]",
		"$.n[0]":                 "[]",
		"$.n..p":                 "[]",
		"$.n.*":                  "[]",
		"$.x[?(@.p.q)]":          "[]",
		"$.x[0:0]":               "[]",
		"$.x[?(@.p / 0)]":        "[]",
		"$.x[?length(@.p) == 2]": "[]",
	} {
		p, err := compilePath(text)
		require.NoError(t, err, text)
		found, err := p.find(d)
		require.NoError(t, err, text)
		if found == nil {
			found = []any{}
		}
		require.Equal(t, want, d.json(found), text)
	}
}

func TestWorkOfAPathIsEstimated(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"$":                                     1,
		"$.a[*].b[?(@.c == '$..*')].d":          1,
		"$..a":                                  1,
		"$.a[?(@.b == $.c)]":                    1,
		"$.a[?(@.b[*] == 1)]":                   1,
		"$.a[?(@.name =~ /.*:.*/)].b[?(@.c>1)]": 1,
		"$..a..b":                               2,
		"$.a[?($..b == @.c)]":                   2,
		"$.a[?(@.b[*] == @.c[*])]":              2,
		"$.a[?($.b[*] == @.c)]":                 2,
		"$..a[?($..b == $..c)]":                 4,
	} {
		require.Equal(t, want, growth(text), text)
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"$.a[0].b", "$..*", "$[?(@.a > 1.5 && @.b =~ /x/)]", "$['a','b']", "$[1:5:2]", "$[?count(@..a) == 1]", "$[?(@ in [1,'a'])]", "$.a[?(@.b[?(@.c)])]"} {
		f.Add(seed, `{"a":[{"b":1.5,"c":[1,2]},null,"x"],"b":{}}`)
	}
	f.Fuzz(func(t *testing.T, text, document string) {
		p, err := compilePath(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		d, err := parseDocument([]byte(document))
		if err != nil {
			return
		}
		found, err := p.find(d)
		if err == nil {
			_ = d.json(found)
		}
	})
}
