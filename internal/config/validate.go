package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"
)

// minAdminToken keeps guessable tokens out.
const minAdminToken = 24

// Validate checks the addresses and the token.
func (s Server) Validate() error {
	if s.AdminToken != "" && len(s.AdminToken) < minAdminToken {
		return fmt.Errorf("--admin-token (BELLWETHER_ADMIN_TOKEN) must have at least %d characters; take for example the output of openssl rand -hex 24", minAdminToken)
	}
	return checkAddress("--listen", s.Listen)
}

// Validate checks the URLs.
func (l Links) Validate() error {
	return errors.Join(checkURL("--base-url", l.BaseURL), checkURL("--temporal-ui-url", l.TemporalUIURL))
}

func checkURL(flag, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%s: %q is not a URL such as https://bellwether.example.com", flag, text)
	}
	return nil
}

// Validate checks the addresses.
func (u Up) Validate() error {
	if u.Data == "" {
		return errors.New("--data must name a folder")
	}
	return errors.Join(checkAddress("--temporal-listen", u.TemporalListen), checkAddress("--ui-listen", u.UIListen))
}

// Validate checks that a database is named.
func (d Database) Validate() error {
	if d.DSN == "" {
		return errors.New("no database is named: set --database-dsn (BELLWETHER_DATABASE_DSN), for example bellwether:password@tcp(db:3306)/bellwether")
	}
	if d.MaxOpenConns < 0 {
		return fmt.Errorf("--database-max-open-conns: %d is less than 0", d.MaxOpenConns)
	}
	return nil
}

// Validate checks that there is one keyset.
func (k Keyset) Validate() error {
	switch {
	case k.Keyset != "" && k.File != "":
		return errors.New("--keyset (BELLWETHER_KEYSET) and --keyset-file (BELLWETHER_KEYSET_FILE) are both set: keep one")
	case k.Keyset == "" && k.File == "":
		return errors.New("no keyset to encrypt secrets with: make one with `bellwether keygen` and set it as --keyset (BELLWETHER_KEYSET) or --keyset-file (BELLWETHER_KEYSET_FILE), the same for all roles")
	}
	return nil
}

// Validate checks the address and the pair of certificate and key.
func (t Temporal) Validate() error {
	if (t.TLSCert == "") != (t.TLSKey == "") {
		return errors.New("--temporal-tls-cert (TEMPORAL_TLS_CERT) and --temporal-tls-key (TEMPORAL_TLS_KEY) belong together: set both or none")
	}
	if t.Namespace == "" {
		return errors.New("--temporal-namespace (TEMPORAL_NAMESPACE) must not be empty")
	}
	return checkAddress("--temporal-address", t.Address)
}

// Validate checks the bounds.
func (w Worker) Validate() error {
	if w.MaxActivities < 1 {
		return fmt.Errorf("--worker-max-activities: %d is less than 1", w.MaxActivities)
	}
	if w.StopTimeout < time.Second {
		return fmt.Errorf("--worker-stop-timeout: %s is less than 1s", w.StopTimeout)
	}
	return nil
}

// Validate checks the address.
func (m Metrics) Validate() error {
	if m.Listen == "" {
		return nil
	}
	return checkAddress("--metrics-listen", m.Listen)
}

// Validate checks that the sweeper does not spin.
func (s Scheduler) Validate() error {
	if s.SweepInterval < 100*time.Millisecond {
		return fmt.Errorf("--scheduler-sweep-interval: %s is less than 100ms", s.SweepInterval)
	}
	return nil
}

// checkAddress accepts HOST:PORT; the host may be empty for all interfaces.
func checkAddress(flag, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%s: %q is not HOST:PORT, such as 127.0.0.1:8080", flag, addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%s: %q has no port between 0 and 65535", flag, addr)
	}
	return nil
}
