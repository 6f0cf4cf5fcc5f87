package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// counter is a row of the table of the same name.
type counter struct {
	Name  string `gorm:"primaryKey"`
	Value int64
}

// The names of counters.
const (
	counterUser              = "user"
	counterCase              = "case"
	counterSchedulesRevision = "schedules_revision"
)

func counterPipeline(workspace string) string { return "pipeline/" + workspace }

func counterTrigger(workspace string, method models.TriggerMethod) string {
	return fmt.Sprintf("trigger/%s/%s", workspace, method)
}

func counterExecution(pipeline string) string { return "execution/" + pipeline }

// next hands out n numbers that nobody else gets and returns the first. It has a transaction of its
// own, so that a counter's row is never held for longer than that: a caller that fails afterwards
// leaves a gap.
func (s *Store) next(ctx context.Context, name string, n int64) (first int64, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		first, err = advance(tx, name, n)
		return err
	})
	if err != nil {
		return 0, wrap(ctx, err, "count %s", name)
	}
	return first, nil
}

// advance adds n to a counter within a transaction and returns the first of the n numbers.
func advance(tx *gorm.DB, name string, n int64) (int64, error) {
	var c counter
	err := forUpdate(tx).Take(&c, "name = ?", name).Error
	if errors.Is(err, models.ErrNotFound) {
		err = tx.Create(&counter{Name: name, Value: n}).Error
		if errors.Is(err, models.ErrDuplicate) {
			return 0, errRetry
		}
		return 1, err
	}
	if err != nil {
		return 0, err
	}
	err = tx.Model(&counter{}).Where("name = ?", name).UpdateColumn("value", c.Value+n).Error
	return c.Value + 1, err
}
