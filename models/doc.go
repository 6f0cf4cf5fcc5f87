// Package models holds the domain types of Bellwether: their keys, statuses, limits and validation.
//
// The types carry gorm and JSON tags but know neither a database nor HTTP. Everything else imports
// this package; it imports nothing of Bellwether.
package models
