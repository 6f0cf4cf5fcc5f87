// Package activities holds what a run does outside of its workflow: it reads and writes the database,
// executes cases and sends deliveries.
//
// Activities take ids and answer with little: nothing large and nothing secret enters the engine's
// history. Each may run more than once for the same input, and a repetition changes nothing. A test
// that failed is a result; an error says that the activity could not do its work.
package activities
