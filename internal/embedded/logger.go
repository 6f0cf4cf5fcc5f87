package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// logAdapter hands the server's log to slog.
type logAdapter struct {
	logger *slog.Logger
	level  *atomic.Int64 // the least slog.Level that is written; shared with the adapters made by With
}

// silence is above every level.
const silence = slog.Level(math.MaxInt32)

var (
	_ log.Logger     = (*logAdapter)(nil)
	_ log.WithLogger = (*logAdapter)(nil)
)

func newLogAdapter(logger *slog.Logger, level slog.Level) *logAdapter {
	l := &logAdapter{logger: logger.With("component", "temporal-server"), level: &atomic.Int64{}}
	l.setLevel(level)
	return l
}

// setLevel drops everything below level from now on, except what ends the process.
func (l *logAdapter) setLevel(level slog.Level) { l.level.Store(int64(level)) }

// With returns an adapter that adds tags to each line.
func (l *logAdapter) With(tags ...tag.Tag) log.Logger {
	return &logAdapter{logger: l.logger.With(attributes(tags)...), level: l.level}
}

// Debug logs at debug level.
func (l *logAdapter) Debug(msg string, tags ...tag.Tag) { l.write(slog.LevelDebug, msg, tags) }

// Info logs at info level.
func (l *logAdapter) Info(msg string, tags ...tag.Tag) { l.write(slog.LevelInfo, msg, tags) }

// Warn logs at warn level.
func (l *logAdapter) Warn(msg string, tags ...tag.Tag) { l.write(slog.LevelWarn, msg, tags) }

// Error logs at error level.
func (l *logAdapter) Error(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }

// DPanic is for programming errors that the server survives.
func (l *logAdapter) DPanic(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }

// Panic logs and panics, as the server expects.
func (l *logAdapter) Panic(msg string, tags ...tag.Tag) {
	l.write(slog.LevelError, msg, tags)
	panic(fmt.Sprintf("temporal server: %s %v", msg, attributes(tags)))
}

// Fatal logs and exits, as the server expects: it calls Fatal where it cannot go on.
func (l *logAdapter) Fatal(msg string, tags ...tag.Tag) {
	l.logger.Error(msg, attributes(tags)...)
	os.Exit(1)
}

func (l *logAdapter) write(level slog.Level, msg string, tags []tag.Tag) {
	if int64(level) < l.level.Load() || !l.logger.Enabled(context.Background(), level) {
		return
	}
	l.logger.Log(context.Background(), level, msg, attributes(tags)...)
}

func attributes(tags []tag.Tag) []any {
	out := make([]any, 0, len(tags))
	for _, t := range tags {
		out = append(out, slog.Any(t.Key(), t.Value()))
	}
	return out
}
