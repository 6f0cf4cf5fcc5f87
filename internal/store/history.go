package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// historyBatch is how many rows of history one transaction deletes, so that none holds its locks for
// long. What hangs on a row goes with it.
const historyBatch = 200

// history are the tables that hold the history of a workspace.
func history() []any { return []any{&models.Run{}, &models.Event{}, &models.Delivery{}} }

// deleteHistory deletes all runs, events and deliveries of a workspace.
func (s *Store) deleteHistory(ctx context.Context, workspace string) error {
	for _, table := range history() {
		for {
			n, err := s.deleteHistoryBatch(ctx, table, workspace)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

func (s *Store) deleteHistoryBatch(ctx context.Context, table any, workspace string) (int, error) {
	var ids []string
	err := s.query(ctx).Model(table).Where("workspace_key = ?", workspace).
		Order("id").Limit(historyBatch).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Where("id IN ?", ids).Delete(table).Error
	})
}
