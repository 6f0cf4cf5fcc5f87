package models

// Limits on one page of a list.
const (
	DefaultPageSize = 50
	MaxPageSize     = 500
)

// Page asks for the part of a list after a cursor.
type Page struct {
	Limit int    // 0: DefaultPageSize
	After string // the last key of the page before; empty: from the beginning
}

// Size is the page's limit within its bounds.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return DefaultPageSize
	case p.Limit > MaxPageSize:
		return MaxPageSize
	default:
		return p.Limit
	}
}
