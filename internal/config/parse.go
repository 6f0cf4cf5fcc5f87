package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// File is the flag that names the YAML file; the root of a command line embeds it.
type File struct {
	Config string `placeholder:"FILE" env:"BELLWETHER_CONFIG" help:"YAML file with settings. Flags and the environment count for more."`
}

// Source is where settings come from.
type Source struct {
	Args    []string
	Environ []string // NAME=value, as os.Environ returns
}

// Parse reads the command line into cli, a pointer to a struct with kong tags, and fills from the
// environment and the YAML file what it leaves out. Every error is meant for the user.
func Parse(cli any, src Source, options ...kong.Option) (*kong.Context, error) {
	known, err := index()
	if err != nil {
		return nil, err
	}
	env := environment(src.Environ)
	r := &resolver{env: env, settings: known.byFlag}
	options = append(options, kong.Resolvers(r))
	parser, err := kong.New(cli, options...)
	if err != nil {
		return nil, fmt.Errorf("set up the command line: %w", err)
	}
	if err := checkEnv(src.Environ, known.envs); err != nil {
		return nil, err
	}
	if file := fileName(src.Args, env); file != "" {
		if r.file, err = readFile(file, known.paths); err != nil {
			return nil, err
		}
	}
	return parser.Parse(src.Args)
}

// UsageError reports whether err is a mistake on the command line.
func UsageError(err error) bool {
	var parse *kong.ParseError
	return errors.As(err, &parse)
}

// names indexes every setting by each of its names.
type names struct {
	byFlag map[string]Setting
	paths  map[string]bool
	envs   map[string]bool
}

func index() (names, error) {
	groups, err := Groups()
	if err != nil {
		return names{}, err
	}
	n := names{byFlag: map[string]Setting{}, paths: map[string]bool{}, envs: map[string]bool{EnvFile: true}}
	for _, g := range groups {
		for _, s := range g.Settings {
			n.byFlag[s.Flag] = s
			n.paths[s.YAML] = true
			for _, env := range s.Envs {
				n.envs[env] = true
			}
		}
	}
	return n, nil
}

// fileName finds --config before the command line is parsed: its values are needed for parsing.
func fileName(args []string, env map[string]string) string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			return value
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return env[EnvFile]
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			env[name] = value
		}
	}
	return env
}

// resolver gives kong what the command line leaves out: the environment's value, else the file's.
type resolver struct {
	env      map[string]string
	file     map[string]string
	settings map[string]Setting
}

// Validate has nothing to check: the file's keys are checked when it is read.
func (*resolver) Validate(*kong.Application) error { return nil }

// Resolve is asked for each flag that the command line does not set.
func (r *resolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		// An empty variable counts as not set: compose files and CI systems pass those on.
		if value := r.env[name]; value != "" {
			return value, nil
		}
	}
	if value, ok := r.file[r.settings[flag.Name].YAML]; ok {
		return value, nil
	}
	if flag.HasDefault && len(flag.Envs) > 0 {
		return flag.Default, nil
	}
	return nil, nil // that is how kong is told that there is no value
}
