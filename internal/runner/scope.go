package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bellwether/bellwether/models"
)

// scope knows the variables of one try: the run's parameters before the environment before the
// case's own variables. A value may mention other variables; it is resolved when it is first asked
// for.
type scope struct {
	values   map[string]string
	secret   map[string]bool // names whose values are hidden wherever they come from
	hidden   []string        // every value that a secret name has in any of the sources
	resolved map[string]string
	open     []string // names being resolved, outermost first
	size     int      // of all resolved values together
}

// maxResolved bounds what all variables of a case together may grow to, in bytes.
const maxResolved = 4 << 20

func newScope(job models.CaseJob) *scope {
	s := &scope{values: map[string]string{}, secret: map[string]bool{}, resolved: map[string]string{}}
	for _, v := range job.Case.Variables {
		s.set(v.Name, v.Value, v.Type == models.VariableSecret)
	}
	if job.Environment != nil {
		for _, v := range job.Environment.Values {
			if v.On() {
				s.set(v.Key, v.Value, v.Type == models.ValueSecret)
			}
		}
	}
	for name, value := range job.Run.Parameters {
		s.set(name, value, false)
	}
	return s
}

// set gives a variable its value. A name that is secret once stays so: a parameter that stands in
// for a secret is as delicate as the secret.
func (s *scope) set(name, value string, secret bool) {
	if old, ok := s.values[name]; ok && secret && !s.secret[name] {
		s.hidden = append(s.hidden, old)
	}
	s.values[name] = value
	s.secret[name] = s.secret[name] || secret
	if s.secret[name] {
		s.hidden = append(s.hidden, value)
	}
}

// secrets lists all values to hide, as given and with their own variables filled in.
func (s *scope) secrets() []string {
	list := slices.Clone(s.hidden)
	for name, secret := range s.secret {
		if !secret {
			continue
		}
		if value, err := s.value(name); err == nil {
			list = append(list, value)
		}
	}
	return list
}

// value resolves one variable.
func (s *scope) value(name string) (string, error) {
	if value, ok := s.resolved[name]; ok {
		return value, nil
	}
	if at := slices.Index(s.open, name); at >= 0 {
		circle := append(slices.Clone(s.open[at:]), name)
		return "", fmt.Errorf("variable {{%s}} refers to itself: %s; break the circle", name, strings.Join(circle, " -> "))
	}
	raw, ok := s.values[name]
	if !ok {
		return "", fmt.Errorf("variable {{%s}} is not defined%s; define it in the environment, the case or the run's parameters",
			name, s.via())
	}
	s.open = append(s.open, name)
	value, err := expand(raw, s.value)
	s.open = s.open[:len(s.open)-1]
	if err != nil {
		return "", err
	}
	if s.size += len(value); s.size > maxResolved {
		return "", fmt.Errorf("the variables grow beyond %d bytes when they are filled in; use shorter values", maxResolved)
	}
	s.resolved[name] = value
	return value, nil
}

// via tells by which other variables the one in question came to be asked for.
func (s *scope) via() string {
	if len(s.open) == 0 {
		return ""
	}
	return " (used by {{" + strings.Join(s.open, "}} -> {{") + "}})"
}

// fill replaces the variables of a field; an error names the field.
func (s *scope) fill(field, text string) (string, error) {
	filled, err := expand(text, s.value)
	if err != nil {
		return "", &problem{field: field, text: err.Error()}
	}
	return filled, nil
}

// problem says that a case cannot be executed as it is defined: status error, not failure.
type problem struct{ field, text string }

func (p *problem) Error() string { return p.field + ": " + p.text }

func problemf(field, format string, args ...any) error {
	return &problem{field: field, text: fmt.Sprintf(format, args...)}
}
