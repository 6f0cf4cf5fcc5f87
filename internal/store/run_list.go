package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/bellwether/bellwether/models"
)

// idSkew is by how much the order of ids may differ from the order of creation times, because several
// processes with clocks of their own make them.
const idSkew = time.Hour

const newestFirst = "id DESC"

// Runs lists runs, newest first.
func (s *Store) Runs(ctx context.Context, f models.RunFilter, page models.Page) ([]models.Run, string, error) {
	size := page.Size()
	bounds, err := s.creationBounds(ctx, f)
	if err != nil {
		return nil, "", wrap(ctx, err, "list runs")
	}
	scope := func(db *gorm.DB) *gorm.DB {
		if f.WorkspaceKey != "" {
			db = db.Where("workspace_key = ?", f.WorkspaceKey)
		}
		if f.TriggerKey != "" {
			db = db.Where("trigger_key = ?", f.TriggerKey)
		}
		if f.Source != "" {
			db = db.Where("source = ?", f.Source)
		}
		if page.After != "" {
			db = db.Where("id < ?", page.After)
		}
		return bounds(db)
	}
	var rows []models.Run
	if len(f.Statuses) > 0 {
		rows, err = s.runsByStatus(ctx, f.Statuses, scope, newestFirst, size+1)
	} else {
		err = scope(s.query(ctx)).Order(newestFirst).Limit(size + 1).Find(&rows).Error
	}
	if err != nil {
		return nil, "", wrap(ctx, err, "list runs")
	}
	items, next := cut(rows, size, func(r *models.Run) string { return r.ID })
	return items, next, nil
}

// runsByStatus reads the first runs in an order of ids that have one of the statuses. An index gives
// the runs of one status in that order, but not those of several: so each status has its own ordered
// and bounded part of the statement, and only these parts are merged. One statement sees a run once,
// even while its status changes.
func (s *Store) runsByStatus(ctx context.Context, statuses []models.Status, scope func(*gorm.DB) *gorm.DB, order string, limit int) ([]models.Run, error) {
	parts := make([]string, len(statuses))
	args := make([]any, len(statuses))
	for i, status := range statuses {
		parts[i] = "SELECT id FROM (?) AS part"
		args[i] = scope(s.query(ctx).Model(&models.Run{})).Select("id").
			Where("status = ?", status).Order(order).Limit(limit)
	}
	var runs []models.Run
	// UNION, not UNION ALL: a status may be asked for twice.
	ids := s.query(ctx).Raw(strings.Join(parts, " UNION "), args...)
	err := s.query(ctx).Where("id IN (SELECT id FROM (?) AS matching)", ids).
		Order(order).Limit(limit).Find(&runs).Error
	return runs, err
}

// creationBounds makes the conditions for Since and Until. The list walks along ids, so the times
// also become bounds on ids, wide enough for idSkew: otherwise the walk would go on to the end of the
// table in search of one more run. The times themselves are compared in a way that no index can
// answer, lest the database takes the index on times and sorts all that it finds there.
func (s *Store) creationBounds(ctx context.Context, f models.RunFilter) (func(*gorm.DB) *gorm.DB, error) {
	var oldest, newest string
	var err error
	if !f.Since.IsZero() {
		oldest, err = s.idNear(ctx, "created_at >= ?", f.Since, "created_at, id", -idSkew)
	}
	if err == nil && !f.Until.IsZero() {
		newest, err = s.idNear(ctx, "created_at < ?", f.Until, "created_at DESC, id DESC", idSkew)
	}
	if err != nil {
		return nil, err
	}
	return func(db *gorm.DB) *gorm.DB {
		if !f.Since.IsZero() {
			db = db.Where("COALESCE(created_at, NULL) >= ? AND id >= ?", micro(f.Since), oldest)
		}
		if !f.Until.IsZero() {
			db = db.Where("COALESCE(created_at, NULL) < ? AND id <= ?", micro(f.Until), newest)
		}
		return db
	}, nil
}

// idNear answers the id of the run next to a time, moved by skew. Without such a run the answer is an
// id that no run has on that side: none is to be found there.
func (s *Store) idNear(ctx context.Context, condition string, at time.Time, order string, skew time.Duration) (string, error) {
	var run models.Run
	err := s.query(ctx).Select("id").Where(condition, micro(at)).Order(order).Take(&run).Error
	if errors.Is(err, models.ErrNotFound) {
		if skew < 0 {
			return "~", nil // sorts behind every id
		}
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return shiftID(run.ID, skew), nil
}

// shiftID moves the time within a UUIDv7 and widens its random part. An id that is no UUIDv7 says
// nothing about time, so it becomes the end of the order in the direction of the shift.
func shiftID(id string, by time.Duration) string {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.Version() != 7 {
		if by < 0 {
			return ""
		}
		return "~"
	}
	var ms int64
	for _, b := range parsed[:6] {
		ms = ms<<8 | int64(b)
	}
	ms = max(ms+by.Milliseconds(), 0)
	fill := byte(0x00)
	if by > 0 {
		fill = 0xff
	}
	for i := range parsed {
		if i < 6 {
			parsed[i] = byte(ms >> (8 * (5 - i)))
		} else {
			parsed[i] = fill
		}
	}
	return parsed.String()
}
