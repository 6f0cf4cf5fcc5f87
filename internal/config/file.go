package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"
)

// maxFile bounds the configuration file.
const maxFile = 1 << 20

// readFile reads a YAML file into values by path ("database.dsn"). known holds every path.
func readFile(name string, known map[string]bool) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", name, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("read the configuration %s: larger than %d bytes", name, maxFile)
	}
	values, err := parseYAML(text, known)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", name, err)
	}
	return values, nil
}

// parseYAML reads one document of nested mappings with scalar values.
func parseYAML(text []byte, known map[string]bool) (map[string]string, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return map[string]string{}, nil
		}
		return nil, err
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document")
	}
	sections := map[string]bool{}
	for path := range known {
		for i, c := range path {
			if c == '.' {
				sections[path[:i]] = true
			}
		}
	}
	r := yamlReader{known: known, sections: sections, values: map[string]string{}}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return r.values, nil
	}
	return r.values, r.mapping("", doc.Content[0])
}

type yamlReader struct {
	known, sections map[string]bool
	values          map[string]string
}

func (r *yamlReader) mapping(prefix string, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected keys with values", node.Line)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		path := prefix + key.Value
		if seen[path] {
			return fmt.Errorf("line %d: key %q is given twice", key.Line, path)
		}
		seen[path] = true
		if err := r.entry(path, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *yamlReader) entry(path string, key, value *yaml.Node) error {
	switch {
	case r.sections[path] && value.Kind == yaml.MappingNode:
		return r.mapping(path+".", value)
	case r.sections[path] && isNull(value):
		return nil
	case r.sections[path] && !r.known[path]:
		return fmt.Errorf("line %d: %q is a section: its keys belong on lines of their own below it", value.Line, path)
	case !r.known[path]:
		return fmt.Errorf("line %d: unknown key %q%s", key.Line, path, suggest(path, r.known))
	case value.Kind != yaml.ScalarNode:
		return fmt.Errorf("line %d: %q takes one value", value.Line, path)
	case isNull(value):
		return nil
	}
	r.values[path] = value.Value
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
