package models

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what a definition may hold.
const (
	MaxName        = 200
	MaxDescription = 4000
	MaxOwners      = 50
	MaxLabels      = 50
	MaxURL         = 2048
	MaxParameters  = 64
	MaxEmail       = 254
)

var variableNameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

func checkName(c *Check, field, name string) {
	c.Require(strings.TrimSpace(name) != "", field, "must not be empty")
	c.Require(utf8.RuneCountInString(name) <= MaxName, field, "must not be longer than %d characters", MaxName)
	c.Require(!strings.ContainsFunc(name, misleading), field, "must be one line without control characters")
}

// misleading reports characters that break lines or change how the text around them is shown in
// terminals and logs: control characters, line and paragraph separators with the marks that embed or
// override a direction of writing (U+2028 to U+202E), and the isolates.
func misleading(r rune) bool {
	return unicode.IsControl(r) || (r >= '\u2028' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

func checkDescription(c *Check, field, text string) {
	c.Require(utf8.RuneCountInString(text) <= MaxDescription, field, "must not be longer than %d characters", MaxDescription)
	c.Require(!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\r\n\t", r) }),
		field, "must not contain control characters other than tabs and line breaks")
}

func checkOwners(c *Check, field string, owners []string) {
	c.Require(len(owners) <= MaxOwners, field, "must not have more than %d entries", MaxOwners)
	for i, owner := range owners {
		at := fmt.Sprintf("%s[%d]", field, i)
		if len(owner) > MaxEmail {
			c.Addf(at, "must not be longer than %d bytes", MaxEmail)
			continue
		}
		a, err := mail.ParseAddress(owner)
		c.Require(err == nil && a.Address == owner, at, "%q is not an e-mail address", owner)
	}
}

func checkLabels(c *Check, field string, labels []string) {
	c.Require(len(labels) <= MaxLabels, field, "must not have more than %d entries", MaxLabels)
	for i, label := range labels {
		checkName(c, fmt.Sprintf("%s[%d]", field, i), label)
	}
}

// checkHTTPURL accepts absolute http and https URLs without user info or fragment.
func checkHTTPURL(c *Check, field, raw string) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		c.Addf(field, "must not be empty; give an absolute URL such as https://example.com/hook")
	case len(raw) > MaxURL:
		c.Addf(field, "must not be longer than %d bytes", MaxURL)
	case err != nil:
		c.Addf(field, "is not a URL: write it as https://host/path with other characters percent-encoded")
	case u.Scheme != "http" && u.Scheme != "https":
		c.Addf(field, "must start with https:// or http://")
	case u.Hostname() == "":
		c.Addf(field, "has no host; give an absolute URL such as https://example.com/hook")
	case !validPort(u.Port()):
		c.Addf(field, "has a port outside of 1 to 65535")
	case u.User != nil:
		c.Addf(field, "must not contain a user name or password")
	case u.Fragment != "":
		c.Addf(field, "must not contain a fragment (#…)")
	}
}

// validPort accepts a URL without a port.
func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

func checkParameters(c *Check, field string, parameters map[string]string) {
	c.Require(len(parameters) <= MaxParameters, field, "must not have more than %d entries", MaxParameters)
	for name, value := range parameters {
		c.Require(variableNameRE.MatchString(name), field+"."+name,
			"is not a variable name: use letters, digits, '_', '.' and '-', starting with a letter or '_'")
		c.Require(len(value) <= MaxVariableValue, field+"."+name, "must not be longer than %d bytes", MaxVariableValue)
	}
}
