package models

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
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
)

var variableNameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

func checkName(c *Check, field, name string) {
	c.Require(strings.TrimSpace(name) != "", field, "must not be empty")
	c.Require(utf8.RuneCountInString(name) <= MaxName, field, "must not be longer than %d characters", MaxName)
	c.Require(!strings.ContainsAny(name, "\r\n\x00"), field, "must be one line")
}

func checkDescription(c *Check, field, text string) {
	c.Require(utf8.RuneCountInString(text) <= MaxDescription, field, "must not be longer than %d characters", MaxDescription)
}

func checkOwners(c *Check, field string, owners []string) {
	c.Require(len(owners) <= MaxOwners, field, "must not have more than %d entries", MaxOwners)
	for i, owner := range owners {
		a, err := mail.ParseAddress(owner)
		c.Require(err == nil && a.Address == owner, fmt.Sprintf("%s[%d]", field, i), "%q is not an e-mail address", owner)
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
	case u.User != nil:
		c.Addf(field, "must not contain a user name or password")
	case u.Fragment != "":
		c.Addf(field, "must not contain a fragment (#…)")
	}
}

func checkParameters(c *Check, field string, parameters map[string]string) {
	c.Require(len(parameters) <= MaxParameters, field, "must not have more than %d entries", MaxParameters)
	for name, value := range parameters {
		c.Require(variableNameRE.MatchString(name), field+"."+name,
			"is not a variable name: use letters, digits, '_', '.' and '-', starting with a letter or '_'")
		c.Require(len(value) <= MaxVariableValue, field+"."+name, "must not be longer than %d bytes", MaxVariableValue)
	}
}
