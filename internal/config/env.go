package config

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
)

const (
	envPrefix = "BELLWETHER_"
	// EnvFile names the YAML file when --config does not.
	EnvFile = "BELLWETHER_CONFIG"
)

// foreignEnv matches variables that begin like ours and are not settings: those of the tests,
// of make and of the compose file, and those that Kubernetes sets for a service named bellwether.
var foreignEnv = regexp.MustCompile(`^BELLWETHER_(TEST_.*|BIN|DB_PASSWORD|(.*_)?SERVICE_(HOST|PORT)(_.*)?|(.*_)?PORT(_\d+_.*)?)$`)

// checkEnv refuses a BELLWETHER_ variable that is no setting, for it is most likely misspelled.
func checkEnv(environ []string, known map[string]bool) error {
	var unknown []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix) && !known[name] && !foreignEnv.MatchString(name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	sort.Strings(unknown)
	return fmt.Errorf("unknown environment variable %s%s", unknown[0], suggest(unknown[0], known))
}
