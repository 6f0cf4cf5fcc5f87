package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bellwether/bellwether/internal/config"
)

// roles is a command line with the groups of a role.
type roles struct {
	config.File
	Log    config.Log `embed:"" prefix:"log-"`
	Worker struct {
		Database  config.Database  `embed:"" prefix:"database-"`
		Keyset    config.Keyset    `embed:""`
		Temporal  config.Temporal  `embed:"" prefix:"temporal-"`
		Worker    config.Worker    `embed:"" prefix:"worker-"`
		Scheduler config.Scheduler `embed:"" prefix:"scheduler-"`
	} `cmd:""`
	Up struct {
		Server config.Server `embed:""`
		Links  config.Links  `embed:""`
		Up     config.Up     `embed:""`
	} `cmd:""`
}

// minimal is what every worker needs.
func minimal(more ...string) []string {
	return append([]string{"BELLWETHER_DATABASE_DSN=bw:pw@tcp(db)/bw", "BELLWETHER_KEYSET=k"}, more...)
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bellwether.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "worker:\n  max_activities: 3\n  stop_timeout: 3s\nlog:\n  level: warn\ndatabase:\n  max_open_conns: 3\n")
	var cli roles
	_, err := config.Parse(&cli, config.Source{
		Args:    []string{"worker", "--config", file, "--worker-max-activities=1"},
		Environ: minimal("BELLWETHER_WORKER_MAX_ACTIVITIES=2", "BELLWETHER_WORKER_STOP_TIMEOUT=2s", "BELLWETHER_LOG_FORMAT="),
	})
	require.NoError(t, err)
	require.Equal(t, 1, cli.Worker.Worker.MaxActivities, "flag")
	require.Equal(t, 2*time.Second, cli.Worker.Worker.StopTimeout, "environment")
	require.Equal(t, 3, cli.Worker.Database.MaxOpenConns, "file")
	require.Equal(t, "warn", cli.Log.Level, "file, above the subcommand")
	require.Equal(t, "text", cli.Log.Format, "default: an empty variable counts as not set")
	require.Equal(t, "default", cli.Worker.Temporal.Namespace, "default")
}

func TestFileIsNamedByTheEnvironmentToo(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "data: /srv/bw\nadmin_token: 'twenty-four-characters-or-more'\nlisten:\ndatabase:\n")
	var cli roles
	_, err := config.Parse(&cli, config.Source{Args: []string{"up"}, Environ: []string{"BELLWETHER_CONFIG=" + file}})
	require.NoError(t, err)
	require.Equal(t, "/srv/bw", cli.Up.Up.Data)
	require.Equal(t, "127.0.0.1:8080", cli.Up.Server.Listen, "a key without a value counts as not set")
	require.Equal(t, file, cli.Config)
}

func TestTemporalSettingsHaveTheUsualNames(t *testing.T) {
	t.Parallel()
	var cli roles
	_, err := config.Parse(&cli, config.Source{Args: []string{"worker"}, Environ: minimal(
		"TEMPORAL_ADDRESS=t:1", "TEMPORAL_NAMESPACE=n", "TEMPORAL_TLS=true", "TEMPORAL_TLS_CERT=c", "TEMPORAL_TLS_KEY=k",
		"TEMPORAL_TLS_CA=a", "TEMPORAL_TLS_SERVER_NAME=s", "TEMPORAL_API_KEY=x", "TEMPORAL_OTHER=ignored")})
	require.NoError(t, err)
	require.Equal(t, config.Temporal{
		Address: "t:1", Namespace: "n", TLS: true, TLSCert: "c", TLSKey: "k", TLSCA: "a", TLSServerName: "s", APIKey: "x",
	}, cli.Worker.Temporal)
}

func TestMistakesAreRefusedInPlainWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file, arg string
		env       []string
		want      string
	}{
		"misspelled key":          {file: "database:\n  dns: x\n", want: `line 2: unknown key "database.dns"; did you mean "database.dsn"?`},
		"misspelled section":      {file: "log:\n  level: info\ndatbase:\n  dsn: x\n", want: `line 3: unknown key "datbase"`},
		"nothing like it":         {file: "colour_of_the_moon: 1\n", want: `unknown key "colour_of_the_moon"; see docs/configuration.md`},
		"key twice":               {file: "log:\n  level: info\n  level: warn\n", want: `line 3: key "log.level" is given twice`},
		"list for a value":        {file: "log:\n  level: [info]\n", want: `line 2: "log.level" takes one value`},
		"value for a section":     {file: "log: info\n", want: `line 1: "log" is a section`},
		"not a mapping":           {file: "- a\n", want: "line 1: expected keys"},
		"not YAML":                {file: "a: [\n", want: "yaml: line "},
		"two documents":           {file: "data: a\n---\ndata: b\n", want: "more than one YAML document"},
		"bad number":              {file: "worker:\n  max_activities: many\n", want: `--worker-max-activities`},
		"misspelled variable":     {env: []string{"BELLWETHER_DATABASE_DNS=x"}, want: `unknown environment variable BELLWETHER_DATABASE_DNS; did you mean "BELLWETHER_DATABASE_DSN"?`},
		"bad level":               {env: []string{"BELLWETHER_LOG_LEVEL=loud"}, want: `--log-level must be one of "","debug","info","warn","error" but got "loud"`},
		"unknown flag":            {arg: "--worker-stop-timeou=1s", want: `unknown flag --worker-stop-timeou, did you mean "--worker-stop-timeout"?`},
		"no cases at all":         {arg: "--worker-max-activities=0", want: "--worker-max-activities: 0 is less than 1"},
		"two keysets":             {arg: "--keyset-file=f", want: "both set: keep one"},
		"certificate without key": {arg: "--temporal-tls-cert=f", want: "belong together"},
		"address without port":    {arg: "--temporal-address=temporal", want: `--temporal-address: "temporal" is not HOST:PORT`},
		"spinning sweeper":        {arg: "--scheduler-sweep-interval=1ms", want: "less than 100ms"},
		"file that is missing":    {arg: "--config=/does/not/exist.yaml", want: "read the configuration: open /does/not/exist.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"worker"}
			if test.file != "" {
				args = append(args, "--config="+writeFile(t, test.file))
			}
			if test.arg != "" {
				args = append(args, test.arg)
			}
			var cli roles
			_, err := config.Parse(&cli, config.Source{Args: args, Environ: minimal(test.env...)})
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestWhatIsNeededIsAskedFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args, env []string
		want      string
	}{
		"database":    {args: []string{"worker"}, env: []string{"BELLWETHER_KEYSET=k"}, want: "set --database-dsn (BELLWETHER_DATABASE_DSN)"},
		"keyset":      {args: []string{"worker"}, env: []string{"BELLWETHER_DATABASE_DSN=d"}, want: "bellwether keygen"},
		"short token": {args: []string{"up", "--admin-token=short"}, want: "at least 24 characters"},
		"base URL":    {args: []string{"up", "--base-url=bellwether"}, want: "is not a URL"},
		"port":        {args: []string{"up", "--listen=:99999"}, want: "--listen: \":99999\" has no port between 0 and 65535"},
		"ui port":     {args: []string{"up", "--ui-listen=x"}, want: "--ui-listen: \"x\" is not HOST:PORT"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cli roles
			_, err := config.Parse(&cli, config.Source{Args: test.args, Environ: test.env})
			require.ErrorContains(t, err, test.want)
			require.True(t, config.UsageError(err))
		})
	}
}

func TestVariablesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"BELLWETHER_TEST_MYSQL_DSN", "BELLWETHER_BIN", "BELLWETHER_SERVICE_HOST", "BELLWETHER_API_SERVICE_PORT_HTTP",
		"BELLWETHER_PORT", "BELLWETHER_API_PORT_8080_TCP_ADDR",
	} {
		var cli roles
		_, err := config.Parse(&cli, config.Source{Args: []string{"worker"}, Environ: minimal(name + "=x")})
		require.NoError(t, err, name)
	}
}

func TestSummaryMasksSecrets(t *testing.T) {
	t.Parallel()
	var cli roles
	ctx, err := config.Parse(&cli, config.Source{Args: []string{"worker"}, Environ: []string{
		"BELLWETHER_DATABASE_DSN=bw:p@ss/w:rd@tcp(db:3306)/bellwether", "BELLWETHER_KEYSET=hush-keyset", "TEMPORAL_API_KEY=hush-key",
	}})
	require.NoError(t, err)
	attrs, err := config.Summary(ctx)
	require.NoError(t, err)
	text := fmt.Sprint(attrs)
	require.Contains(t, text, "database_dsn=bw:******@tcp(db:3306)/bellwether")
	require.Contains(t, text, "keyset=******")
	require.Contains(t, text, "temporal_api_key=******")
	require.Contains(t, text, "log_format=text")
	for _, secret := range []string{"hush", "p@ss", "w:rd"} {
		require.NotContains(t, text, secret)
	}
}

func TestReferencePageIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := config.Page()
	require.NoError(t, err)
	have, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(want), have), "run: go run ./internal/config/reference")
	for _, name := range []string{"| `--database-dsn` | `BELLWETHER_DATABASE_DSN` | `database.dsn` | text |", "`TEMPORAL_ADDRESS`", "`ui_listen`"} {
		require.Contains(t, want, name)
	}
}

func FuzzFile(f *testing.F) {
	f.Add("log:\n  level: info\n")
	f.Add("? [a]\n: b\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "f.yaml")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		var cli roles
		_, _ = config.Parse(&cli, config.Source{Args: []string{"worker", "--config=" + name}, Environ: minimal()})
	})
}
