// Package config holds every setting of Bellwether: what it is called on the command line, in the
// environment and in the YAML file, what it means and what it is when nobody sets it.
//
// A flag beats the environment, the environment beats the file. Misspelled keys and variables are
// refused, with a suggestion. The reference page docs/configuration.md is made from the structs here.
package config

import "time"

// Config is the whole tree. Subcommands embed the groups that they need, under the same prefix.
type Config struct {
	Log       Log       `embed:"" prefix:"log-" title:"Logging" commands:"all"`
	Server    Server    `embed:"" title:"HTTP server" commands:"up, api"`
	Links     Links     `embed:"" title:"Links" commands:"up, worker"`
	Up        Up        `embed:"" title:"One process" commands:"up, temporal"`
	Database  Database  `embed:"" prefix:"database-" title:"Database" commands:"api, worker, scheduler, migrate"`
	Keyset    Keyset    `embed:"" title:"Secrets at rest" commands:"api, worker, scheduler"`
	Temporal  Temporal  `embed:"" prefix:"temporal-" title:"Temporal" commands:"api, worker, scheduler"`
	Worker    Worker    `embed:"" prefix:"worker-" title:"Worker" commands:"up, worker"`
	Webhook   Webhook   `embed:"" prefix:"webhook-" title:"Webhook deliveries" commands:"up, worker"`
	Metrics   Metrics   `embed:"" prefix:"metrics-" title:"Metrics" commands:"worker, scheduler"`
	Scheduler Scheduler `embed:"" prefix:"scheduler-" title:"Scheduler" commands:"up, scheduler"`
}

// Log says what is logged to standard error, and how.
type Log struct {
	Level  string `default:"" enum:",debug,info,warn,error" placeholder:"LEVEL" env:"BELLWETHER_LOG_LEVEL" help:"Least level that is logged: debug, info, warn or error. Default: info, but warn for up, which talks to people."`
	Format string `default:"text" enum:"text,json" env:"BELLWETHER_LOG_FORMAT" help:"Form of the log: text or json."`
}

// Server is the REST API's side of things.
type Server struct {
	Listen     string `default:"127.0.0.1:8080" env:"BELLWETHER_LISTEN" help:"Address of the REST API."`
	AdminToken string `placeholder:"TOKEN" env:"BELLWETHER_ADMIN_TOKEN" secret:"" help:"Token of the administrator, at least 24 characters. Without it the first start makes one and prints it once."`
}

// Links is how notifications point back at what they tell of.
type Links struct {
	BaseURL       string `name:"base-url" placeholder:"URL" env:"BELLWETHER_BASE_URL" help:"Where users reach the API. Empty: links have no host; up takes the address that it listens on."`
	TemporalUIURL string `name:"temporal-ui-url" placeholder:"URL" env:"BELLWETHER_TEMPORAL_UI_URL" help:"Where users reach the Temporal Web UI. Empty: no links to it; up takes the address that it listens on."`
}

// Up is what only the single process has.
type Up struct {
	Data           string `default:"./data" env:"BELLWETHER_DATA" help:"Folder of both databases and the keyset; made when it does not exist."`
	TemporalListen string `default:"127.0.0.1:7233" env:"BELLWETHER_TEMPORAL_LISTEN" help:"Address of the embedded Temporal server."`
	UIListen       string `name:"ui-listen" default:"127.0.0.1:8233" env:"BELLWETHER_UI_LISTEN" help:"Address of the Temporal Web UI."`
}

// Database is where the roles apart keep everything.
type Database struct {
	Driver       string `default:"mysql" enum:"mysql,sqlite" env:"BELLWETHER_DATABASE_DRIVER" help:"Kind of the database: mysql, or sqlite on one machine."`
	DSN          string `name:"dsn" placeholder:"DSN" env:"BELLWETHER_DATABASE_DSN" secret:"dsn" help:"MySQL: user:password@tcp(host:3306)/database. SQLite: path of the file."`
	MaxOpenConns int    `default:"0" env:"BELLWETHER_DATABASE_MAX_OPEN_CONNS" help:"Limit on open connections of this process; 0: the driver's usual number."`
}

// Keyset is the key that secrets are encrypted with.
type Keyset struct {
	Keyset string `placeholder:"TEXT" env:"BELLWETHER_KEYSET" secret:"" help:"The keyset itself: the line that bellwether keygen prints."`
	File   string `name:"keyset-file" placeholder:"FILE" env:"BELLWETHER_KEYSET_FILE" help:"File with the keyset, instead."`
}

// Temporal is how to reach a Temporal cluster.
type Temporal struct {
	Address       string `default:"127.0.0.1:7233" env:"TEMPORAL_ADDRESS" help:"Frontend of the Temporal server."`
	Namespace     string `default:"default" env:"TEMPORAL_NAMESPACE" help:"Namespace; it must exist."`
	TLS           bool   `name:"tls" env:"TEMPORAL_TLS" help:"Connect with TLS. Implied by the settings below."`
	TLSCert       string `name:"tls-cert" placeholder:"FILE" env:"TEMPORAL_TLS_CERT" help:"Client certificate, PEM."`
	TLSKey        string `name:"tls-key" placeholder:"FILE" env:"TEMPORAL_TLS_KEY" help:"Key of the client certificate, PEM."`
	TLSCA         string `name:"tls-ca" placeholder:"FILE" env:"TEMPORAL_TLS_CA" help:"Certificates of the authorities to trust, PEM. Default: the system's."`
	TLSServerName string `name:"tls-server-name" placeholder:"NAME" env:"TEMPORAL_TLS_SERVER_NAME" help:"Name that the server's certificate must carry. Default: the host of the address."`
	APIKey        string `name:"api-key" placeholder:"KEY" env:"TEMPORAL_API_KEY" secret:"" help:"API key, as Temporal Cloud hands them out."`
}

// Worker bounds what one worker does at a time.
type Worker struct {
	MaxActivities int           `default:"200" env:"BELLWETHER_WORKER_MAX_ACTIVITIES" help:"Cases and deliveries that this process works on at a time."`
	StopTimeout   time.Duration `default:"30s" env:"BELLWETHER_WORKER_STOP_TIMEOUT" help:"How long running cases may take to end when the process is stopped; what takes longer is run anew by another worker. In one process (up) at most 4s."`
}

// Webhook is how deliveries are sent.
type Webhook struct {
	CAFile string `name:"ca-file" placeholder:"FILE" env:"BELLWETHER_WEBHOOK_CA_FILE" help:"Certificates of authorities to trust besides the system's, PEM."`
}

// Metrics is a second HTTP address for the roles without an API.
type Metrics struct {
	Listen string `placeholder:"HOST:PORT" env:"BELLWETHER_METRICS_LISTEN" help:"Address that serves /metrics and /healthz without a token. Empty: none."`
}

// Scheduler is how often the clock and the sweeper look.
type Scheduler struct {
	SweepInterval time.Duration `default:"1s" env:"BELLWETHER_SCHEDULER_SWEEP_INTERVAL" help:"How often runs and deliveries are looked for that nobody works on."`
}
