// Package telemetry sets up what operators look at: the log and the metrics.
//
// Nothing here is global. A process makes one Logger and one Metrics and hands them on; consumers
// declare the small interfaces that Metrics satisfies.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
)

// The forms of a log.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// NewLogger returns a logger that writes lines of at least the level ("debug", "info", "warn" or
// "error") to w, as text or as JSON. Times are UTC.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is none of debug, info, warn and error", level)
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: utc}
	switch format {
	case FormatText:
		return slog.New(slog.NewTextHandler(w, options)), nil
	case FormatJSON:
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("log format %q is neither text nor json", format)
	}
}

// utc shows the time of a line in UTC, whatever the machine's zone.
func utc(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}
