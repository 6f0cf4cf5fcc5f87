package rules

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/bellwether/bellwether/models"
)

// draft is a rule whose references are not resolved yet. Nil nodes and empty keys mean absent or
// already complained about.
type draft struct {
	node       *yaml.Node
	key        string
	keyNode    *yaml.Node
	when       When
	parent     string
	parentNode *yaml.Node
	expectFail bool
}

// draft reads the i-th rule by itself and remembers which case it runs.
func (p *parser) draft(i int, n *yaml.Node) draft {
	d := draft{node: n}
	values, ok := p.mapping(n, "a rule", "run", "whenPassed", "whenFailed", "expect")
	if !ok {
		return d
	}
	d.readCase(p, i, values["run"])
	d.readParent(p, values["whenPassed"], values["whenFailed"])
	if expect, ok := values["expect"]; ok {
		d.expectFail = p.expect(expect)
	}
	return d
}

func (d *draft) readCase(p *parser, i int, run *yaml.Node) {
	if run == nil {
		p.errorf(d.node, "run is missing; name the case as run: '<case key>'")
		return
	}
	key, ok := p.caseKey(run, "run")
	if !ok {
		return
	}
	d.key, d.keyNode = key, run
	if _, twice := p.byCase[key]; !twice {
		p.byCase[key] = i
	}
}

func (d *draft) readParent(p *parser, passed, failed *yaml.Node) {
	if passed != nil && failed != nil {
		p.errorf(failed, "a rule has either whenPassed or whenFailed; remove one")
		return
	}
	switch {
	case passed != nil:
		d.when, d.parentNode = Passed, passed
	case failed != nil:
		d.when, d.parentNode = Failed, failed
	default:
		return
	}
	d.parent, _ = p.caseKey(d.parentNode, d.when.String())
}

// expect reports whether the rule wants its case to fail.
func (p *parser) expect(n *yaml.Node) bool {
	if !p.plain(n) {
		return false
	}
	if n.Kind != yaml.ScalarNode || (n.Value != "pass" && n.Value != "fail") {
		p.errorf(n, "expect is %s, but must be pass or fail", shown(n))
		return false
	}
	return n.Value == "fail"
}

// caseKey takes the literal text of a scalar, whatever type YAML makes of it.
func (p *parser) caseKey(n *yaml.Node, name string) (string, bool) {
	if !p.plain(n) {
		return "", false
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		p.errorf(n, "%s is %s, but must be one case key such as '0000A3F1'", name, shape(n))
	case models.ValidCaseKey(n.Value):
		return n.Value, true
	case n.Tag == "!!null":
		p.errorf(n, "%s has no value; give a case key such as '0000A3F1' or remove %s", name, name)
	case models.ValidCaseKey(strings.ToUpper(n.Value)):
		p.errorf(n, "%s is %s, but case keys are upper-case; write '%s'", name, shown(n), strings.ToUpper(n.Value))
	case n.Tag != "!!str":
		p.errorf(n, "%s is %s, which YAML reads as %s; give a case key in quotes: eight upper-case hexadecimal digits such as '0000A3F1'",
			name, shown(n), strings.TrimPrefix(n.Tag, "!!"))
	default:
		p.errorf(n, "%s is %s, but must be a case key: eight upper-case hexadecimal digits such as '0000A3F1'", name, shown(n))
	}
	return "", false
}

// rule resolves the i-th draft against all others.
func (p *parser) rule(i int, drafts []draft) Rule {
	d := drafts[i]
	if d.key != "" && p.byCase[d.key] != i {
		p.errorf(d.keyNode, "case %s runs already in line %d; a case runs once in a pipeline, so remove one rule",
			d.key, drafts[p.byCase[d.key]].keyNode.Line)
	}
	r := Rule{Case: d.key, Parent: -1, When: d.when, ExpectFail: d.expectFail, Line: d.node.Line}
	if d.parent != "" {
		r.Parent = p.parent(i, d, drafts)
	}
	return r
}

func (p *parser) parent(i int, d draft, drafts []draft) int {
	index, known := p.byCase[d.parent]
	switch {
	case d.parent == d.key:
		p.errorf(d.parentNode, "%s names the rule's own case %s; name an earlier one", d.when, d.parent)
	case !known:
		p.errorf(d.parentNode, "%s names case %s, which this pipeline does not run; add a rule for it above or correct the key",
			d.when, d.parent)
	case index > i:
		p.errorf(d.parentNode, "%s names case %s, which comes later (line %d); move that rule above this one",
			d.when, d.parent, drafts[index].keyNode.Line)
	case d.when == Failed && drafts[index].expectFail:
		p.errorf(d.parentNode, "whenFailed names case %s, which is expected to fail and then counts as passed; use whenPassed",
			d.parent)
	default:
		return index
	}
	return -1
}
