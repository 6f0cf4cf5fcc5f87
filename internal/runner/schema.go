package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaURL is the address that a case's schema pretends to have, for references inside of it.
const schemaURL = "bellwether:///schema.json"

// sealed refuses to load any other document: a case's schema must bring along all it needs. The
// published meta-schemas are built in.
type sealed struct{}

// Load implements jsonschema.URLLoader.
func (sealed) Load(url string) (any, error) {
	return nil, &outsideError{url: url}
}

type outsideError struct{ url string }

func (e *outsideError) Error() string {
	return fmt.Sprintf("refers to %s, but references to other documents are not followed; put the definition below $defs and refer to it as #/$defs/…", e.url)
}

// compileSchema reads a JSON Schema, draft 2020-12 unless $schema says otherwise. Formats such as
// "email" are checked.
func compileSchema(text []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(sealed{})
	compiler.AssertFormat()
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("is not a JSON Schema: %w", err)
	}
	schema, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, schemaError(err)
	}
	return schema, nil
}

func schemaError(err error) error {
	var (
		load     *jsonschema.LoadURLError
		mismatch *jsonschema.SchemaValidationError
		invalid  *jsonschema.ValidationError
	)
	switch {
	case errors.As(err, &load):
		return load.Err // a *outsideError, for there is no other loader
	case errors.As(err, &mismatch) && errors.As(mismatch.Err, &invalid):
		return fmt.Errorf("is not a JSON Schema: %s", violations(invalid))
	default:
		return fmt.Errorf("is not a JSON Schema: %s", strings.ReplaceAll(err.Error(), schemaURL, ""))
	}
}

// conforms holds a body against a schema; violation is "" if it conforms.
func conforms(schema *jsonschema.Schema, body []byte) (violation string) {
	defer func() {
		// The library computes with numbers as large as the body cares to write them.
		if r := recover(); r != nil {
			violation = fmt.Sprintf("the body cannot be validated: %v", r)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.TrimPrefix(body, []byte(bom))))
	if err != nil {
		return "the body is not JSON: " + err.Error()
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(doc); errors.As(err, &invalid) {
		return violations(invalid)
	} else if err != nil {
		return err.Error()
	}
	return ""
}

// violations tells where a document breaks its schema and how: the first three places.
func violations(e *jsonschema.ValidationError) string {
	const most = 3
	var list []string
	leaves(e, &list)
	slices.Sort(list) // properties are validated in random order
	text := strings.Join(list[:min(len(list), most)], "; ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func leaves(e *jsonschema.ValidationError, list *[]string) {
	for _, cause := range e.Causes {
		leaves(cause, list)
	}
	if len(e.Causes) > 0 {
		return
	}
	unit := e.BasicOutput()
	if unit.Error != nil {
		*list = append(*list, "at "+place(e.InstanceLocation)+" "+unit.Error.String())
	}
}

// place is a JSON pointer.
func place(tokens []string) string {
	if len(tokens) == 0 {
		return "the root"
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString("/" + escape.Replace(t))
	}
	return b.String()
}

// jsonValue decodes a value of an assertion with its numbers as they are written.
func jsonValue(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	err := decoder.Decode(&v)
	return v, err
}
