package runner

import (
	"fmt"
	"regexp"
	"strings"
)

// nameRE is what may stand between {{ and }}, spaces at the edges aside.
var nameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// maxExpanded bounds what one field or one variable may grow to, in bytes. Without it, variables that
// mention each other twice would double at every level.
const maxExpanded = 4 << 20

// reference reads the {{name}} that begins text. Length is 0 if none does.
func reference(text string) (name string, length int) {
	if !strings.HasPrefix(text, "{{") {
		return "", 0
	}
	end := strings.Index(text, "}}")
	if end < 0 {
		return "", 0
	}
	name = strings.TrimSpace(text[2:end])
	if !nameRE.MatchString(name) {
		return "", 0
	}
	return name, end + 2
}

// expand replaces each {{name}} of text by its value. Braces that are no reference stay: a value may
// contain anything, and what a user writes has been looked through by checkTemplate.
func expand(text string, value func(name string) (string, error)) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	var b strings.Builder
	for text != "" {
		start := strings.Index(text, "{{")
		if start < 0 {
			break
		}
		b.WriteString(text[:start])
		text = text[start:]
		name, length := reference(text)
		if length == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		v, err := value(name)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
		text = text[length:]
		if b.Len() > maxExpanded {
			return "", fmt.Errorf("grows beyond %d bytes when variables are filled in; use shorter values", maxExpanded)
		}
	}
	b.WriteString(text)
	return b.String(), nil
}

// checkTemplate says what is wrong with the references of a text, or "".
func checkTemplate(text string) string {
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			return ""
		}
		text = text[start:]
		_, length := reference(text)
		switch {
		case length > 0:
			text = text[length:]
		case strings.HasPrefix(text, "{{{"):
			text = text[1:]
		case !strings.Contains(text, "}}"):
			return "has {{ without }}; write a variable as {{NAME}}"
		default:
			inside, _, _ := strings.Cut(text[2:], "}}")
			return fmt.Sprintf("has {{%s}}, which is not a variable; use letters, digits, '_', '.' and '-' in its name, starting with a letter or '_'",
				shorten(inside, 40))
		}
	}
}
