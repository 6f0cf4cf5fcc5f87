package store

import (
	"context"
	"iter"
	"slices"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// pipelineCase says that a pipeline names a case.
type pipelineCase struct {
	PipelineKey string `gorm:"primaryKey"`
	CaseKey     string `gorm:"primaryKey"`
}

// CreatePipeline inserts a pipeline and gives it a key.
func (s *Store) CreatePipeline(ctx context.Context, p *models.Pipeline) error {
	n, err := s.next(ctx, counterPipeline(p.WorkspaceKey), 1)
	if err != nil {
		return wrap(ctx, err, "create pipeline %q", p.Name)
	}
	p.Key = models.PipelineKey(p.WorkspaceKey, n)
	s.born(&p.Version, &p.CreatedAt, &p.UpdatedAt)
	fillPipeline(p)
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := insertInWorkspace(tx, p, p.WorkspaceKey); err != nil {
			return err
		}
		return linkCases(tx, p)
	})
	return wrap(ctx, err, "create pipeline %s", p.Key)
}

// linkCases replaces what is known of the pipeline's cases.
func linkCases(tx *gorm.DB, p *models.Pipeline) error {
	if err := tx.Where("pipeline_key = ?", p.Key).Delete(&pipelineCase{}).Error; err != nil {
		return err
	}
	links := make([]pipelineCase, 0, len(p.CaseKeys))
	for _, key := range distinct(p.CaseKeys) {
		links = append(links, pipelineCase{PipelineKey: p.Key, CaseKey: key})
	}
	if len(links) == 0 {
		return nil
	}
	return tx.CreateInBatches(links, rowsPerInsert).Error
}

// Pipeline reads a pipeline with its definition.
func (s *Store) Pipeline(ctx context.Context, key string) (models.Pipeline, error) {
	p, err := takeRow[models.Pipeline](s.query(ctx), "key", key)
	return p, wrap(ctx, err, "load pipeline %s", key)
}

// Pipelines lists pipelines without their definitions.
func (s *Store) Pipelines(ctx context.Context, f models.DefinitionFilter, page models.Page) ([]models.Pipeline, string, error) {
	f.Method = ""
	db := s.narrow(s.query(ctx), f).Omit("definition")
	items, next, err := pageOf(db, page, "key", func(p *models.Pipeline) string { return p.Key })
	return items, next, wrap(ctx, err, "list pipelines")
}

// UpdatePipeline replaces a pipeline, definition included.
func (s *Store) UpdatePipeline(ctx context.Context, p *models.Pipeline) error {
	fillPipeline(p)
	err := s.change(ctx, &p.Version, &p.UpdatedAt, func(tx *gorm.DB, read int64) error {
		if err := replaceRow(tx, p, "key", p.Key, read, "workspace_key"); err != nil {
			return err
		}
		return linkCases(tx, p)
	})
	return wrap(ctx, err, "update pipeline %s", p.Key)
}

// DeletePipeline deletes a pipeline. ErrInUse: a trigger binds it, unless force; the next run of that
// trigger is an error then.
func (s *Store) DeletePipeline(ctx context.Context, key string, force bool) error {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		users, err := triggersUsing(tx, key)
		if err != nil {
			return err
		}
		if len(users) > 0 && !force {
			return usedBy(users)
		}
		return deleteRow[models.Pipeline](tx, "key", key)
	})
	return wrap(ctx, err, "delete pipeline %s", key)
}

// TriggersUsing answers the keys of the triggers that bind a pipeline.
func (s *Store) TriggersUsing(ctx context.Context, pipelineKey string) ([]string, error) {
	keys, err := triggersUsing(s.query(ctx), pipelineKey)
	return keys, wrap(ctx, err, "find the triggers of pipeline %s", pipelineKey)
}

// MissingPipelines answers which of the keys are no pipelines of a workspace, in the order given.
func (s *Store) MissingPipelines(ctx context.Context, workspace string, keys []string) ([]string, error) {
	missing, err := missingKeys[models.Pipeline](s.query(ctx), workspace, keys)
	return missing, wrap(ctx, err, "look for pipelines in workspace %s", workspace)
}

func pipelinesUsing(db *gorm.DB, caseKey string) ([]string, error) {
	var keys []string
	err := db.Model(&pipelineCase{}).Where("case_key = ?", caseKey).
		Order("pipeline_key").Pluck("pipeline_key", &keys).Error
	return keys, err
}

func triggersUsing(db *gorm.DB, pipelineKey string) ([]string, error) {
	var keys []string
	err := db.Model(&triggerPipeline{}).Where("pipeline_key = ?", pipelineKey).
		Order("trigger_key").Pluck("trigger_key", &keys).Error
	return keys, err
}

func fillPipeline(p *models.Pipeline) {
	p.CaseKeys, p.Owners, p.Labels = list(p.CaseKeys), list(p.Owners), list(p.Labels)
}

// distinct answers the sorted different strings of a list.
func distinct(items []string) []string {
	sorted := slices.Clone(items)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// chunks cuts a list into parts of at most size different strings.
func chunks(items []string, size int) iter.Seq[[]string] {
	return slices.Chunk(distinct(items), size)
}
