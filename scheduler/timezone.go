package scheduler

import (
	"strings"
	"time"
	_ "time/tzdata" // the zones, for containers that bring none

	"github.com/bellwether/bellwether/models"
)

// parseTimezone loads an IANA time zone; empty is UTC. It refuses names that would mean something
// else on another machine.
func parseTimezone(c *models.Check, name string) *time.Location {
	const mend = "use a name such as Europe/Berlin or UTC"
	if name == "" {
		return time.UTC
	}
	if machineZone(name) {
		c.Addf("timezone", "%q depends on the machine; %s", name, mend)
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		if len(name) > 64 {
			name = name[:64] + "…"
		}
		c.Addf("timezone", "%q is not an IANA time zone; %s", name, mend)
		return time.UTC
	}
	return loc
}

// machineZone reports whether the name means the machine's own zone, or a file of its zone folder
// that not every machine has.
func machineZone(name string) bool {
	switch strings.ToLower(name) {
	case "local", "localtime", "posixrules", "factory":
		return true
	}
	return strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/")
}
