package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// triggerPipeline says that a trigger binds a pipeline.
type triggerPipeline struct {
	TriggerKey  string `gorm:"primaryKey"`
	PipelineKey string `gorm:"primaryKey"`
}

// CreateTrigger inserts a trigger and gives it a key. Its schedule starts now.
func (s *Store) CreateTrigger(ctx context.Context, t *models.Trigger) error {
	n, err := s.next(ctx, counterTrigger(t.WorkspaceKey, t.Method), 1)
	if err != nil {
		return wrap(ctx, err, "create trigger %q", t.Name)
	}
	t.Key = models.TriggerKey(t.Method, t.WorkspaceKey, n)
	s.born(&t.Version, &t.CreatedAt, &t.UpdatedAt)
	fillTrigger(t)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := insertInWorkspace(tx, t, t.WorkspaceKey); err != nil {
			return err
		}
		if err := linkPipelines(tx, t); err != nil {
			return err
		}
		return s.resetCursor(tx, t)
	})
	return wrap(ctx, err, "create trigger %s", t.Key)
}

// linkPipelines replaces what is known of the trigger's pipelines.
func linkPipelines(tx *gorm.DB, t *models.Trigger) error {
	if err := tx.Where("trigger_key = ?", t.Key).Delete(&triggerPipeline{}).Error; err != nil {
		return err
	}
	links := make([]triggerPipeline, 0, len(t.PipelineKeys))
	for _, key := range distinct(t.PipelineKeys) {
		links = append(links, triggerPipeline{TriggerKey: t.Key, PipelineKey: key})
	}
	if len(links) == 0 {
		return nil
	}
	return tx.CreateInBatches(links, rowsPerInsert).Error
}

// Trigger reads a trigger.
func (s *Store) Trigger(ctx context.Context, key string) (models.Trigger, error) {
	t, err := takeRow[models.Trigger](s.query(ctx), "key", key)
	return t, wrap(ctx, err, "load trigger %s", key)
}

// Triggers lists triggers.
func (s *Store) Triggers(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.Trigger, string, error) {
	items, next, err := pageOf(s.narrow(s.query(ctx), f), page, "key", func(t *models.Trigger) string { return t.Key })
	return items, next, wrap(ctx, err, "list triggers")
}

// UpdateTrigger replaces a trigger. If its cron expression, its time zone or its being enabled
// changes, its schedule starts anew from now: ticks of the past are not caught up.
func (s *Store) UpdateTrigger(ctx context.Context, t *models.Trigger) error {
	fillTrigger(t)
	err := s.change(ctx, &t.Version, &t.UpdatedAt, func(tx *gorm.DB, read int64) error {
		old, err := takeRow[models.Trigger](forUpdate(tx), "key", t.Key)
		if err != nil {
			return err
		}
		if err = replaceRow(tx, t, "key", t.Key, read, "workspace_key", "method"); err != nil {
			return err
		}
		if err = linkPipelines(tx, t); err != nil {
			return err
		}
		if old.Cron != t.Cron || old.Timezone != t.Timezone || old.Enabled != t.Enabled {
			return s.resetCursor(tx, t)
		}
		return bumpSchedules(tx)
	})
	return wrap(ctx, err, "update trigger %s", t.Key)
}

// DeleteTrigger deletes a trigger. Its runs stay, also those still going on.
func (s *Store) DeleteTrigger(ctx context.Context, key string) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := deleteRow[models.Trigger](tx, "key", key); err != nil {
			return err
		}
		return bumpSchedules(tx)
	})
	return wrap(ctx, err, "delete trigger %s", key)
}

func fillTrigger(t *models.Trigger) {
	t.PipelineKeys, t.Owners, t.Labels = list(t.PipelineKeys), list(t.Owners), list(t.Labels)
	t.Parameters = mapOf(t.Parameters)
}
