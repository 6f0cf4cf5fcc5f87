package models

import (
	"fmt"
	"time"
)

// Mask stands for a secret value wherever one would be shown. Sent back in an update, it means
// "unchanged".
const Mask = "******"

// Limits on variables.
const (
	MaxEnvironmentValues = 1000
	MaxVariableValue     = 64 << 10
)

// The types of an environment's value, named as in Postman's export format.
const (
	ValueDefault = "default"
	ValueSecret  = "secret"
)

// Environment is a named set of variables, shaped like a Postman environment.
type Environment struct {
	UID          string     `json:"uid" gorm:"primaryKey" doc:"<owner id>-<uuid>"`
	WorkspaceKey string     `json:"workspace_key"`
	Name         string     `json:"name"`
	Values       []EnvValue `json:"values" gorm:"-"`
	Sealed       []byte     `json:"-"` // Values as the store keeps them: encrypted
	Version      int64      `json:"version" doc:"Grows with each change; the ETag of the resource"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
}

// EnvValue is one variable of an environment.
type EnvValue struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty" doc:"A secret's value is answered as ******"`
	Type    string `json:"type,omitempty" enum:"default,secret" default:"default"`
	Enabled *bool  `json:"enabled,omitempty" doc:"Default true"`
}

// On reports whether the value takes part in variable resolution.
func (v EnvValue) On() bool { return v.Enabled == nil || *v.Enabled }

// Validate checks all fields that a user sets.
func (e *Environment) Validate() error {
	var c Check
	checkName(&c, "name", e.Name)
	c.Require(len(e.Values) <= MaxEnvironmentValues, "values", "must not have more than %d entries", MaxEnvironmentValues)
	seen := map[string]bool{}
	for i, v := range e.Values {
		at := fmt.Sprintf("values[%d]", i)
		c.Require(variableNameRE.MatchString(v.Key), at+".key",
			"is not a variable name: use letters, digits, '_', '.' and '-', starting with a letter or '_'")
		c.Require(len(v.Value) <= MaxVariableValue, at+".value", "must not be longer than %d bytes", MaxVariableValue)
		c.Require(v.Type == "" || v.Type == ValueDefault || v.Type == ValueSecret, at+".type", "must be default or secret")
		c.Require(!v.On() || !seen[v.Key], at+".key", "%q is defined twice; remove or disable one", v.Key)
		if v.On() {
			seen[v.Key] = true
		}
	}
	return c.Err()
}

// Masked returns a copy whose secret values are hidden.
func (e Environment) Masked() Environment {
	values := make([]EnvValue, len(e.Values))
	for i, v := range e.Values {
		if v.Type == ValueSecret && v.Value != "" {
			v.Value = Mask
		}
		values[i] = v
	}
	e.Values = values
	return e
}

// Unmask replaces each masked secret by the value that old has under the same key, so that a client
// may send back what it was given.
func (e *Environment) Unmask(old []EnvValue) {
	known := map[string]string{}
	for _, v := range old {
		if v.Type == ValueSecret {
			known[v.Key] = v.Value
		}
	}
	for i, v := range e.Values {
		if value, ok := known[v.Key]; ok && v.Type == ValueSecret && v.Value == Mask {
			e.Values[i].Value = value
		}
	}
}
