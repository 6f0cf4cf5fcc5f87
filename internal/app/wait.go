package app

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"
)

// The pauses between two tries to reach something that is not there yet.
const (
	firstPause = 250 * time.Millisecond
	longPause  = 5 * time.Second
)

// await tries until it works, ctx ends, or the error is one that waiting does not mend. Each failure
// is logged, so that whoever starts things in the wrong order sees what is missing.
func await(ctx context.Context, logger *slog.Logger, what string, try func(context.Context) error) error {
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := try(ctx)
		if err == nil || !transient(err) {
			return err
		}
		logger.WarnContext(ctx, what+" is not ready; trying again", "retry_in", pause.String(), "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, errors.Join(ctx.Err(), err))
		case <-time.After(pause):
		}
	}
}

// transient reports whether err may go away by itself: nothing listens yet, the connection broke, the
// name does not resolve yet.
func transient(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
