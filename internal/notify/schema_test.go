package notify

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/models"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, ok := Schema(models.EventRunFinished)
	require.True(t, ok)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("mem:schema", parsed))
	schema, err := compiler.Compile("mem:schema")
	require.NoError(t, err)
	return schema
}

func render(t *testing.T, event models.Event) any {
	t.Helper()
	message, err := New(Options{BaseURL: "https://bellwether.example.com", TemporalURL: webUI}).Render(models.FormatBellwether, event)
	require.NoError(t, err)
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(message.Body))
	require.NoError(t, err)
	return body
}

func TestBodiesFollowTheirSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for _, f := range []finished{mixed(), empty(), sample(models.MethodPlan, "P-ABC-0001")} {
		require.NoError(t, schema.Validate(render(t, f.event(t))))
	}
}

func TestSchemaAllowsAdditions(t *testing.T) {
	t.Parallel()
	body := render(t, mixed().event(t))
	body.(map[string]any)["data"].(map[string]any)["new_field"] = "x"
	require.NoError(t, compile(t).Validate(body))
}

func TestSchemaRefusesBodiesThatBreakIt(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	object := func(v any) map[string]any { return v.(map[string]any) }
	pipeline := func(data map[string]any) map[string]any { return object(data["pipelines"].([]any)[0]) }
	aCase := func(data map[string]any) map[string]any { return object(pipeline(data)["cases"].([]any)[0]) }
	changes := map[string]func(data map[string]any){
		"no run":                 func(d map[string]any) { delete(d, "run_id") },
		"another version":        func(d map[string]any) { d["schema_version"] = json.Number("2") },
		"an unknown status":      func(d map[string]any) { d["status"] = json.Number("7") },
		"a status in words":      func(d map[string]any) { d["status"] = "success" },
		"null instead of []":     func(d map[string]any) { d["pipelines"] = nil },
		"no owners":              func(d map[string]any) { object(d["trigger"])["owners"] = nil },
		"an unknown method":      func(d map[string]any) { object(d["trigger"])["method"] = "manual" },
		"a local time":           func(d map[string]any) { d["started_at"] = "2026-03-01T13:00:00+01:00" },
		"a date":                 func(d map[string]any) { pipeline(d)["finished_at"] = "2026-03-01Z" },
		"a negative duration":    func(d map[string]any) { pipeline(d)["duration_ms"] = json.Number("-1") },
		"seconds with decimals":  func(d map[string]any) { aCase(d)["duration_ms"] = json.Number("1.5") },
		"a case without key":     func(d map[string]any) { delete(aCase(d), "key") },
		"a case without runtime": func(d map[string]any) { delete(aCase(d), "runtime_uuid") },
		"counts in words":        func(d map[string]any) { object(d["cases"])["total"] = "8" },
		"no links":               func(d map[string]any) { delete(d, "links") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := render(t, mixed().event(t))
			change(object(object(body)["data"]))
			require.Error(t, schema.Validate(body))
		})
	}
}

func TestSchemasAreThereForEventsOnly(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"ping", "", "../schema", "run.finished.v1.json"} {
		_, ok := Schema(event)
		require.False(t, ok, event)
	}
}

// A field that is added to a type, or taken away, has to be described in the schema too.
func TestSchemaCoversEveryField(t *testing.T) {
	t.Parallel()
	document, ok := Schema(models.EventRunFinished)
	require.True(t, ok)
	var root map[string]any
	require.NoError(t, json.Unmarshal(document, &root))
	w := walker{t: t, definitions: root["$defs"].(map[string]any), used: map[string]bool{}}
	type body struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      runFinishedData `json:"data"`
	}
	w.check("body", reflect.TypeFor[body](), root)
	require.Len(t, w.used, len(w.definitions), "every definition is referred to")
	require.Equal(t, reflect.TypeFor[body]().NumField(), reflect.TypeFor[envelope]().NumField())
}

// walker compares Go types with the parts of a schema.
type walker struct {
	t           *testing.T
	definitions map[string]any
	used        map[string]bool
}

func (w walker) check(path string, goType reflect.Type, node map[string]any) {
	node = w.resolve(node)
	if goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	switch {
	case goType == reflect.TypeFor[time.Time]():
		require.Equal(w.t, "string", node["type"], path)
		require.Equal(w.t, "date-time", node["format"], path)
	case goType.Kind() == reflect.Struct:
		require.Equal(w.t, "object", node["type"], path)
		w.checkFields(path, goType, node)
	case goType.Kind() == reflect.Slice:
		require.Equal(w.t, "array", node["type"], path)
		w.check(path+"[]", goType.Elem(), node["items"].(map[string]any))
	default:
		want := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Bool: "boolean"}
		require.Equal(w.t, want[goType.Kind()], node["type"], path)
	}
}

func (w walker) checkFields(path string, goType reflect.Type, node map[string]any) {
	properties := node["properties"].(map[string]any)
	var names, required []string
	for _, field := range reflect.VisibleFields(goType) {
		if field.Anonymous {
			continue // its fields come by themselves
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		if options != "omitempty" {
			required = append(required, name)
		}
		property, ok := properties[name].(map[string]any)
		require.True(w.t, ok, "%s.%s is not in the schema", path, name)
		require.NotEmpty(w.t, property["description"], "%s.%s is not described", path, name)
		w.check(path+"."+name, field.Type, property)
	}
	var described []string
	for name := range properties {
		described = append(described, name)
	}
	require.ElementsMatch(w.t, names, described, "the properties of %s", path)
	require.ElementsMatch(w.t, required, node["required"], "the required properties of %s", path)
}

func (w walker) resolve(node map[string]any) map[string]any {
	ref, ok := node["$ref"].(string)
	if !ok {
		return node
	}
	name := strings.TrimPrefix(ref, "#/$defs/")
	w.used[name] = true
	return w.definitions[name].(map[string]any)
}
