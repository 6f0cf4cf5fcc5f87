package models

import (
	"fmt"
	"regexp"
	"time"
)

// CaseKind says how a case is executed.
type CaseKind string

// KindHTTP is one HTTP request with assertions and captures.
const KindHTTP CaseKind = "http"

// Limits and defaults of a case.
const (
	MaxCaseVariables   = 64
	MaxCaseRetries     = 5
	DefaultCaseTimeout = 2 * time.Minute
	MaxCaseTimeout     = time.Hour
)

// The types of a case's variable.
const (
	VariableEnv    = "env"    // ordinary configuration
	VariableOutput = "output" // set by the case for later cases
	VariableSecret = "secret" // hidden in answers, reports and logs
)

var caseVariableRE = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,127}$`)

// Case is one atomic test.
type Case struct {
	Key            string         `json:"key" gorm:"primaryKey" example:"0000A3F1"`
	WorkspaceKey   string         `json:"workspace_key"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	Kind           CaseKind       `json:"kind" enum:"http"`
	HTTP           *HTTPSpec      `json:"http,omitempty" gorm:"-"`
	Variables      []CaseVariable `json:"variables" gorm:"-"`
	Sealed         []byte         `json:"-"` // HTTP and Variables as the store keeps them: encrypted
	EnvironmentUID string         `json:"environment_uid" doc:"Empty: none"`
	RuntimeName    string         `json:"runtime_name"`
	Owners         []string       `json:"owners" gorm:"serializer:json"`
	Labels         []string       `json:"labels" gorm:"serializer:json"`
	TimeoutSeconds int            `json:"timeout_seconds" doc:"For the whole case; a case that takes longer has failed"`
	Retries        int            `json:"retries" doc:"How often a case that did not pass is tried again"`
	Version        int64          `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
}

// CaseVariable is a variable that a case brings along. The environment overrides it.
type CaseVariable struct {
	Name  string `json:"name" example:"BASE_URL"`
	Type  string `json:"type,omitempty" enum:"env,output,secret" default:"env"`
	Value string `json:"value,omitempty" doc:"A secret's value is answered as ******"`
}

// Timeout is the time limit of one try of the case.
func (c *Case) Timeout() time.Duration {
	if c.TimeoutSeconds <= 0 {
		return DefaultCaseTimeout
	}
	return time.Duration(c.TimeoutSeconds) * time.Second
}

// Validate checks all fields that a user sets.
func (c *Case) Validate() error {
	var chk Check
	checkName(&chk, "name", c.Name)
	checkDescription(&chk, "description", c.Description)
	checkOwners(&chk, "owners", c.Owners)
	checkLabels(&chk, "labels", c.Labels)
	chk.Require(c.TimeoutSeconds >= 1 && c.TimeoutSeconds <= int(MaxCaseTimeout.Seconds()), "timeout_seconds",
		"must be between 1 and %d", int(MaxCaseTimeout.Seconds()))
	chk.Require(c.Retries >= 0 && c.Retries <= MaxCaseRetries, "retries", "must be between 0 and %d", MaxCaseRetries)
	chk.Require(c.Kind == KindHTTP, "kind", "must be http")
	if c.Kind == KindHTTP {
		if c.HTTP == nil {
			chk.Addf("http", "is required for a case of kind http")
		} else {
			chk.Join("http", c.HTTP.Validate())
		}
	}
	c.checkVariables(&chk)
	return chk.Err()
}

func (c *Case) checkVariables(chk *Check) {
	chk.Require(len(c.Variables) <= MaxCaseVariables, "variables", "must not have more than %d entries", MaxCaseVariables)
	seen := map[string]bool{}
	for i, v := range c.Variables {
		at := fmt.Sprintf("variables[%d]", i)
		chk.Require(caseVariableRE.MatchString(v.Name), at+".name",
			"must be upper-case letters, digits and '_', starting with a letter")
		chk.Require(!seen[v.Name], at+".name", "%q is defined twice", v.Name)
		seen[v.Name] = true
		chk.Require(v.Type == VariableEnv || v.Type == VariableOutput || v.Type == VariableSecret || v.Type == "", at+".type",
			"must be env, output or secret")
		chk.Require(len(v.Value) <= MaxVariableValue, at+".value", "must not be longer than %d bytes", MaxVariableValue)
	}
}

// Masked returns a copy whose secret variables and credentials are hidden.
func (c Case) Masked() Case {
	variables := make([]CaseVariable, len(c.Variables))
	for i, v := range c.Variables {
		if v.Type == VariableSecret && v.Value != "" {
			v.Value = Mask
		}
		variables[i] = v
	}
	c.Variables = variables
	if c.HTTP != nil {
		spec := c.HTTP.masked()
		c.HTTP = &spec
	}
	return c
}

// Unmask replaces masked secrets by the values that old has in the same place.
func (c *Case) Unmask(old Case) {
	known := map[string]string{}
	for _, v := range old.Variables {
		if v.Type == VariableSecret {
			known[v.Name] = v.Value
		}
	}
	for i, v := range c.Variables {
		if value, ok := known[v.Name]; ok && v.Type == VariableSecret && v.Value == Mask {
			c.Variables[i].Value = value
		}
	}
	if c.HTTP != nil && old.HTTP != nil {
		c.HTTP.unmask(*old.HTTP)
	}
}
