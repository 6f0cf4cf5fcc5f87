package rules

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/bellwether/bellwether/models"
)

const bom = "\ufeff"

// load turns the text into the node tree of its only document.
func load(definition string) (*yaml.Node, error) {
	if len(definition) > models.MaxDefinition {
		return nil, invalid(1, 1, "the definition has %d bytes, but %d are the most; split the pipeline",
			len(definition), models.MaxDefinition)
	}
	definition = strings.TrimPrefix(definition, bom)
	if err := checkText(definition); err != nil {
		return nil, err
	}
	docs, err := documents(definition)
	switch {
	case err != nil:
		return nil, syntaxError(definition, err)
	case len(docs) == 0 || len(docs[0].Content) != 1:
		return nil, invalid(1, 1, "the definition is empty; start with kind: %s", KindV12)
	case len(docs) > 1:
		return nil, invalid(docs[1].Line, docs[1].Column, "a second document begins; keep one and remove the --- before the other")
	}
	return docs[0].Content[0], nil
}

// documents reads the first two documents of a text, which is enough to know that there are several.
func documents(text string) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var docs []*yaml.Node
	for len(docs) < 2 {
		doc, err := decode(decoder)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// decode reads the next document. The YAML package reports some malformed input by panicking; that
// is an error of the input all the same.
func decode(d *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	doc = &yaml.Node{}
	if err := d.Decode(doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// checkText finds what YAML forbids but explains badly.
func checkText(definition string) error {
	number := 0
	for line := range strings.SplitSeq(definition, "\n") {
		number++
		if !utf8.ValidString(line) {
			return invalid(number, badColumn(line), "this is not UTF-8 text; save the definition as UTF-8")
		}
		text := strings.TrimLeft(line, " \t\r")
		indent := line[:len(line)-len(text)]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && text != "" && text[0] != '#' {
			return invalid(number, tab+1, "a tab indents this line; indent with spaces")
		}
	}
	return nil
}

func badColumn(line string) int {
	column := 1
	for _, r := range line {
		if r == utf8.RuneError {
			break
		}
		column++
	}
	return column
}

// unknownAnchorRE matches the one error of the YAML package that has no line.
var unknownAnchorRE = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced$`)

var syntaxRE = regexp.MustCompile(`^yaml: (?:line \d+: )?`)

// syntaxError names the place of an error of the YAML package.
func syntaxError(definition string, err error) error {
	text := err.Error()
	if m := unknownAnchorRE.FindStringSubmatch(text); m != nil {
		line, column := position(definition, "*"+m[1])
		return invalid(line, column, "aliases (*%s) are not supported; write the value out", clip(m[1]))
	}
	line, column := errorPlace(definition, text)
	return invalid(line, column, "this is not YAML: %s; check indentation, colons and quotes around here",
		syntaxRE.ReplaceAllString(text, ""))
}

// errorPlace finds where an error comes from. The YAML package tells where the surrounding block
// begins, if anything, so the place is the first line that, as the last one, brings the error about.
// That takes about log2(lines) more parses, of bad input only.
func errorPlace(definition, text string) (line, column int) {
	var ends []int
	for i := range len(definition) {
		if definition[i] == '\n' {
			ends = append(ends, i+1)
		}
	}
	ends = append(ends, len(definition))
	n := sort.Search(len(ends)-1, func(i int) bool {
		_, err := documents(definition[:ends[i]])
		return err != nil && err.Error() == text
	})
	start := 0
	if n > 0 {
		start = ends[n-1]
	}
	last := definition[start:ends[n]]
	return n + 1, 1 + len(last) - len(strings.TrimLeft(last, " "))
}

// position is the line and column of the first occurrence of part, from 1.
func position(definition, part string) (line, column int) {
	before, _, found := strings.Cut(definition, part)
	if !found {
		return 1, 1
	}
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// shown is a node's value for a message.
func shown(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return shape(n)
	}
	return strconv.Quote(clip(n.Value))
}

// clip shortens what a message quotes from the definition.
func clip(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// shape says what kind of node stands where another one was wanted.
func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	default:
		return "the single value " + strconv.Quote(clip(n.Value))
	}
}
