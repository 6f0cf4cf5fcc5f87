package models

import "time"

// DefaultRuntime is the name of the runtime that the workers of the core serve.
const DefaultRuntime = "default"

// Runtime is a named group of workers on which cases execute.
type Runtime struct {
	UUID      string    `json:"uuid" gorm:"primaryKey"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}
