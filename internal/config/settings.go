package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// Group is a part of the tree, as the reference page shows it.
type Group struct {
	Title    string
	Commands string // the subcommands that take it
	Settings []Setting
}

// Setting is one setting under its three names.
type Setting struct {
	Flag    string   // without the dashes
	Envs    []string // the first one set counts
	YAML    string   // path in the file, such as database.dsn
	Type    string
	Default string
	Help    string
	Secret  string // how it is masked; see maskedValue
}

// Groups lists every setting, in the order of the tree.
func Groups() ([]Group, error) {
	var groups []Group
	for field := range reflect.TypeFor[Config]().Fields() {
		group := Group{Title: field.Tag.Get("title"), Commands: field.Tag.Get("commands")}
		model, err := kong.New(reflect.New(field.Type).Interface(), kong.NoDefaultHelp())
		if err != nil {
			return nil, fmt.Errorf("read the settings of %s: %w", field.Name, err)
		}
		for _, flag := range model.Model.Flags {
			group.Settings = append(group.Settings, newSetting(field.Tag.Get("prefix"), flag))
		}
		groups = append(groups, group)
	}
	return groups, nil
}

func newSetting(prefix string, flag *kong.Flag) Setting {
	s := Setting{
		Flag: prefix + flag.Name, Envs: flag.Envs, Default: flag.Default, Help: flag.Help,
		YAML: snake(flag.Name), Type: typeName(flag),
	}
	if section := strings.TrimSuffix(prefix, "-"); section != "" {
		s.YAML = snake(section) + "." + s.YAML
	}
	if flag.Tag.Has("secret") {
		s.Secret = secretKind(flag.Tag)
	}
	return s
}

// secretKind is how the value is masked: "dsn" hides only the password in it.
func secretKind(tag *kong.Tag) string {
	if kind := tag.Get("secret"); kind != "" {
		return kind
	}
	return "value"
}

func typeName(flag *kong.Flag) string {
	if flag.Enum != "" {
		return strings.ReplaceAll(strings.TrimPrefix(flag.Enum, ","), ",", " | ")
	}
	switch target := flag.Target.Type(); {
	case target.String() == "time.Duration":
		return "duration"
	case target.Kind() == reflect.Bool:
		return "true | false"
	case target.Kind() == reflect.Int:
		return "number"
	default:
		return "text"
	}
}

func snake(name string) string { return strings.ReplaceAll(name, "-", "_") }
