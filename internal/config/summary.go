package config

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/bellwether/bellwether/models"
)

// Summary lists the settings of the selected subcommand for the log, with secrets masked. Settings
// that are empty are left out.
func Summary(ctx *kong.Context) ([]slog.Attr, error) {
	known, err := index()
	if err != nil {
		return nil, err
	}
	var attrs []slog.Attr
	for _, flag := range ctx.Flags() {
		s, ok := known.byFlag[flag.Name]
		value := fmt.Sprint(flag.Target.Interface())
		if !ok || value == "" {
			continue
		}
		attrs = append(attrs, slog.String(snake(flag.Name), maskedValue(s.Secret, value)))
	}
	return attrs, nil
}

// maskedValue hides a secret; of a data source name only the password.
func maskedValue(kind, value string) string {
	switch kind {
	case "":
		return value
	case "dsn":
		return maskDSN(value)
	default:
		return models.Mask
	}
}

// maskDSN hides the password in user:password@tcp(host)/database. The password may contain any
// character, so the last '@' before the last '/' ends it.
func maskDSN(dsn string) string {
	end := strings.LastIndexByte(dsn, '/')
	if end < 0 {
		end = len(dsn)
	}
	at := strings.LastIndexByte(dsn[:end], '@')
	if at < 0 {
		return dsn
	}
	colon := strings.IndexByte(dsn[:at], ':')
	if colon < 0 {
		return dsn
	}
	return dsn[:colon+1] + models.Mask + dsn[at:]
}
