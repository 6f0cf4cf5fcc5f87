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

// idSkew is by how much the times within the ids of two runs may differ from their creation times:
// several processes with clocks of their own make them. It covers clocks that are 15 minutes off, one
// ahead and one behind.
const idSkew = 30 * time.Minute

const newestFirst = "id DESC"

// Runs lists runs, newest first.
func (s *Store) Runs(ctx context.Context, f models.RunFilter, page models.Page) ([]models.Run, string, error) {
	size := page.Size()
	bounds, some, err := s.creationBounds(ctx, f, page.After)
	if err != nil || !some {
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
		return bounds(s.using(db, "runs", runIndex(f)))
	}
	var rows []models.Run
	if len(f.Statuses) > 0 {
		rows, err = s.runsByStatus(ctx, f.Statuses, scope, newestFirst, size+1)
	} else {
		err = scope(s.query(ctx).Model(&models.Run{})).Order(newestFirst).Limit(size + 1).Find(&rows).Error
	}
	if err != nil {
		return nil, "", wrap(ctx, err, "list runs")
	}
	items, next := cut(rows, size, func(r *models.Run) string { return r.ID })
	return items, next, nil
}

// runIndex is the index that gives the runs of a filter in the order of their ids.
func runIndex(f models.RunFilter) string {
	status := len(f.Statuses) > 0
	switch {
	case f.TriggerKey != "" && status:
		return "runs_trigger_status"
	case f.TriggerKey != "":
		return "runs_trigger"
	case f.WorkspaceKey != "" && status:
		return "runs_workspace_status"
	case f.WorkspaceKey != "":
		return "runs_workspace"
	case status:
		return "runs_status"
	case f.Source != "":
		return "runs_source"
	default:
		return "PRIMARY"
	}
}

// using tells MySQL which index to take. Left alone, it reads hundreds of thousands of rows for pages
// in the middle of a long list now and then: its estimates do not know that a page ends early. SQLite
// goes by its rules and needs no hint.
func (s *Store) using(db *gorm.DB, table, index string) *gorm.DB {
	if s.driver != DriverMySQL {
		return db
	}
	return db.Table(table + " USE INDEX (" + index + ")")
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

// creationBounds makes the conditions for Since, Until and the cursor, or reports that no run meets
// them. The list walks along ids, so the times also become bounds on ids, wide enough for idSkew:
// otherwise the walk would go on to the end of the table in search of one more run. The times
// themselves are compared in a way that no index can answer, lest the database takes the index on
// times and sorts all that it finds there.
func (s *Store) creationBounds(ctx context.Context, f models.RunFilter, after string) (bounds func(*gorm.DB) *gorm.DB, some bool, err error) {
	var oldest, newest string
	if !f.Since.IsZero() {
		oldest, some, err = s.idNear(ctx, "created_at >= ?", f.Since, "created_at, id", -idSkew)
		if err != nil || !some {
			return nil, false, err
		}
	}
	if !f.Until.IsZero() {
		newest, some, err = s.idNear(ctx, "created_at < ?", f.Until, "created_at DESC, id DESC", idSkew)
		if err != nil || !some {
			return nil, false, err
		}
	}
	return func(db *gorm.DB) *gorm.DB {
		if !f.Since.IsZero() {
			db = db.Where("COALESCE(created_at, NULL) >= ? AND id >= ?", micro(f.Since), oldest)
		}
		if !f.Until.IsZero() {
			db = db.Where("COALESCE(created_at, NULL) < ?", micro(f.Until))
		}
		// One upper bound only: SQLite seeks to the first it sees, which may not be the nearer one.
		switch {
		case after != "" && (newest == "" || after <= newest):
			db = db.Where("id < ?", after)
		case newest != "":
			db = db.Where("id <= ?", newest)
		}
		return db
	}, true, nil
}

// idNear answers the id of the run next to a time, moved by skew, or reports that there is no run on
// that side of it. An empty id is no bound.
func (s *Store) idNear(ctx context.Context, condition string, at time.Time, order string, skew time.Duration) (id string, some bool, err error) {
	var run models.Run
	err = s.query(ctx).Select("id").Where(condition, micro(at)).Order(order).Take(&run).Error
	if errors.Is(err, models.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return shiftID(run.ID, skew), true, nil
}

// shiftID moves the time within a UUIDv7 and takes the end of its random part in the same direction.
// An id that is no UUIDv7 says nothing about time; the answer is empty then.
func shiftID(id string, by time.Duration) string {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.Version() != 7 {
		return ""
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
