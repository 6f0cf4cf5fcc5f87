package config

import (
	"fmt"
	"strings"
)

const pageHead = "<!-- Made by `go run ./internal/config/reference` from internal/config. Do not edit. -->\n" + `
# Configuration

Each setting has three names: a flag, an environment variable and a key in the YAML file that ` + "`--config FILE`" + `
(` + "`BELLWETHER_CONFIG`" + `) names. A flag beats the environment, the environment beats the file, the file beats the default.
An environment variable that is empty counts as not set. Unknown keys and unknown ` + "`BELLWETHER_…`" + ` variables are refused.
The settings in force are logged at the start, with secrets masked.

` + "```yaml" + `
log:
  level: debug
database:
  dsn: bellwether:password@tcp(db:3306)/bellwether
keyset_file: /etc/bellwether/keyset
` + "```" + `

Durations are written like ` + "`500ms`, `30s`, `10m`" + `. ` + "`bellwether COMMAND --help`" + ` shows the settings of one command, with a few
flags that only make sense on the command line.
`

// Page renders docs/configuration.md.
func Page() (string, error) {
	groups, err := Groups()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(pageHead)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\nUsed by: %s.\n\n", g.Title, commandList(g.Commands))
		b.WriteString("| flag | environment | YAML | type | default | meaning |\n| --- | --- | --- | --- | --- | --- |\n")
		for _, s := range g.Settings {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", code("--"+s.Flag), code(strings.Join(s.Envs, "`, `")),
				code(s.YAML), cell(s.Type), code(s.Default), cell(s.Help+secretNote(s.Secret)))
		}
	}
	return b.String(), nil
}

func commandList(commands string) string {
	if commands == "all" {
		return "every command"
	}
	return code(strings.ReplaceAll(commands, ", ", "`, `"))
}

func secretNote(kind string) string {
	switch kind {
	case "":
		return ""
	case "dsn":
		return " The password in it is secret."
	default:
		return " Secret."
	}
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + cell(text) + "`"
}

// cell keeps a text from ending its table cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
