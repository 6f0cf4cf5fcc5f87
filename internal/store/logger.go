package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowStatement is the time from which a statement is worth a warning.
const slowStatement = time.Second

func (s *Store) gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true,
		NowFunc:                s.now,
		Logger:                 sqlLogger{s.logger},
	}
}

// sqlLogger writes gorm's statements to slog. Values stay out: they may be secrets.
type sqlLogger struct{ log *slog.Logger }

// LogMode is part of gorm's interface; the level is slog's.
func (l sqlLogger) LogMode(logger.LogLevel) logger.Interface { return l }

// Info is part of gorm's interface.
func (l sqlLogger) Info(context.Context, string, ...any) {}

// Warn is part of gorm's interface.
func (l sqlLogger) Warn(context.Context, string, ...any) {}

// Error is part of gorm's interface; errors reach the caller, who logs them once.
func (l sqlLogger) Error(context.Context, string, ...any) {}

// ParamsFilter keeps the values of a statement out of the log.
func (l sqlLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// Trace logs one statement.
func (l sqlLogger) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), err error) {
	took := time.Since(begin)
	level := slog.LevelDebug
	if took >= slowStatement && !errors.Is(err, context.Canceled) {
		level = slog.LevelWarn
	}
	if !l.log.Enabled(ctx, level) {
		return
	}
	sql, rows := statement()
	l.log.LogAttrs(ctx, level, "store: statement",
		slog.String("sql", sql), slog.Int64("rows", rows), slog.Duration("took", took))
}
