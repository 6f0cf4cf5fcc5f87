package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/bellwether/bellwether/models"
)

// field is the name under which every problem is reported.
const field = "definition"

// maxProblems bounds how many problems one answer lists.
const maxProblems = 20

// Parse reads a definition. Its error is a *models.Invalid that lists what is wrong, each entry with
// line, column, reason and mend, in the order of the document; after 20 entries it only counts.
//
// Case keys may stand without quotes: the text of the scalar is taken literally, so 00000001 and
// 1E100000 are keys although YAML reads them as numbers.
func Parse(definition string) (Plan, error) {
	root, err := load(definition)
	if err != nil {
		return Plan{}, err
	}
	p := &parser{byCase: map[string]int{}}
	p.document(root)
	if err := p.err(); err != nil {
		return Plan{}, err
	}
	return Plan{Version: KindV12, Rules: p.rules}, nil
}

// parser walks the node tree of one definition and collects what is wrong with it.
type parser struct {
	problems []problem
	rules    []Rule
	byCase   map[string]int // index of the rule that runs a case
}

type problem struct {
	line, column int
	message      string
}

// errorf notes a problem at a node.
func (p *parser) errorf(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, problem{n.Line, n.Column, fmt.Sprintf(format, args...)})
}

func (p *parser) err() error {
	if len(p.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(p.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	inv := &models.Invalid{}
	for _, one := range p.problems[:min(len(p.problems), maxProblems)] {
		inv.Fields = append(inv.Fields, at(one.line, one.column, "%s", one.message))
	}
	if more := len(p.problems) - maxProblems; more > 0 {
		inv.Fields = append(inv.Fields, models.FieldError{
			Field:   field,
			Message: fmt.Sprintf("%d more problems are not listed; mend these first", more),
		})
	}
	return inv
}

func at(line, column int, format string, args ...any) models.FieldError {
	return models.FieldError{
		Field:   field,
		Message: fmt.Sprintf("line %d, column %d: ", line, column) + fmt.Sprintf(format, args...),
	}
}

func invalid(line, column int, format string, args ...any) error {
	return &models.Invalid{Fields: []models.FieldError{at(line, column, format, args...)}}
}

func (p *parser) document(root *yaml.Node) {
	top, ok := p.mapping(root, "the definition", "kind", "spec")
	if !ok {
		return
	}
	if kind, ok := top["kind"]; !ok {
		p.errorf(root, "kind is missing; start with kind: %s", KindV12)
	} else if !p.kind(kind) {
		return // the rest follows other rules
	}
	spec, ok := top["spec"]
	if !ok {
		p.errorf(root, "spec is missing; add spec: with a list of rules")
		return
	}
	inner, ok := p.mapping(spec, "spec", "rules")
	if !ok {
		return
	}
	list, ok := inner["rules"]
	if !ok {
		p.errorf(spec, "rules is missing; list the cases below spec.rules as - run: '<case key>'")
		return
	}
	p.list(list)
}

// kind reports whether the rules that follow can be read by this version.
func (p *parser) kind(n *yaml.Node) bool {
	if !p.plain(n) {
		return true
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == KindV12:
		return true
	case n.Kind == yaml.ScalarNode && (n.Value == "rule/v1.3" || n.Value == "bellwether/v1"):
		p.errorf(n, "kind %s is not supported by this version; use kind: %s", n.Value, KindV12)
		return false
	default:
		p.errorf(n, "kind %s is not known; use kind: %s", shown(n), KindV12)
		return true
	}
}

func (p *parser) list(n *yaml.Node) {
	if !p.plain(n) {
		return
	}
	switch {
	case n.Kind != yaml.SequenceNode:
		p.errorf(n, "rules is %s, but must be a list; write each rule as - run: '<case key>'", shape(n))
		return
	case len(n.Content) == 0:
		p.errorf(n, "rules is empty; add at least one rule such as - run: '<case key>'")
		return
	case len(n.Content) > MaxRules:
		p.errorf(n.Content[MaxRules], "more than %d rules; split the pipeline", MaxRules)
		return
	}
	drafts := make([]draft, len(n.Content))
	for i, item := range n.Content {
		drafts[i] = p.draft(i, item)
	}
	for i := range drafts {
		p.rules = append(p.rules, p.rule(i, drafts))
	}
}

// mapping returns the values of n by key. It notes unknown and repeated keys; owner names n in
// messages.
func (p *parser) mapping(n *yaml.Node, owner string, known ...string) (map[string]*yaml.Node, bool) {
	if !p.plain(n) {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		p.errorf(n, "%s is %s, but must have the keys %s", owner, shape(n), strings.Join(known, ", "))
		return nil, false
	}
	values := map[string]*yaml.Node{}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name, ok := p.key(key, owner, known)
		if !ok {
			continue
		}
		if line, twice := first[name]; twice {
			p.errorf(key, "%s is given twice (first in line %d); remove one", name, line)
			continue
		}
		first[name] = key.Line
		values[name] = value
	}
	return values, true
}

// unsupported are keys that other versions understand. They are refused by name, for a pipeline that
// ignored them would do something else than it says.
var unsupported = map[string]string{
	"relay":       "outputs are not handed over between cases",
	"parallelism": "cases run one at a time",
	"needs":       "a rule has one parent at most, by whenPassed or whenFailed",
	"always":      "use neither whenPassed nor whenFailed for a rule that always runs",
	"retries":     "set retries at the case",
	"timeout":     "set timeout_seconds at the case",
}

func (p *parser) key(n *yaml.Node, owner string, known []string) (string, bool) {
	if !p.plain(n) {
		return "", false
	}
	if n.Kind != yaml.ScalarNode {
		p.errorf(n, "%s has %s as a key; use only %s", owner, shape(n), strings.Join(known, ", "))
		return "", false
	}
	for _, name := range known {
		if n.Value == name {
			return name, true
		}
	}
	if mend, ok := unsupported[n.Value]; ok {
		p.errorf(n, "%s is not supported by this version; remove it: %s", n.Value, mend)
		return "", false
	}
	p.errorf(n, "%s does not know the key %s; use only %s", owner, shown(n), strings.Join(known, ", "))
	return "", false
}

// plain notes what YAML can do but a definition must not: anchors, aliases and tags.
func (p *parser) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		p.errorf(n, "aliases (*%s) are not supported; write the value out", clip(n.Value))
	case n.Anchor != "":
		p.errorf(n, "anchors (&%s) are not supported; remove it and write values out", clip(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		p.errorf(n, "tags (%s) are not supported; remove it", clip(n.Tag))
	default:
		return true
	}
	return false
}
