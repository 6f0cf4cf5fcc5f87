package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// RunDefinition answers everything that a run needs to know of its definitions as they are now,
// without secrets.
func (s *Store) RunDefinition(ctx context.Context, runID string) (models.RunDefinition, error) {
	d, err := s.runDefinition(s.query(ctx), runID)
	return d, wrap(ctx, err, "load the definition of run %s", runID)
}

func (s *Store) runDefinition(db *gorm.DB, runID string) (models.RunDefinition, error) {
	d := models.RunDefinition{
		Pipelines: map[string]models.Pipeline{}, Cases: map[string]models.Case{},
		Environments: map[string]string{}, Runtimes: map[string]string{},
	}
	var err error
	if d.Run, err = takeRow[models.Run](db, "id", runID); err != nil {
		return d, err
	}
	if d.Trigger, err = optional(takeRow[models.Trigger](db, "key", d.Run.TriggerKey)); err != nil {
		return d, err
	}
	if d.Trigger != nil {
		if err = loadBound(db, &d); err != nil {
			return d, err
		}
	}
	if err = loadEnvironmentNames(db, &d); err != nil {
		return d, err
	}
	var runtimes []models.Runtime
	if err = db.Find(&runtimes).Error; err != nil {
		return d, err
	}
	for _, r := range runtimes {
		d.Runtimes[r.Name] = r.UUID
	}
	return d, nil
}

// loadBound loads the pipelines that the trigger binds and the cases that these name.
func loadBound(db *gorm.DB, d *models.RunDefinition) error {
	var caseKeys []string
	for keys := range chunks(d.Trigger.PipelineKeys, keysPerQuery) {
		var pipelines []models.Pipeline
		if err := db.Where(where("key", keys)).Find(&pipelines).Error; err != nil {
			return err
		}
		for _, p := range pipelines {
			d.Pipelines[p.Key] = p
			caseKeys = append(caseKeys, p.CaseKeys...)
		}
	}
	for keys := range chunks(caseKeys, keysPerQuery) {
		var cases []models.Case
		if err := db.Omit("sealed").Where(where("key", keys)).Find(&cases).Error; err != nil {
			return err
		}
		for _, c := range cases {
			d.Cases[c.Key] = c
		}
	}
	return nil
}

func loadEnvironmentNames(db *gorm.DB, d *models.RunDefinition) error {
	uids := []string{d.Run.EnvironmentUID}
	if d.Trigger != nil {
		uids = append(uids, d.Trigger.EnvironmentUID)
	}
	for _, c := range d.Cases {
		uids = append(uids, c.EnvironmentUID)
	}
	for part := range chunks(uids, keysPerQuery) {
		var environments []models.Environment
		if err := db.Select("uid", "name").Where("uid IN ?", part).Find(&environments).Error; err != nil {
			return err
		}
		for _, e := range environments {
			d.Environments[e.UID] = e.Name
		}
	}
	return nil
}

// optional turns "no such row" into a nil pointer.
func optional[T any](row T, err error) (*T, error) {
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &row, nil
}
