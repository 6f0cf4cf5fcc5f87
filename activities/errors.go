package activities

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"

	"github.com/bellwether/bellwether/models"
)

// The types of the errors that activities answer with. Workflows and operators see them in the
// engine's history.
const (
	// TypeNotFound says that the row which the activity works on is gone. It is never retried.
	TypeNotFound = "NotFound"
	// TypeStore says that the database could not be read or written. It is retried.
	TypeStore = "StoreUnavailable"
	// TypeSealed says that secrets could not be decrypted. It is retried, because another worker may
	// have the right key, but unlike a database that is away nothing is gained by long patience.
	TypeSealed = "SecretsUnreadable"
	// TypeDeliveryRetry says that a delivery is due again later; the error carries the pause.
	TypeDeliveryRetry = "DeliveryRetry"
	// TypeGivenBack says that the worker gave its work back unfinished, for another one to take.
	TypeGivenBack = "GivenBack"
)

// maxMessage is how many bytes of a message go into a result row or into the engine's history, which
// cuts failures at 4 KiB.
const maxMessage = 1000

// unavailable is the error of a database call that may succeed when it is tried again.
func unavailable(operation string, err error) error {
	kind := TypeStore
	if errors.Is(err, models.ErrSealed) {
		kind = TypeSealed
	}
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%s: %s", operation, shorten(err.Error())), kind,
		temporal.ApplicationErrorOptions{Cause: err})
}

// gone is the error of work on a row that does not exist any more.
func gone(operation string, err error) error {
	return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%s: %s", operation, shorten(err.Error())), TypeNotFound,
		temporal.ApplicationErrorOptions{NonRetryable: true, Cause: err})
}

// later is the error of a delivery that is due again after pause. It is benign: waiting is what a
// delivery does for most of its life, and nobody should be alarmed.
func later(reason string, pause time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(shorten(reason), TypeDeliveryRetry, temporal.ApplicationErrorOptions{
		Category: temporal.ApplicationErrorCategoryBenign,
		// The engine takes zero for "as the retry policy says".
		NextRetryDelay: max(pause, time.Millisecond),
	})
}

// givenBack is the error of work that this worker cannot finish and another one should start anew.
func givenBack(reason string) error {
	return temporal.NewApplicationErrorWithOptions(shorten(reason), TypeGivenBack,
		temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
}

// Times of saving what has happened already. Together they stay below the heartbeat timeout of the
// activities that save, because nothing beats while they do.
const (
	persistLimit = 6 * time.Second
	persistPause = 500 * time.Millisecond
)

// persist saves what has happened already and cannot be made undone, such as a request that was
// sent. It outlives the cancellation of ctx and bridges a short outage of the database, so that the
// request is not sent a second time.
func persist(ctx context.Context, save func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), persistLimit)
	defer cancel()
	for {
		err := save(ctx)
		if err == nil || decided(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(persistPause):
		}
	}
}

// decided reports whether err is an answer of the store rather than a fault of it.
func decided(err error) bool {
	for _, answer := range []error{
		models.ErrNotFound, models.ErrDuplicate, models.ErrStale, models.ErrInUse, models.ErrFinished, models.ErrClaimed,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// shorten cuts a message to maxMessage bytes.
func shorten(message string) string { return cut(message, maxMessage) }

// cut shortens text to limit bytes at most, between two characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = "…"
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
