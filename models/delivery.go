package models

import "time"

// DeliveryState says how far a delivery has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // to be sent, or to be sent again
	DeliveryDelivered DeliveryState = "delivered" // the receiver answered 2xx
	DeliveryFailed    DeliveryState = "failed"    // given up: retries used up, refused for good, or webhook gone
)

// Delivery is one event for one webhook. Its id is stable over retries and redeliveries.
type Delivery struct {
	ID            string        `json:"id" gorm:"primaryKey" doc:"UUIDv7; sent as X-Bellwether-Delivery"`
	WorkspaceKey  string        `json:"workspace_key"`
	WebhookUID    string        `json:"webhook_uid"`
	EventID       string        `json:"event_id"`
	EventType     string        `json:"event_type"`
	RunID         string        `json:"run_id,omitempty"`
	State         DeliveryState `json:"state" enum:"pending,delivered,failed"`
	Attempts      int           `json:"attempts" doc:"Sends that reached an outcome"`
	LastError     string        `json:"last_error,omitempty"`
	NextAttemptAt *time.Time    `json:"next_attempt_at,omitempty"`
	// ClaimedUntil keeps a second worker from sending while one is at it.
	ClaimedUntil *time.Time `json:"-"`
	CreatedAt    time.Time  `json:"created_at"`
	FinishedAt   *time.Time `json:"finished_at,omitempty"`
}

// ErrorClass says what kept an attempt from succeeding.
type ErrorClass string

// The classes of failed attempts.
const (
	ClassNone     ErrorClass = ""
	ClassDNS      ErrorClass = "dns"      // the host's name does not resolve
	ClassConnect  ErrorClass = "connect"  // nothing answers at that address
	ClassTLS      ErrorClass = "tls"      // handshake or certificate
	ClassTimeout  ErrorClass = "timeout"  // not done within the time limit
	ClassNetwork  ErrorClass = "network"  // the connection broke
	ClassResponse ErrorClass = "response" // an answer that is not HTTP
	ClassRedirect ErrorClass = "redirect" // 3xx: redirects are not followed
	ClassStatus   ErrorClass = "status"   // any other status that is not 2xx
	ClassPolicy   ErrorClass = "policy"   // the address or the URL may not be sent to
)

// Attempt is one HTTP send of a delivery.
type Attempt struct {
	DeliveryID      string      `json:"delivery_id" gorm:"primaryKey"`
	Number          int         `json:"number" gorm:"primaryKey;autoIncrement:false" doc:"From 1"`
	StartedAt       time.Time   `json:"started_at"`
	DurationMS      int64       `json:"duration_ms"`
	Status          int         `json:"status,omitempty" doc:"HTTP status; 0 without a response"`
	ErrorClass      ErrorClass  `json:"error_class,omitempty"`
	Error           string      `json:"error,omitempty" doc:"The cause and its mend, in plain words"`
	Timings         Timings     `json:"timings" gorm:"serializer:json"`
	RequestHeaders  []NameValue `json:"request_headers,omitempty" gorm:"serializer:json" doc:"Left out of lists"`
	RequestBody     string      `json:"request_body,omitempty" doc:"Left out of lists"`
	ResponseHeaders []NameValue `json:"response_headers,omitempty" gorm:"serializer:json" doc:"Left out of lists"`
	ResponseBody    string      `json:"response_body,omitempty" doc:"The first 64 KiB; left out of lists"`
	NextAttemptAt   *time.Time  `json:"next_attempt_at,omitempty"`
}
