// Package webhook sends one signed POST to one receiver and says what came of it.
//
// It knows no database and no workflow: a Sender turns a Request into a Result, and a Schedule says
// whether and when to try again. A receiver that cannot be reached is a Result, never a Go error.
// Nothing in a Result names an address that was dialled, the URL or the secret, so that a Result may
// be stored and shown as it is.
//
// NewClient builds the HTTP client for every request that leaves Bellwether on a user's behalf.
package webhook
